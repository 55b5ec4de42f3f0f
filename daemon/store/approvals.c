/* SPDX-License-Identifier: MIT */
/*
 * Rows of `approval` and of the attempts to decide them. That a row is decided
 * once is said here, by the WHERE of each change, whatever the rules above
 * believe; and what was decided is never written over.
 */
#include "daemon/store/approvals.h"

#include <stddef.h>

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                             \
	"id, user_id, session_id, run_id, kind, key, tool, command, "       \
	"argv_json, input_json, cwd, env_json, profile, digest, asked_by, " \
	"state, reason, answers_json, decided_user, decided_token, "        \
	"decided_via, decided_at, delivered_at, deadline_at, repeats, "     \
	"created_at"
#define OPEN                     \
	"(state = 'pending' OR " \
	"(state IN ('approved', 'answered') AND delivered_at IS NULL))"

static const char sql_insert[] =
    "INSERT INTO approval (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_end[] =
    "UPDATE approval SET state = ?, reason = ?, answers_json = ?, "
    "decided_user = ?, decided_token = ?, decided_via = ?, decided_at = ?, "
    "delivered_at = ? WHERE id = ? AND state = 'pending'";
static const char sql_delivered[] =
    "UPDATE approval SET delivered_at = ? WHERE id = ?";
static const char sql_lapse[] =
    "UPDATE approval SET state = 'lapsed', decided_at = "
    "coalesce(decided_at, ?) WHERE id = ? AND " OPEN;
static const char sql_repeat[] =
    "UPDATE approval SET repeats = repeats + 1, tool = ?, decided_at = ? "
    "WHERE run_id = ? AND key = ''";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM approval WHERE id = ? AND user_id = ?";
static const char sql_by_key[] =
    "SELECT " COLUMNS " FROM approval WHERE run_id = ? AND key = ?";
static const char sql_in_state[] =
    "SELECT " COLUMNS " FROM approval WHERE user_id = ? AND state = ? AND "
    "(? IS NULL OR session_id = ?) AND (? IS NULL OR run_id = ?) AND "
    "(? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?";
static const char sql_decided[] =
    "SELECT " COLUMNS " FROM approval WHERE user_id = ? AND "
    "state <> 'pending' AND (? IS NULL OR session_id = ?) AND "
    "(? IS NULL OR run_id = ?) AND (? IS NULL OR id < ?) "
    "ORDER BY id DESC LIMIT ?";
static const char sql_open[] = "SELECT " COLUMNS " FROM approval WHERE " OPEN;
static const char sql_open_of[] =
    "SELECT " COLUMNS " FROM approval WHERE run_id = ? AND " OPEN;
static const char sql_due[] =
    "SELECT " COLUMNS " FROM approval WHERE state = 'pending' AND "
    "deadline_at <= ? ORDER BY deadline_at LIMIT 1000";
static const char sql_next[] =
    "SELECT min(deadline_at) FROM approval WHERE state = 'pending'";
static const char sql_count[] =
    "SELECT (SELECT count(*) FROM approval WHERE user_id = ? AND "
    "state = 'pending'), (SELECT count(*) FROM approval WHERE run_id = ? AND "
    "state = 'pending'), (SELECT count(*) FROM approval WHERE run_id = ?)";
static const char sql_tries[] =
    "SELECT count(*) FROM approval_attempt WHERE approval_id = ?";
static const char sql_attempt[] =
    "INSERT INTO approval_attempt (approval_id, number, user_id, token_id, "
    "via, verdict, outcome, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_attempts[] =
    "SELECT approval_id, number, user_id, token_id, via, verdict, outcome, "
    "created_at FROM approval_attempt WHERE approval_id = ? ORDER BY number";

struct each {
	store_approval_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_approval *out;
	bool found;
};

/* Its texts are the first columns, in their order; numbers follow. */
static const size_t texts[] = {
	offsetof(struct store_approval, id),
	offsetof(struct store_approval, user_id),
	offsetof(struct store_approval, session_id),
	offsetof(struct store_approval, run_id),
	offsetof(struct store_approval, kind),
	offsetof(struct store_approval, key),
	offsetof(struct store_approval, tool),
	offsetof(struct store_approval, command),
	offsetof(struct store_approval, argv_json),
	offsetof(struct store_approval, input_json),
	offsetof(struct store_approval, cwd),
	offsetof(struct store_approval, env_json),
	offsetof(struct store_approval, profile),
	offsetof(struct store_approval, digest),
	offsetof(struct store_approval, asked_by),
	offsetof(struct store_approval, state),
	offsetof(struct store_approval, reason),
	offsetof(struct store_approval, answers_json),
	offsetof(struct store_approval, decided_user),
	offsetof(struct store_approval, decided_token),
	offsetof(struct store_approval, decided_via),
};
#define TEXTS ((int)(sizeof(texts) / sizeof(texts[0])))

static const char **
text_of(struct store_approval *p, int i)
{
	return (const char **)(void *)((char *)p + texts[i]);
}

/* Texts are SQLite's own and last until the next step. */
static struct store_approval
approval_row(struct row *row)
{
	struct store_approval p = {
		.decided_at = row_int_or(row, TEXTS, -1),
		.delivered_at = row_int_or(row, TEXTS + 1, -1),
		.deadline_at = row_int(row, TEXTS + 2),
		.repeats = row_int(row, TEXTS + 3),
		.created_at = row_int(row, TEXTS + 4),
	};

	for (int i = 0; i < TEXTS; i++)
		*text_of(&p, i) = row_str(row, i);
	return p;
}

static bool
approvals_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_approval p = approval_row(row);

	return e->cb(&p, e->arg);
}

static bool
approvals_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_approval p = approval_row(row);

	for (int i = 0; i < TEXTS; i++) {
		const char **s = text_of(&p, i);

		if (*s != NULL)
			*s = arena_strdup(c->arena, *s);
	}
	*c->out = p;
	c->found = true;
	return false;
}

int
store_approval_insert(struct tx *tx, const struct store_approval *p)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssssssssssssssssnniii",
	    p->id, p->user_id, p->session_id, p->run_id, p->kind, p->key,
	    p->tool, p->command, p->argv_json, p->input_json, p->cwd,
	    p->env_json, p->profile, p->digest, p->asked_by, p->state,
	    p->reason, p->answers_json, p->decided_user, p->decided_token,
	    p->decided_via, p->decided_at, p->delivered_at, p->deadline_at,
	    p->repeats, p->created_at));
}

int
store_approval_end(struct tx *tx, const struct store_approval *p)
{
	return tx_wrote_one(tx_exec(tx, sql_end, "ssssssnns", p->state,
				p->reason, p->answers_json, p->decided_user,
				p->decided_token, p->decided_via, p->decided_at,
				p->delivered_at, p->id),
	    RDV_E_STATE);
}

int
store_approval_delivered(struct tx *tx, const char *id, int64_t at)
{
	return tx_wrote_one(tx_exec(tx, sql_delivered, "ns", at, id),
	    RDV_E_NOT_FOUND);
}

int
store_approval_lapse(struct tx *tx, const char *id, int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_lapse, "is", now, id), RDV_E_STATE);
}

int
store_approval_repeat(struct tx *tx, const char *run_id, const char *tool,
    int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_repeat, "sis", tool, now, run_id),
	    RDV_E_NOT_FOUND);
}

int
store_approval_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_approval *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_get, approvals_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_approval_by_key(struct db *db, struct arena *a, const char *run_id,
    const char *key, struct store_approval *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_by_key, approvals_copy_cb, &c, "ss", run_id, key);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_approvals_list(struct db *db, const struct store_approval_filter *f,
    store_approval_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	if (f->state != NULL)
		return db_query(db, sql_in_state, approvals_each_cb, &e,
		    "ssssssssi", f->user_id, f->state, f->session_id,
		    f->session_id, f->run_id, f->run_id, f->before, f->before,
		    f->limit);
	return db_query(db, sql_decided, approvals_each_cb, &e, "sssssssi",
	    f->user_id, f->session_id, f->session_id, f->run_id, f->run_id,
	    f->before, f->before, f->limit);
}

int
store_approvals_open(struct db *db, store_approval_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_open, approvals_each_cb, &e, "");
}

int
store_approvals_open_of(struct db *db, const char *run_id,
    store_approval_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_open_of, approvals_each_cb, &e, "s", run_id);
}

int
store_approvals_due(struct db *db, int64_t now, store_approval_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_due, approvals_each_cb, &e, "i", now);
}

static bool
approvals_next_cb(struct row *row, void *arg)
{
	int64_t *deadline = arg;

	*deadline = row_int_or(row, 0, -1);
	return false;
}

int
store_approvals_next(struct db *db, int64_t *deadline)
{
	*deadline = -1;
	return db_query(db, sql_next, approvals_next_cb, deadline, "");
}

static bool
approvals_count_cb(struct row *row, void *arg)
{
	struct store_approval_counts *c = arg;

	c->user_pending = row_int(row, 0);
	c->run_pending = row_int(row, 1);
	c->run_all = row_int(row, 2);
	return false;
}

int
store_approvals_count(struct db *db, const char *user_id, const char *run_id,
    struct store_approval_counts *out)
{
	*out = (struct store_approval_counts){ 0 };
	return db_query(db, sql_count, approvals_count_cb, out, "sss", user_id,
	    run_id, run_id);
}

static bool
attempts_count_cb(struct row *row, void *arg)
{
	int64_t *n = arg;

	*n = row_int(row, 0);
	return false;
}

int
store_attempt_insert(struct tx *tx, const struct store_attempt *t, int64_t most)
{
	int64_t count = 0;
	long n = db_query(tx_db(tx), sql_tries, attempts_count_cb, &count, "s",
	    t->approval_id);

	if (n == 0 && count < most)
		n = tx_exec(tx, sql_attempt, "sisssssi", t->approval_id,
		    count + 1, t->user_id, t->token_id, t->via, t->verdict,
		    t->outcome, t->created_at);
	return tx_wrote(n);
}

struct attempts {
	store_attempt_fn *cb;
	void *arg;
};

static bool
attempts_each_cb(struct row *row, void *arg)
{
	const struct attempts *e = arg;
	struct store_attempt t = {
		.approval_id = row_str(row, 0),
		.number = row_int(row, 1),
		.user_id = row_str(row, 2),
		.token_id = row_str(row, 3),
		.via = row_str(row, 4),
		.verdict = row_str(row, 5),
		.outcome = row_str(row, 6),
		.created_at = row_int(row, 7),
	};

	return e->cb(&t, e->arg);
}

int
store_attempts_of(struct db *db, const char *approval_id, store_attempt_fn *cb,
    void *arg)
{
	struct attempts e = { cb, arg };

	return db_query(db, sql_attempts, attempts_each_cb, &e, "s",
	    approval_id);
}
