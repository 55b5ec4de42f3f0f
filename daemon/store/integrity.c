/* SPDX-License-Identifier: MIT */
/*
 * What has to be true of runs, turns, chains, the queue and approvals, said
 * once more and independently of the code that sees to it: each as a statement
 * that finds the rows of which it is not. Invariant: they read alone, a range
 * of rows of one table at a time, and everything else of a row by an index; so
 * what one costs is known, however much there is.
 */
#include "daemon/store/integrity.h"

#include <stddef.h>

#include "daemon/store/db.h"

/* Every `look` begins with id and owner, and ends with the range. */
#define LIVE  "('starting', 'running')"
#define RANGE "t.rowid > ? AND t.rowid <= ? AND "
/* As the index event_over has it, to be found by it. */
#define OVER "e.kind IN ('run.ended', 'turn.ended')"

#define RUN	 "SELECT t.rowid, t.id, t.user_id FROM run t WHERE " RANGE
#define TURN	 "SELECT t.rowid, t.id, t.user_id FROM turn t WHERE " RANGE
#define CHAIN	 "SELECT t.rowid, t.id, t.user_id FROM chain t WHERE " RANGE
#define QUEUED	 "SELECT t.rowid, t.id, t.user_id FROM queued t WHERE " RANGE
#define APPROVAL "SELECT t.rowid, t.id, t.user_id FROM approval t WHERE " RANGE
/* A link has no id of its own; its turn's is what people know. */
#define LINK                                                      \
	"SELECT t.rowid, c.turn_id, c.user_id FROM chain_link t " \
	"CROSS JOIN chain c ON c.id = t.chain_id WHERE " RANGE

static const char sql_run_page[] =
    "SELECT rowid FROM run WHERE rowid > ? ORDER BY rowid LIMIT 1 OFFSET ?";
static const char sql_turn_page[] =
    "SELECT rowid FROM turn WHERE rowid > ? ORDER BY rowid LIMIT 1 OFFSET ?";
static const char sql_chain_page[] =
    "SELECT rowid FROM chain WHERE rowid > ? ORDER BY rowid LIMIT 1 OFFSET ?";
static const char sql_link_page[] =
    "SELECT rowid FROM chain_link WHERE rowid > ? "
    "ORDER BY rowid LIMIT 1 OFFSET ?";
static const char sql_queued_page[] =
    "SELECT rowid FROM queued WHERE rowid > ? ORDER BY rowid LIMIT 1 OFFSET ?";
static const char sql_approval_page[] =
    "SELECT rowid FROM approval WHERE rowid > ? "
    "ORDER BY rowid LIMIT 1 OFFSET ?";

/* Of a run: one end, told once, as the row has it. */
static const char sql_run_end[] =
    RUN "((t.state IN " LIVE ") <> (t.ended_at IS NULL) OR (t.state IN " LIVE
	" AND (t.exit_code IS NOT NULL OR t.signal IS NOT NULL)))";
static const char sql_run_twice[] = RUN
    "(SELECT count(*) FROM event e WHERE e.subject = t.id AND " OVER ") > 1";
static const char sql_run_told[] =
    RUN "EXISTS (SELECT 1 FROM event e WHERE e.subject = t.id AND " OVER
	" AND json_extract(e.body, '$.state') IS NOT t.state)";
static const char sql_run_known[] = RUN "t.state IN " LIVE;
static const char sql_run_after[] =
    RUN "t.state IN " LIVE " AND EXISTS (SELECT 1 FROM run_repo p "
	"WHERE p.run_id = t.id AND p.after_head IS NOT NULL)";

/* Of a turn: it runs as long as its run and its chain, and alone. */
static const char sql_turn_end[] =
    TURN "(t.state IN ('waiting', 'running')) <> (t.ended_at IS NULL)";
static const char sql_turn_run[] =
    TURN "t.state = 'running' AND NOT EXISTS (SELECT 1 FROM run r "
	 "WHERE r.id = t.run_id AND r.state IN " LIVE ")";
static const char sql_turn_chain[] =
    TURN "NOT EXISTS (SELECT 1 FROM chain c WHERE c.turn_id = t.id AND "
	 "(c.state = 'running' OR t.state NOT IN ('waiting', 'running')))";
static const char sql_turn_two[] =
    TURN "t.state = 'running' AND EXISTS (SELECT 1 FROM turn o "
	 "WHERE o.workspace_id = t.workspace_id AND o.state = 'running' "
	 "AND o.rowid < t.rowid)";
static const char sql_turn_twice[] = TURN
    "(SELECT count(*) FROM event e WHERE e.subject = t.id AND " OVER ") > 1";

static const char sql_chain_end[] =
    CHAIN "(t.state = 'running') <> (t.ended_at IS NULL)";
static const char sql_chain_turn[] =
    CHAIN "NOT EXISTS (SELECT 1 FROM turn u WHERE u.id = t.turn_id "
	  "AND u.session_id = t.session_id AND u.workspace_id = t.workspace_id "
	  "AND u.user_id = t.user_id)";
static const char sql_chain_links[] =
    CHAIN "(SELECT count(*) = max(l.place) + 1 AND sum(l.kind = 'agent') = 1 "
	  "FROM chain_link l WHERE l.chain_id = t.id) IS NOT 1";

/* Of a link: it agrees with its chain, its run and, an agent's, its turn. */
static const char sql_link_chain[] =
    LINK "c.state <> 'running' AND (t.state = 'waiting' "
	 "OR (t.state = 'running' AND t.beside = 0))";
static const char sql_link_run[] =
    LINK "t.state = 'running' AND t.kind <> 'commit' AND NOT EXISTS (SELECT 1 "
	 "FROM run r WHERE r.id = t.run_id AND r.state IN " LIVE
	 " AND r.session_id = c.session_id AND r.reason = t.kind)";
static const char sql_link_over[] = LINK
    "t.run_id IS NOT NULL AND (t.state = 'waiting' OR (t.state <> 'running' "
    "AND EXISTS (SELECT 1 FROM run r WHERE r.id = t.run_id "
    "AND r.state IN " LIVE ")))";
static const char sql_link_agrees[] = LINK
    "t.kind IN ('setup', 'cleanup') AND t.state IN ('completed', 'failed', "
    "'killed', 'lost') AND t.run_id IS NOT NULL AND NOT EXISTS (SELECT 1 "
    "FROM run r WHERE r.id = t.run_id "
    "AND (r.state = 'completed') = (t.state = 'completed'))";
static const char sql_link_turn[] =
    LINK "t.kind = 'agent' AND NOT EXISTS (SELECT 1 FROM turn u "
	 "WHERE u.id = c.turn_id AND u.run_id IS t.run_id "
	 "AND (t.run_id IS NULL OR u.state = t.state))";
static const char sql_link_order[] =
    LINK "t.beside = 0 AND t.state NOT IN ('waiting', 'skipped') AND EXISTS "
	 "(SELECT 1 FROM chain_link o WHERE o.chain_id = t.chain_id "
	 "AND o.place < t.place AND o.state = 'waiting')";
/* What a run may be taken back to, and what has come of it. */
static const char sql_link_before[] =
    LINK "t.run_id IS NOT NULL AND (SELECT count(*) FROM run_repo p "
	 "WHERE p.run_id = t.run_id) <> (SELECT count(*) FROM workspace_repo w "
	 "WHERE w.workspace_id = t.workspace_id)";
static const char sql_link_after[] =
    LINK "t.state = 'completed' AND EXISTS (SELECT 1 FROM run_repo p "
	 "WHERE p.run_id = t.run_id AND p.before_head IS NOT NULL "
	 "AND p.after_head IS NULL)";

/* Of a message: one turn of its own conversation, in the order of all. */
static const char sql_queued_taken[] =
    QUEUED "((t.state = 'taken') <> (t.turn_id IS NOT NULL) "
	   "OR (t.turn_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM turn u "
	   "WHERE u.id = t.turn_id AND u.session_id = t.session_id "
	   "AND u.prompt = t.prompt)))";
static const char sql_queued_once[] =
    QUEUED "t.turn_id IS NOT NULL AND EXISTS (SELECT 1 FROM queued o "
	   "WHERE o.turn_id = t.turn_id AND o.rowid < t.rowid)";
static const char sql_queued_order[] =
    QUEUED "t.state = 'taken' AND EXISTS (SELECT 1 FROM queued o "
	   "WHERE o.session_id = t.session_id AND o.state = 'waiting' "
	   "AND o.place < t.place)";
static const char sql_queued_turns[] = QUEUED
    "t.state = 'taken' AND (SELECT v.rowid FROM queued o "
    "CROSS JOIN turn v ON v.id = o.turn_id WHERE o.session_id = t.session_id "
    "AND o.state = 'taken' AND o.place < t.place ORDER BY o.place DESC LIMIT 1)"
    " > (SELECT v.rowid FROM turn v WHERE v.id = t.turn_id)";

/* Of an approval: one decision, told once, while its run can take it. */
static const char sql_approval_state[] =
    APPROVAL "((t.state = 'pending') <> (t.decided_at IS NULL) "
	     "OR (t.state = 'pending' AND t.decided_user IS NOT NULL))";
static const char sql_approval_once[] = APPROVAL
    "(SELECT count(*) FROM approval_attempt d WHERE d.approval_id = t.id "
    "AND d.outcome = 'decided') > (t.state IN ('approved', 'denied', "
    "'answered', 'lapsed'))";
static const char sql_approval_told[] =
    APPROVAL "t.state = 'pending' AND t.delivered_at IS NOT NULL";
static const char sql_approval_open[] =
    APPROVAL "(t.state = 'pending' OR (t.state IN ('approved', 'answered') "
	     "AND t.delivered_at IS NULL)) AND NOT EXISTS (SELECT 1 FROM run r "
	     "WHERE r.id = t.run_id AND r.state IN " LIVE ")";
/* They are looked at once a minute at the latest. */
static const char sql_approval_due[] = APPROVAL
    "t.state = 'pending' AND t.deadline_at < "
    "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) - 180000";

#define CHECK(name, table, page, sql, what)         \
	{                                           \
		name, table, what, false, page, sql \
	}

const struct store_check store_checks[] = {
	CHECK("run-end", "run", sql_run_page, sql_run_end,
	    "its state and how it ended do not agree"),
	CHECK("run-ended-twice", "run", sql_run_page, sql_run_twice,
	    "its end was told more than once"),
	CHECK("run-told", "run", sql_run_page, sql_run_told,
	    "it was told to have ended in another state than it is in"),
	{ "run-unknown", "run", "it is under way, and rdvd knows nothing of it",
	    true, sql_run_page, sql_run_known },
	CHECK("run-after-head", "run", sql_run_page, sql_run_after,
	    "where it left a repository is known before it has ended"),
	CHECK("turn-end", "turn", sql_turn_page, sql_turn_end,
	    "its state and when it ended do not agree"),
	CHECK("turn-without-run", "turn", sql_turn_page, sql_turn_run,
	    "it runs, and no run of it is under way"),
	CHECK("turn-without-chain", "turn", sql_turn_page, sql_turn_chain,
	    "it is to go on, and nothing sees to that"),
	CHECK("turn-two", "turn", sql_turn_page, sql_turn_two,
	    "another turn runs in its workspace"),
	CHECK("turn-ended-twice", "turn", sql_turn_page, sql_turn_twice,
	    "its end was told more than once"),
	CHECK("chain-end", "chain", sql_chain_page, sql_chain_end,
	    "its state and when it ended do not agree"),
	CHECK("chain-turn", "chain", sql_chain_page, sql_chain_turn,
	    "it has no turn, or one of another conversation"),
	CHECK("chain-links", "chain", sql_chain_page, sql_chain_links,
	    "a link is missing, or there is not one agent in it"),
	CHECK("link-open", "chain_link", sql_link_page, sql_link_chain,
	    "a link is to go on in a chain that is over"),
	CHECK("link-without-run", "chain_link", sql_link_page, sql_link_run,
	    "a link runs, and no run of it is under way"),
	CHECK("link-run-goes-on", "chain_link", sql_link_page, sql_link_over,
	    "a link does not run, and its run does"),
	CHECK("link-run-differs", "chain_link", sql_link_page, sql_link_agrees,
	    "a link says otherwise than its run how it went"),
	CHECK("link-turn", "chain_link", sql_link_page, sql_link_turn,
	    "the link of its agent says otherwise than the turn"),
	CHECK("link-order", "chain_link", sql_link_page, sql_link_order,
	    "a link was begun before one that comes first"),
	CHECK("run-before-head", "chain_link", sql_link_page, sql_link_before,
	    "where a run of it began is not known for each repository"),
	CHECK("run-no-after-head", "chain_link", sql_link_page, sql_link_after,
	    "where a run of it left a repository is not known"),
	CHECK("queue-taken", "queued", sql_queued_page, sql_queued_taken,
	    "it was taken, and its turn is not there or another one"),
	CHECK("queue-twice", "queued", sql_queued_page, sql_queued_once,
	    "its turn was made of another message as well"),
	CHECK("queue-passed", "queued", sql_queued_page, sql_queued_order,
	    "it was taken before one that came first and waits"),
	CHECK("queue-order", "queued", sql_queued_page, sql_queued_turns,
	    "its turn came before that of a message that came first"),
	CHECK("approval-state", "approval", sql_approval_page,
	    sql_approval_state, "its state and when it ended do not agree"),
	CHECK("approval-decided", "approval", sql_approval_page,
	    sql_approval_once, "it was decided more often than it shows"),
	CHECK("approval-told", "approval", sql_approval_page, sql_approval_told,
	    "it was told before it was decided"),
	CHECK("approval-open", "approval", sql_approval_page, sql_approval_open,
	    "it waits for a run that is over"),
	CHECK("approval-late", "approval", sql_approval_page, sql_approval_due,
	    "its time is over, and it waits"),
	{ .name = NULL },
};

static bool
integrity_upto_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

int
store_check_page(struct db *db, const struct store_check *c, int64_t after,
    int64_t rows, int64_t *upto)
{
	*upto = INT64_MAX;
	return db_query(db, c->page, integrity_upto_cb, upto, "ii", after,
	    rows - 1);
}

struct finding {
	store_finding_fn *cb;
	void *arg;
};

static bool
integrity_found_cb(struct row *row, void *arg)
{
	const struct finding *f = arg;
	const struct store_finding found = { .rowid = row_int(row, 0),
		.id = row_str(row, 1),
		.user_id = row_str(row, 2) };

	f->cb(&found, f->arg);
	return true;
}

int
store_check_look(struct db *db, const struct store_check *c, int64_t after,
    int64_t upto, store_finding_fn *cb, void *arg)
{
	struct finding f = { cb, arg };

	return db_query(db, c->look, integrity_found_cb, &f, "ii", after, upto);
}
