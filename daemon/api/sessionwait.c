/* SPDX-License-Identifier: MIT */
/*
 * Waiting for what a session's program does: the request is answered when it
 * has happened. Invariant: a wait ends with its time, its client, its
 * credential or rdvd, whichever is first, and nothing of it stays behind.
 */
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/term/await.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/pattern.h"
#include "lib/secret.h"

#define TIMEOUT_MS     30000
#define TIMEOUT_MAX_MS 3600000

struct wait_in {
	uint64_t set;
	const char *pattern, *run_id;
	bool glob, prompt, exit;
	int64_t silence_ms, timeout_ms, since;
};

#define FIELD(n, k, member, ...)                                        \
	{                                                               \
		.name = n, .kind = k,                                   \
		.offset = offsetof(struct wait_in, member), __VA_ARGS__ \
	}

enum { PATTERN, GLOB, PROMPT, SILENCE, EXIT, SINCE, RUN_ID, TIMEOUT };

static const struct js_field wait_fields[] = {
	[PATTERN] = FIELD("pattern", JS_TEXT, pattern, .min = 1,
	    .max = PATTERN_MAX, .help = "a text in its output"),
	[GLOB] = FIELD("glob", JS_BOOL, glob,
	    .help = "in which * stands for any characters of a line"),
	[PROMPT] = FIELD("prompt", JS_BOOL, prompt,
	    .help = "its shell says that a prompt is there (OSC 133)"),
	[SILENCE] = FIELD("silence_ms", JS_INT, silence_ms, .min = 10,
	    .max = TIMEOUT_MAX_MS, .help = "no output for so long"),
	[EXIT] = FIELD("exit", JS_BOOL, exit, .help = "the run is over"),
	[SINCE] = FIELD("since", JS_INT, since, .min = 0, .max = INT64_MAX,
	    .help = "byte of the log from which output counts; default its "
		    "end"),
	[RUN_ID] = FIELD("run_id", JS_TEXT, run_id, .min = 1,
	    .max = UUID_TEXT - 1, .help = "the run that `since` is of"),
	[TIMEOUT] = FIELD("timeout_ms", JS_INT, timeout_ms, .min = 0,
	    .max = TIMEOUT_MAX_MS,
	    .help = "default 30000; 0 looks at what there is"),
	{ .name = NULL },
};

struct waiting {
	struct api_call *c;
	const char *run_id;
	struct await *await;
	struct auth_watch *watch;
	bool exit_asked;
};

static struct js *
result_json(const struct waiting *w, const struct await_result *r)
{
	static const char *const names[] = {
		[AWAIT_TEXT] = "text",
		[AWAIT_PROMPT] = "prompt",
		[AWAIT_SILENCE] = "silence",
		[AWAIT_EXIT] = "exit",
		[AWAIT_TIMEOUT] = "timeout",
	};
	char mark[2] = { r->mark, '\0' };
	struct js *o = js_object();

	js_add_bool(o, "matched",
	    r->event == AWAIT_EXIT ? w->exit_asked : r->event != AWAIT_TIMEOUT);
	js_add_str(o, "event", names[r->event]);
	js_add_str(o, "run_id", w->run_id);
	js_add_int(o, "offset", (int64_t)r->offset);
	js_add_str(o, "text", r->text);
	js_add_str(o, "mark", r->mark != 0 ? mark : NULL);
	js_add_ms(o, "command_status", r->status);
	js_add_str(o, "state", r->end != NULL ? r->end->state : "running");
	js_add_ms(o, "exit_code", r->end != NULL ? r->end->exit_code : -1);
	js_add_ms(o, "signal", r->end != NULL ? r->end->signal : -1);
	return o;
}

static void
wait_done_cb(int err, const struct await_result *r, void *arg)
{
	struct waiting *w = arg;

	auth_unwatch(w->watch);
	if (err != 0)
		api_fail(w->c, err, "rdvd ends; ask again");
	else
		api_reply(w->c, 200, result_json(w, r));
}

static void
wait_gone_cb(void *arg)
{
	struct waiting *w = arg;

	await_free(w->await);
	auth_unwatch(w->watch);
	api_fail(w->c, RDV_E_STATE, "the client has left");
}

static void
wait_revoked_cb(void *arg)
{
	struct waiting *w = arg;

	await_free(w->await);
	auth_unwatch(w->watch);
	api_fail_code(w->c, 401, "INVALID_TOKEN",
	    "the credential has ended meanwhile", NULL);
}

static int
judge(const struct wait_in *in, const struct session_output *of,
    const char **why)
{
	if (in->pattern == NULL && !in->prompt && !in->exit &&
	    !JS_SET(in, SILENCE)) {
		*why = "it waits for nothing: name pattern, prompt, silence_ms "
		       "or exit";
		return RDV_E_INVALID;
	}
	if (in->run_id != NULL && strcmp(in->run_id, of->run_id) != 0) {
		*why = "it has another run by now";
		return RDV_E_STATE;
	}
	if (of->is_unknown) {
		*why = "its program is not known yet; try again shortly";
		return RDV_E_UNAVAILABLE;
	}
	if ((uint64_t)in->since > term_bytes(of->term)) {
		*why = "since: is behind the end of its output";
		return RDV_E_INVALID;
	}
	return 0;
}

static void
fail_new(struct api_call *c, int err)
{
	if (err == RDV_E_FULL)
		api_fail_code(c, 429, "TOO_MANY",
		    "so many wait already; 64 may at once", NULL);
	else if (err == RDV_E_TOO_BIG)
		api_fail(c, RDV_E_INVALID,
		    "pattern: has more than 16 pieces between its stars");
	else
		api_fail(c, RDV_E_INVALID,
		    "pattern: as a glob it has nothing but stars, or a line "
		    "feed");
}

static void
begin(struct api_call *c, const struct session_output *of)
{
	const struct wait_in *in = c->in;
	struct await_conf conf = { .user_id = c->actor->user_id,
		.since = JS_SET(in, SINCE) ? (uint64_t)in->since
					   : term_bytes(of->term),
		.pattern = in->pattern,
		.is_glob = in->glob,
		.prompt = in->prompt,
		.silence_ms = in->silence_ms,
		.timeout_ms =
		    JS_SET(in, TIMEOUT) ? in->timeout_ms : TIMEOUT_MS };
	struct waiting *w = arena_alloc(c->req->arena, sizeof(*w));
	int err;

	*w = (struct waiting){
		.c = c, .run_id = of->run_id, .exit_asked = in->exit
	};
	err = await_new(of->term, &conf, wait_done_cb, w, &w->await);
	if (err != 0) {
		fail_new(c, err);
		return;
	}
	w->watch = auth_on_revoke(c->app->auth, c->actor, wait_revoked_cb, w);
	c->req->gone = wait_gone_cb;
	c->req->gone_arg = w;
}

static void
sessionwait_get(struct api_call *c)
{
	const struct wait_in *in = c->in;
	struct session_output of;
	const char *why = NULL;
	int err = session_output(c, &of);

	if (err != 0) {
		session_output_fail(c, err, "it has no output yet");
		return;
	}
	err = judge(in, &of, &why);
	if (err != 0)
		api_fail(c, err, why);
	else
		begin(c, &of);
	term_unref(of.term);
}

const struct api_route api_routes_sessionwait[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/wait", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .query = wait_fields,
	    .in_size = sizeof(struct wait_in), .handler = sessionwait_get,
	    .success = 200,
	    .doc = "Waits for what its program does; see docs/input.md" },
	{ .pattern = NULL },
};
