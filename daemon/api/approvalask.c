/* SPDX-License-Identifier: MIT */
/*
 * A program of a session asks its owner, and the request is answered when that
 * is decided. Invariant: leave is the answer of one request and of no other:
 * "granted" is true once, in the answer that the row says was given. Who waited
 * in vain asks again with the same key.
 */
#include "daemon/core/approval.h"

#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/approval.h"
#include "daemon/app.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"

#define WAIT_MS	    30000
#define WAIT_MAX_MS 3600000
#define PAIRS_MAX   64
#define WORDS_MAX   256

struct ask_in {
	uint64_t set;
	const char *key, *kind, *tool, *command, *input, *cwd, *run_id;
	const char **argv, **environment;
	int64_t wait_ms, timeout_ms;
};

#define FIELD(n, k, member, ...)                                       \
	{                                                              \
		.name = n, .kind = k,                                  \
		.offset = offsetof(struct ask_in, member), __VA_ARGS__ \
	}

enum { KEY, KIND, TOOL, COMMAND, ARGV, INPUT, CWD, ENV, RUN, WAIT, TIMEOUT };

static const struct js_field ask_fields[] = {
	[KEY] = FIELD("key", JS_TEXT, key, .required = true, .min = 1,
	    .max = APPROVAL_KEY,
	    .help = "the asker's own id of it, once in its run"),
	[KIND] = FIELD("kind", JS_ONE_OF, kind, .words = "tool|question|plan",
	    .help = "default tool"),
	[TOOL] = FIELD("tool", JS_TEXT, tool, .required = true, .min = 1,
	    .max = APPROVAL_TOOL, .help = "what is to be used, by its name"),
	[COMMAND] = FIELD("command", JS_TEXT, command, .min = 1,
	    .max = APPROVAL_COMMAND, .help = "text for a shell"),
	[ARGV] = FIELD("argv", JS_TEXTS, argv, .min = 1, .max = WORDS_MAX,
	    .help = "or a program with its arguments"),
	[INPUT] =
	    FIELD("input", JS_JSON, input, .min = 2, .max = APPROVAL_INPUT,
		.help = "the tool's arguments; of a question {questions: "
			"[{question, options: [{label}]}]}"),
	[CWD] = FIELD("cwd", JS_TEXT, cwd, .min = 1, .max = 4095,
	    .help = "default: where the run was started"),
	[ENV] = FIELD("environment", JS_PAIRS, environment, .max = PAIRS_MAX,
	    .help = "what it would have beside the run's"),
	[RUN] = FIELD("run_id", JS_TEXT, run_id, .min = 1, .max = 36,
	    .help = "default: the session's newest"),
	[WAIT] = FIELD("wait_ms", JS_INT, wait_ms, .min = 0, .max = WAIT_MAX_MS,
	    .help = "how long the request waits; default 30000"),
	[TIMEOUT] = FIELD("timeout_ms", JS_INT, timeout_ms, .min = 1000,
	    .max = 31536000000,
	    .help = "how long it can be decided; default "
		    "approvals.timeout_minutes"),
	{ .name = NULL },
};

struct withdraw_in {
	uint64_t set;
	const char *key, *run_id;
};

static const struct js_field withdraw_fields[] = {
	{ .name = "key",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct withdraw_in, key),
	    .required = true,
	    .min = 1,
	    .max = APPROVAL_KEY,
	    .help = "as it was asked" },
	{ .name = "run_id",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct withdraw_in, run_id),
	    .min = 1,
	    .max = 36,
	    .help = "default: the session's newest" },
	{ .name = NULL },
};

struct asking {
	struct api_call *c;
	struct approval_wait *wait;
	struct auth_watch *watch;
	struct loop_timer *timer;
};

static void
ask_end(struct asking *k)
{
	auth_unwatch(k->watch);
	loop_timer_free(k->timer);
	k->watch = NULL;
	k->timer = NULL;
}

static struct js *
told_json(const struct approval_told *told, bool granted)
{
	struct js *o = js_object();

	js_add_str(o, "id", told->id);
	js_add_str(o, "state", told->state);
	js_add_bool(o, "granted", granted);
	js_add_str(o, "reason", told->reason);
	js_add_json(o, "answers", told->answers_json);
	js_add_str(o, "via", told->via);
	return o;
}

static void
ask_told_cb(int err, const struct approval_told *told, const char *why,
    void *arg)
{
	struct asking *k = arg;

	ask_end(k);
	if (err != 0)
		api_fail(k->c, err, why);
	else if (told->again)
		api_fail_code(k->c, 409, "ALREADY_TOLD",
		    "the outcome of this key was told before; it is no leave "
		    "for another time: ask with a new key",
		    told_json(told, false));
	else
		api_reply(k->c, 200,
		    told_json(told, strcmp(told->state, "approved") == 0));
}

static void
ask_leave(struct asking *k)
{
	approval_leave(k->c->app->approvals, k->wait);
	ask_end(k);
}

static void
ask_late_cb(void *arg)
{
	struct asking *k = arg;
	const struct approval_told told = { .id = arena_strdup(k->c->req->arena,
						approval_wait_id(k->wait)),
		.state = "pending" };

	ask_leave(k);
	api_reply(k->c, 200, told_json(&told, false));
}

/* Nobody is told that it was asked before that is durable. */
static void
ask_asked_cb(const char *id, void *arg)
{
	struct asking *k = arg;
	const struct ask_in *in = k->c->in;

	(void)id;
	loop_timer_set(k->timer, JS_SET(in, WAIT) ? in->wait_ms : WAIT_MS);
}

static void
ask_gone_cb(void *arg)
{
	struct asking *k = arg;

	ask_leave(k);
	api_fail(k->c, RDV_E_STATE, "the client has left");
}

static void
ask_revoked_cb(void *arg)
{
	struct asking *k = arg;

	ask_leave(k);
	api_fail_code(k->c, 401, "INVALID_TOKEN",
	    "the credential has ended meanwhile", NULL);
}

struct newest {
	struct arena *arena;
	const char *run_id;
};

static bool
ask_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct newest *n = arg;

	(void)s;
	n->run_id = r != NULL ? arena_strdup(n->arena, r->id) : NULL;
	return false;
}

/* The run that asks, which is one of the session in the path. */
static int
run_of(struct api_call *c, const char *wanted, struct store_run *run,
    const char **why)
{
	struct newest n = { c->req->arena, NULL };
	const bool by_door = c->req->door[0] != '\0';
	const char *user = c->actor->user_id, *id;
	/* By a door it may be a conversation, and is not asked for its run. */
	int err = by_door ? store_session_any(c->app->db, user, c->params[0],
				ask_session_cb, &n)
			  : store_session_get(c->app->db, user, c->params[0],
				ask_session_cb, &n);

	*why = "there is no such session";
	if (err != 0)
		return err;
	/* By a door nobody speaks for another run than its own. */
	if (by_door && wanted != NULL && strcmp(wanted, c->req->door) != 0) {
		*why = "the session has no such run";
		return RDV_E_NOT_FOUND;
	}
	id = by_door ? c->req->door : wanted != NULL ? wanted : n.run_id;
	if (id == NULL) {
		*why = "nothing runs in the session";
		return RDV_E_STATE;
	}
	err = store_run_get(c->app->db, c->req->arena, user, id, run);
	if (err == 0 && (run->session_id == NULL ||
			    strcmp(run->session_id, c->params[0]) != 0))
		err = RDV_E_NOT_FOUND;
	*why = "the session has no such run";
	return err;
}

/* NAME=value from name, value. */
static const char *const *
environment_of(struct arena *a, const char *const *pairs)
{
	const char **list;
	size_t n = 0;

	if (pairs == NULL)
		return NULL;
	while (pairs[2 * n] != NULL)
		n++;
	list = arena_alloc(a, (n + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] =
		    arena_printf(a, "%s=%s", pairs[2 * i], pairs[2 * i + 1]);
	return list;
}

static struct approval_wish
wish_of(struct api_call *c, const struct store_run *run)
{
	const struct ask_in *in = c->in;

	return (struct approval_wish){
		.user_id = c->actor->user_id,
		.session_id = c->params[0],
		.run_id = run->id,
		.kind = in->kind != NULL ? in->kind : "tool",
		.key = in->key,
		.tool = in->tool,
		.command = in->command,
		.argv = in->argv,
		.input_json = in->input,
		.cwd = in->cwd != NULL	  ? in->cwd
		       : run->cwd != NULL ? run->cwd
					  : "/",
		.env = environment_of(c->req->arena, in->environment),
		.profile = run->profile,
		.asked_by = c->actor->token_id,
		.timeout_ms = in->timeout_ms,
	};
}

static void
approvals_ask(struct api_call *c)
{
	const struct ask_in *in = c->in;
	struct asking *k = arena_alloc(c->req->arena, sizeof(*k));
	struct approval_wish wish;
	const char *why = NULL;
	struct store_run run;
	int err = run_of(c, in->run_id, &run, &why);

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	k->c = c;
	wish = wish_of(c, &run);
	err = approval_ask(c->app->approvals, &wish,
	    &(struct approval_waiter){ ask_told_cb, ask_asked_cb, k }, &k->wait,
	    &why);
	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	k->timer = loop_timer_new(c->app->loop, ask_late_cb, k);
	k->watch = auth_on_revoke(c->app->auth, c->actor, ask_revoked_cb, k);
	c->req->gone = ask_gone_cb;
	c->req->gone_arg = k;
}

/* What a turn of the loop writes is durable as one, and then it is said. */
static void
approvals_withdraw(struct api_call *c)
{
	const struct withdraw_in *in = c->in;
	const char *why = NULL;
	struct store_run run;
	int err = run_of(c, in->run_id, &run, &why);

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	approval_withdraw(c->app->approvals, run.id, in->key);
	api_commit(c, tx_begin(c->app->db), 204, NULL);
}

const struct api_route api_routes_approvalask[] = {
	{ HTTP_M_POST, "/api/sessions/{id}/approvals", SCOPE_RUN,
	    .of = API_OF_SESSION, .door = true, .body = ask_fields,
	    .in_size = sizeof(struct ask_in), .body_max = 2 << 20,
	    .handler = approvals_ask, .unclaimed = true, .success = 200,
	    .doc = "A program of the session asks for leave and waits; the "
		   "same key and wish is the same approval, so its "
		   "Idempotency-Key is not looked at" },
	{ HTTP_M_POST, "/api/sessions/{id}/approvals/withdraw", SCOPE_RUN,
	    .of = API_OF_SESSION, .door = true, .body = withdraw_fields,
	    .in_size = sizeof(struct withdraw_in), .body_max = 4096,
	    .handler = approvals_withdraw, .atomic = true, .success = 204,
	    .doc = "Who asked wants no answer any more; what was decided "
		   "before stays" },
	{ .pattern = NULL },
};
