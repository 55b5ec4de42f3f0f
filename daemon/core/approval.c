/* SPDX-License-Identifier: MIT */
/*
 * Asking. Invariant: who waits is told once, after that is durable; the row
 * says so before he hears it. So whoever comes again with the same key finds
 * either what is still to be told, which he is, or that it was told, which is
 * no leave for anything.
 */
#include "daemon/core/approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/agenttrust.h"
#include "daemon/core/approvaldigest.h"
#include "daemon/core/approvalrule.h"
#include "daemon/core/approvalstate.h"
#include "daemon/core/push.h"
#include "daemon/core/run.h"
#include "daemon/loop.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define MINUTE_MS 60000LL
#define LIMITED                                                           \
	"the run asks more than it may at once; this was denied without " \
	"being shown"

struct approvals *
approvals_new(struct app *app)
{
	struct approvals *as = xcalloc(1, sizeof(*as));

	as->app = app;
	TAILQ_INIT(&as->waits);
	TAILQ_INIT(&as->askers);
	as->deadline = loop_timer_new(app->loop, approval_deadline_cb, as);
	return as;
}

static void
wait_end(struct approvals *as, struct approval_wait *w, int err,
    const struct approval_told *told, const char *why)
{
	struct approval_waiter who = w->who;

	TAILQ_REMOVE(&as->waits, w, link);
	free(w);
	who.told(err, told, why, who.arg);
}

void
approvals_let_go(struct approvals *as)
{
	struct approval_wait *w;

	while ((w = TAILQ_FIRST(&as->waits)) != NULL)
		wait_end(as, w, RDV_E_UNAVAILABLE, NULL,
		    "rdvd ends; ask again with the same key");
}

/* Runs are gone by then, and with them who would call an asker's function. */
void
approvals_free(struct approvals *as)
{
	struct approval_wait *w;
	struct asker *k;

	if (as == NULL)
		return;
	while ((w = TAILQ_FIRST(&as->waits)) != NULL) {
		TAILQ_REMOVE(&as->waits, w, link);
		free(w);
	}
	while ((k = TAILQ_FIRST(&as->askers)) != NULL) {
		TAILQ_REMOVE(&as->askers, k, link);
		free(k);
	}
	loop_timer_free(as->deadline);
	free(as);
}

struct approval_wait *
approval_waiting(const struct approvals *as, const char *id)
{
	struct approval_wait *w;

	TAILQ_FOREACH (w, &as->waits, link)
		if (strcmp(w->id, id) == 0)
			return w;
	return NULL;
}

const char *
approval_wait_id(const struct approval_wait *w)
{
	return w->id;
}

void
approval_leave(struct approvals *as, struct approval_wait *w)
{
	if (w == NULL)
		return;
	TAILQ_REMOVE(&as->waits, w, link);
	free(w);
}

static void
approval_run_over_cb(int err, void *arg)
{
	struct asker *k = arg;
	struct approvals *as = k->as;

	TAILQ_REMOVE(&as->askers, k, link);
	/* rdvd ends, and the run may not. */
	if (err == 0)
		approval_lapse_run(as, k->run_id);
	free(k);
}

struct asker *
approval_asker(struct approvals *as, const char *run_id)
{
	struct run *run = run_find(as->app->runs, run_id);
	struct asker *k;

	if (run == NULL || run_has_ended(run))
		return NULL;
	TAILQ_FOREACH (k, &as->askers, link)
		if (strcmp(k->run_id, run_id) == 0)
			return k;
	k = xcalloc(1, sizeof(*k));
	k->as = as;
	(void)str_copy(k->run_id, run_id, sizeof(k->run_id));
	bucket_init(&k->asks, APPROVAL_MINUTE, APPROVAL_MINUTE,
	    clock_mono_ms());
	TAILQ_INSERT_TAIL(&as->askers, k, link);
	run_on_end(run, approval_run_over_cb, k);
	return k;
}

struct approval_end *
approval_end_new(struct approvals *as, const struct store_approval *row)
{
	struct approval_end *e = xcalloc(1, sizeof(*e));

	e->as = as;
	e->arena = arena_new();
	(void)str_copy(e->wait_id, row->id, sizeof(e->wait_id));
	e->row = (struct store_approval){
		.id = arena_text(e->arena, row->id),
		.state = arena_text(e->arena, row->state),
		.reason = arena_text(e->arena, row->reason),
		.answers_json = arena_text(e->arena, row->answers_json),
		.decided_via = arena_text(e->arena, row->decided_via),
		.delivered_at = row->delivered_at,
	};
	return e;
}

/* No text of the agent's: what it asks is fetched, and shown with care. */
void
approval_event(struct tx *tx, enum event_kind kind,
    const struct store_approval *row)
{
	struct js *o = js_object();

	js_add_str(o, "id", row->id);
	js_add_str(o, "session_id", row->session_id);
	js_add_str(o, "run_id", row->run_id);
	js_add_str(o, "kind", row->kind);
	js_add_str(o, "state", row->state);
	js_add_ms(o, "deadline_at", row->deadline_at);
	js_add_str(o, "decided_via", row->decided_via);
	js_add_int(o, "repeats", row->repeats);
	event_emit(tx, kind, row->user_id, row->id, o);
}

/* Nobody was there when it became durable: it is still to be told. */
static void
untell(struct approval_end *e)
{
	struct tx *tx = tx_begin(e->as->app->db);

	(void)store_approval_delivered(tx, e->row.id, -1);
	tx_commit(tx, NULL, NULL);
}

/*
 * Whether that this is told stands in the row: else whoever waits has come
 * since, and what he wrote tells him. One that lapsed tells anybody.
 */
static bool
tells(const struct approval_end *e)
{
	return e->row.delivered_at >= 0 || strcmp(e->row.state, "lapsed") == 0;
}

void
approval_ended(int err, void *end)
{
	struct approval_end *e = end;
	struct approval_wait *w;

	if (e == NULL)
		return;
	w = approval_waiting(e->as, e->wait_id);
	if (err != 0 && e->asking && w != NULL) {
		wait_end(e->as, w, err, NULL, "it could not be written down");
	} else if (err == 0 && strcmp(e->row.state, "pending") == 0) {
		if (w != NULL && w->who.asked != NULL)
			w->who.asked(w->id, w->who.arg);
	} else if (err == 0 && tells(e)) {
		const struct approval_told told = { .id = e->row.id,
			.state = e->row.state,
			.reason = e->row.reason,
			.answers_json = e->row.answers_json,
			.via = e->row.decided_via,
			.again = e->again };

		if (w != NULL)
			wait_end(e->as, w, 0, &told, NULL);
		else if (e->row.delivered_at >= 0 && !e->again &&
			 strcmp(e->wait_id, e->row.id) == 0)
			untell(e);
	}
	arena_free(e->arena);
	free(e);
}

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words != NULL; words++)
		if (s != NULL && strcmp(s, *words) == 0)
			return true;
	return false;
}

static bool
fits(const char *s, size_t max)
{
	return s == NULL || (strlen(s) <= max && str_utf8_valid(s, strlen(s)));
}

static bool
list_fits(const char *const *list, size_t max)
{
	size_t bytes = 0;

	for (; list != NULL && *list != NULL; list++) {
		bytes += strlen(*list) + 8;
		if (bytes > max || !fits(*list, max))
			return false;
	}
	return true;
}

/* NULL: it may be asked. Whoever speaks for an agent is not trusted here. */
static const char *
wish_wrong(const struct approval_wish *w)
{
	static const char *const kinds[] = { "tool", "question", "plan", NULL };

	if (!is_one_of(w->kind, kinds))
		return "kind: is none of tool, question and plan";
	if (w->key == NULL || *w->key == '\0' || !fits(w->key, APPROVAL_KEY))
		return "key: is missing, or over 200 bytes";
	if (w->tool == NULL || *w->tool == '\0' ||
	    !fits(w->tool, APPROVAL_TOOL))
		return "tool: is missing, or over 100 bytes";
	/* "Always allow" of that would be trust in what lies there (L01). */
	if (strcmp(w->tool, AGENTTRUST_TOOL) == 0)
		return "tool: " AGENTTRUST_TOOL " is rdv's own and no agent's";
	if (w->command != NULL && w->argv != NULL)
		return "argv: goes not with command; one of them is run";
	if (w->argv != NULL && (*w->argv == NULL || **w->argv == '\0'))
		return "argv: names no program";
	if (!fits(w->command, APPROVAL_COMMAND) ||
	    !list_fits(w->argv, APPROVAL_COMMAND))
		return "command: is over 64 KiB, or no UTF-8";
	if (!fits(w->input_json, APPROVAL_INPUT))
		return "input: is over 1 MiB, or no UTF-8";
	if (!list_fits(w->env, APPROVAL_COMMAND))
		return "environment: is over 64 KiB, or no UTF-8";
	if (w->cwd == NULL || !path_absolute_ok(w->cwd) || !fits(w->cwd, 4095))
		return "cwd: must be an absolute path";
	return NULL;
}

static const char *
list_json(struct arena *a, const char *const *list)
{
	struct js *v;
	const char *text;
	struct buf b;

	if (list == NULL)
		return NULL;
	v = js_array();
	for (; *list != NULL; list++)
		js_push_str(v, *list);
	buf_init(&b, 8 * APPROVAL_COMMAND);
	js_finish(v, &b);
	text = arena_strdup(a, buf_cstr(&b));
	buf_done(&b);
	return text;
}

static struct store_approval
row_of(struct approvals *as, struct arena *a, const struct approval_wish *w,
    const char *digest)
{
	int64_t now = clock_wall_ms();
	int64_t ms = w->timeout_ms > 0
			 ? w->timeout_ms
			 : as->app->conf->approval_minutes * MINUTE_MS;
	char *id = arena_alloc(a, UUID_TEXT);

	uuid_v7(id);
	return (struct store_approval){
		.id = id,
		.user_id = w->user_id,
		.session_id = w->session_id,
		.run_id = w->run_id,
		.kind = w->kind,
		.key = w->key,
		.tool = w->tool,
		.command = w->command,
		.argv_json = list_json(a, w->argv),
		.input_json = w->input_json,
		.cwd = w->cwd,
		.env_json = list_json(a, w->env),
		.profile = w->profile,
		.digest = digest,
		.asked_by = w->asked_by,
		.state = "pending",
		.decided_at = -1,
		.delivered_at = -1,
		.deadline_at = now + ms,
		.created_at = now,
	};
}

/* Without a person: he who waits is told as soon as it is durable. */
static void
settle_at_once(struct store_approval *row, const char *state, const char *via,
    const char *reason)
{
	row->state = state;
	row->reason = reason;
	row->decided_via = via;
	row->decided_at = row->delivered_at = row->created_at;
}

/* Only what runs is decided by rules; what is asked of people, by people. */
static int
judge(struct approvals *as, struct arena *a, const struct approval_wish *w,
    struct store_approval *row)
{
	enum rule_verdict verdict = RULE_NONE;
	struct store_bypass bypass;
	const char *rule = NULL;
	int err;

	if (strcmp(w->kind, "tool") != 0)
		return 0;
	err = rule_judge(as->app->db, a, w, &verdict, &rule);
	if (err == 0 && verdict == RULE_NONE) {
		err = store_bypass_get(as->app->db, a, w->session_id, &bypass);
		if (err == 0)
			settle_at_once(row, "approved", "bypass", NULL);
		if (err == RDV_E_NOT_FOUND)
			err = 0;
	}
	row->decided_token = verdict == RULE_ASK ? NULL : rule;
	if (verdict == RULE_ALLOW)
		settle_at_once(row, "approved", "rule", NULL);
	if (verdict == RULE_DENY)
		settle_at_once(row, "denied", "rule", "a rule denies it");
	return err;
}

static bool
over_bounds(struct approvals *as, struct asker *k,
    const struct store_approval *row, int *err)
{
	struct store_approval_counts n;

	*err =
	    store_approvals_count(as->app->db, row->user_id, row->run_id, &n);
	if (*err != 0 || n.run_all >= APPROVAL_ROWS)
		return true;
	if (strcmp(row->state, "pending") != 0)
		return false;
	return n.run_pending >= APPROVAL_PENDING ||
	       n.user_pending >= APPROVAL_USER ||
	       !bucket_take(&k->asks, clock_mono_ms());
}

/*
 * Abuse K12: one row of a run stands for all of these, and is told of when its
 * number has doubled, so that asking more tires nobody.
 */
static int
put_limited(struct tx *tx, struct arena *a, struct store_approval *row)
{
	int err;

	row->key = "";
	row->command = row->argv_json = row->input_json = row->env_json = NULL;
	row->repeats = 1;
	settle_at_once(row, "denied", "bound", LIMITED);
	err =
	    store_approval_repeat(tx, row->run_id, row->tool, row->created_at);
	if (err == RDV_E_NOT_FOUND)
		err = store_approval_insert(tx, row);
	else if (err == 0)
		err = store_approval_by_key(tx_db(tx), a, row->run_id, "", row);
	if (err == 0 && (row->repeats & (row->repeats - 1)) == 0)
		approval_event(tx, EV_APPROVAL_LIMITED, row);
	return err;
}

static int
put_new(struct approvals *as, struct tx *tx, struct arena *a, struct asker *k,
    struct store_approval *row)
{
	int err = 0;

	if (over_bounds(as, k, row, &err))
		return err != 0 ? err : put_limited(tx, a, row);
	err = store_approval_insert(tx, row);
	if (err == 0 && strcmp(row->state, "pending") != 0) {
		approval_event(tx, EV_APPROVAL_ENDED, row);
	} else if (err == 0) {
		approval_event(tx, EV_APPROVAL_ASKED, row);
		err = push_queue(as->app->pushes, tx, row);
	}
	return err;
}

/* The key was asked before: the same thing, or it is refused (K02). */
static int
come_again(struct tx *tx, const struct approval_wish *w, const char *digest,
    struct store_approval *row, bool *again, const char **why)
{
	if (strcmp(row->digest, digest) != 0 ||
	    strcmp(row->kind, w->kind) != 0 ||
	    strcmp(row->session_id, w->session_id) != 0) {
		*why = "key: was used for something else; what is asked cannot "
		       "be changed";
		return RDV_E_EXISTS;
	}
	if (strcmp(row->state, "pending") == 0)
		return 0;
	*again = row->delivered_at >= 0;
	if (!*again)
		row->delivered_at = clock_wall_ms();
	return store_approval_delivered(tx, row->id, row->delivered_at);
}

static struct approval_wait *
wait_new(struct approvals *as, const char *id,
    const struct approval_waiter *who)
{
	struct approval_wait *old = approval_waiting(as, id), *w;

	if (old != NULL)
		wait_end(as, old, RDV_E_STATE, NULL,
		    "it was asked again, and that one is told");
	w = xcalloc(1, sizeof(*w));
	(void)str_copy(w->id, id, sizeof(w->id));
	w->who = *who;
	TAILQ_INSERT_TAIL(&as->waits, w, link);
	return w;
}

static int
put(struct approvals *as, struct tx *tx, struct arena *a,
    const struct approval_wish *w, struct store_approval *row, bool *again,
    const char **why)
{
	struct asker *k = approval_asker(as, w->run_id);
	char *digest = arena_alloc(a, SHA256_TEXT);
	int err;

	if (k == NULL) {
		*why = "the run is over";
		return RDV_E_STATE;
	}
	approval_digest(w, digest);
	err = store_approval_by_key(as->app->db, a, w->run_id, w->key, row);
	if (err == 0)
		return come_again(tx, w, digest, row, again, why);
	if (err != RDV_E_NOT_FOUND)
		return err;
	*row = row_of(as, a, w, digest);
	err = judge(as, a, w, row);
	return err != 0 ? err : put_new(as, tx, a, k, row);
}

/* Those over the bounds share a row, and each has somebody who waits. */
static struct approval_wait *
wait_for(struct approvals *as, struct approval_end *e,
    const struct approval_waiter *who)
{
	if (e->row.decided_via != NULL &&
	    strcmp(e->row.decided_via, "bound") == 0)
		uuid_v7(e->wait_id);
	e->asking = true;
	return wait_new(as, e->wait_id, who);
}

int
approval_ask(struct approvals *as, const struct approval_wish *wish,
    const struct approval_waiter *who, struct approval_wait **out,
    const char **why)
{
	struct arena *a;
	struct store_approval row;
	struct approval_end *e;
	bool again = false;
	struct tx *tx;
	int err;

	*why = wish_wrong(wish);
	if (*why != NULL)
		return RDV_E_INVALID;
	a = arena_new();
	tx = tx_begin(as->app->db);
	err = put(as, tx, a, wish, &row, &again, why);
	if (err == 0) {
		e = approval_end_new(as, &row);
		e->again = again;
		*out = wait_for(as, e, who);
		tx_commit(tx, approval_ended, e);
		approval_arm(as);
	} else {
		tx_abort(tx);
	}
	arena_free(a);
	return err;
}
