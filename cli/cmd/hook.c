/* SPDX-License-Identifier: MIT */
/*
 * rdv hook: what an agent calls at each step, to tell rdvd what it is at. The
 * agent waits for it, and takes some exit statuses for orders. Invariant: it
 * ends within a second, with status 0 and without a word, whatever rdvd does or
 * the agent says; only what a person typed wrong is told.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/sock.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define CEILING_S   1
#define ANSWER_MS   900
#define PAYLOAD_MAX ((size_t)1 << 20) /* what is beyond is not looked at */
#define NOTE_MAX    500		      /* bytes; rdvd takes no more */

/* What is told at an event; `within` when the payload is of a subagent. */
struct step {
	const char *event, *status, *source;
	const char *within, *within_source;
};

static const struct step steps[] = {
	{ "session-start", "running", NULL, "running", NULL },
	{ "active", "running", NULL, "running", NULL },
	{ "prompt-submit", "running", NULL, "running", NULL },
	{ "pre-tool-use", "running", NULL, "subagent", NULL },
	{ "post-tool-use", "running", NULL, "subagent", NULL },
	{ "notification", "waiting", NULL, "waiting", NULL },
	{ "notify", "waiting", NULL, "waiting", NULL },
	{ "stop", "idle", NULL, "running", "subagent-stop" },
	{ "idle", "idle", NULL, "running", "subagent-stop" },
	{ "subagent-stop", "running", "subagent-stop", "running",
	    "subagent-stop" },
	{ "pre-compact", "compacting", NULL, "compacting", NULL },
	{ "compacting", "compacting", NULL, "compacting", NULL },
	{ "session-end", "ended", NULL, "ended", NULL },
};

static const struct step *
step_find(const char *event)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strcmp(steps[i].event, event) == 0)
			return &steps[i];
	return NULL;
}

static void
hook_late(int sig)
{
	(void)sig;
	_exit(CMD_OK);
}

static void
be_done_in_time(void)
{
	const struct itimerval second = { .it_value = { CEILING_S, 0 } };

	(void)signal(SIGALRM, hook_late);
	(void)setitimer(ITIMER_REAL, &second, NULL);
}

/*
 * All of it is taken, or the agent could not write it. NULL: it was nothing
 * that can be read.
 */
static struct js *
payload(void)
{
	char part[16384], why[80];
	struct js *v = NULL;
	struct buf b;
	ssize_t n;

	if (isatty(STDIN_FILENO))
		return NULL;
	buf_init(&b, PAYLOAD_MAX);
	while ((n = read(STDIN_FILENO, part, sizeof(part))) > 0)
		buf_put(&b, part, (size_t)n);
	if (buf_ok(&b))
		v = js_parse((char *)b.data, b.len, why, sizeof(why));
	buf_done(&b);
	return v;
}

/*
 * The socket that rdvd named in the session's environment. A token: of the file
 * RDV_TOKEN_FILE, which may be for this session alone; else ours, beside that
 * socket or in our own directory.
 */
static const char *
socket_of(const struct cmd_call *c)
{
	const char *set = getenv("RDV_API_SOCKET");

	return set != NULL && !c->cli->own_socket ? set : c->cli->api_socket;
}

/* The file `name`, or the one that `path` is. */
static int
token_at(const char *path, const char *name, char **token)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/'), why[256];
	int rc = RDV_E_UNAVAILABLE;

	if (path_absolute_ok(path)) {
		*slash = '\0';
		rc = sock_token(token, *dir != '\0' ? dir : "/",
		    name != NULL ? name : slash + 1, why, sizeof(why));
	}
	free(dir);
	return rc;
}

static int
token_of(const struct cmd_call *c, char **token)
{
	const char *file = getenv("RDV_TOKEN_FILE");
	char why[256];

	if (file != NULL)
		return token_at(file, NULL, token);
	if (token_at(socket_of(c), "cli-token", token) == 0)
		return 0;
	return sock_token(token, c->cli->base, "cli-token", why, sizeof(why));
}

/* 0 when it was answered with `*status`. */
static int
ask(const struct cmd_call *c, struct client_request *rq, int *status)
{
	struct client_reply reply = { .status = 0 };
	char why[512], *token;
	int rc = token_of(c, &token);

	if (rc != 0)
		return rc;
	rq->socket = socket_of(c);
	rq->token = token;
	rq->timeout_ms = ANSWER_MS;
	rc = client_do(rq, &reply, why, sizeof(why));
	*status = reply.status;
	client_reply_done(&reply);
	secret_free(token, strlen(token));
	return rc;
}

static void
tell(const struct cmd_call *c, struct js *body)
{
	char *path = api_path("/api/sessions/", getenv("RDV_SESSION_ID"),
	    "/agent-status");
	struct client_request rq = { .method = "POST", .target = path };
	struct buf text;
	int status;

	buf_init(&text, 16384);
	js_finish(body, &text);
	rq.body = buf_cstr(&text);
	if (buf_ok(&text))
		(void)ask(c, &rq, &status);
	buf_done(&text);
	free(path);
}

/* Cut between characters. */
static void
add_note(struct js *body, const char *note)
{
	char text[NOTE_MAX + 1];

	if (note == NULL || *note == '\0')
		return;
	if (!str_copy(text, note, sizeof(text)))
		text[strlen(text) - str_utf8_tail(text, strlen(text))] = '\0';
	js_add_str(body, "note", text);
}

static int
report(const struct cmd_call *c, const struct step *step)
{
	struct js *said, *body;
	bool within;

	be_done_in_time();
	said = payload();
	if (getenv("RDV_SESSION_ID") != NULL) {
		within = js_str(said, "agent_id", NULL) != NULL;
		body = js_object();
		js_add_str(body, "status",
		    within ? step->within : step->status);
		js_add_str(body, "source",
		    within ? step->within_source : step->source);
		if (strcmp(step->status, "waiting") == 0)
			add_note(body, js_str(said, "message", NULL));
		tell(c, body);
	}
	js_free(said);
	return CMD_OK;
}

/* "hook stop": the last word is the event. */
static int
hook_event(struct cmd_call *c)
{
	const struct step *step = step_find(strrchr(c->cmd->path, ' ') + 1);

	/* Each of the commands that come here is a row of the steps. */
	return step != NULL ? report(c, step) : CMD_FAILED;
}

static int
hook_claude(struct cmd_call *c)
{
	const struct step *step = step_find(c->args[0]);

	if (step != NULL)
		return report(c, step);
	out_error(c->cli, "INVALID_ARGUMENT", "\"%s\" is no event", c->args[0]);
	return CMD_FAILED;
}

static int
hook_notify(struct cmd_call *c)
{
	const char *body = cmd_value(c, "body");
	struct js *o;

	be_done_in_time();
	js_free(payload());
	if (getenv("RDV_SESSION_ID") == NULL)
		return CMD_OK;
	o = js_object();
	add_note(o, body != NULL ? body : c->args[0]);
	tell(c, o);
	return CMD_OK;
}

/* `error` NULL: it is well. */
static void
add_check(struct js *list, const char *check, const char *error)
{
	struct js *o = js_object();

	js_add_str(o, "check", check);
	js_add_str(o, "status", error == NULL ? "ok" : "fail");
	if (error != NULL)
		js_add_str(o, "error", error);
	js_push(list, o);
}

static const char *
session_error(const struct cmd_call *c)
{
	const char *id = getenv("RDV_SESSION_ID");
	char *path = api_path("/api/sessions/", id != NULL ? id : "", "");
	struct client_request rq = { .method = "GET", .target = path };
	int status = 0;
	int rc = id == NULL ? 0 : ask(c, &rq, &status);

	free(path);
	if (id == NULL)
		return "this is no session: RDV_SESSION_ID is not set";
	if (rc != 0)
		return "rdvd is not reachable, or there is no token";
	if (status == 401)
		return "the token is not accepted";
	return status == 200 ? NULL : "there is no such session";
}

static int
hook_validate(struct cmd_call *c)
{
	const char *id = getenv("RDV_SESSION_ID");
	const char *error = session_error(c);
	struct js *o = js_object(), *list = js_array();

	add_check(list, "session_id", id != NULL ? NULL : error);
	if (id != NULL)
		add_check(list, "api_server", error);
	js_add_bool(o, "valid", error == NULL);
	js_add(o, "checks", list);
	out_json(o);
	js_free(o);
	return error == NULL ? CMD_OK : CMD_FAILED;
}

/* Whatever an agent's next version adds is no wrong usage. */
static const struct cmd_arg any[] = {
	{ .name = "WORD", .optional = true, .many = true },
	{ .name = NULL },
};
static const struct cmd_arg event[] = {
	{ .name = "EVENT" },
	{ .name = "WORD", .optional = true, .many = true },
	{ .name = NULL },
};
static const struct cmd_arg notice[] = {
	{ .name = "EVENT" },
	{ .name = NULL },
};
static const struct cmd_opt notify_opts[] = {
	{ .name = "body", .arg = "TEXT", .help = "what is told; else EVENT" },
	{ .name = NULL },
};

#define STEP(words, when)                                                \
	.path = "hook " words, .args = any, .help = "for a hook: " when, \
	.scope = "run", .hidden = true, .harmless = true, .run = hook_event

const struct cmd cmd_hook_session_start = { STEP("session-start",
    "the agent has begun") };
const struct cmd cmd_hook_prompt_submit = { STEP("prompt-submit",
    "it was given a prompt") };
const struct cmd cmd_hook_pre_tool_use = { STEP("pre-tool-use",
    "it is about to use a tool") };
const struct cmd cmd_hook_post_tool_use = { STEP("post-tool-use",
    "it has used a tool") };
const struct cmd cmd_hook_notification = { STEP("notification",
    "it wants somebody") };
const struct cmd cmd_hook_stop = { STEP("stop", "it has answered") };
const struct cmd cmd_hook_subagent_stop = { STEP("subagent-stop",
    "a part of it has") };
const struct cmd cmd_hook_pre_compact = { STEP("pre-compact",
    "it makes room in its context") };
const struct cmd cmd_hook_session_end = { STEP("session-end", "it has ended") };

const struct cmd cmd_hook_claude = {
	.path = "hook claude",
	.args = event,
	.help = "tell rdv what Claude Code is at, as its hook",
	.doc = "Takes the hook's JSON on standard input, and ends with status "
	       "0 and without a word, within a second, whatever becomes of it. "
	       "Outside of a session of rdv (RDV_SESSION_ID) nothing is told. "
	       "The token is that of the file RDV_TOKEN_FILE, which only you "
	       "may read, or your own. rdv hook install sets it up.",
	.scope = "run",
	.harmless = true,
	.run = hook_claude,
};

const struct cmd cmd_hook_notify = {
	.path = "hook notify",
	.args = notice,
	.opts = notify_opts,
	.help = "tell who follows this session something",
	.doc = "It is an event of the session (rdv events), and stays with "
	       "nobody.",
	.scope = "run",
	.harmless = true,
	.run = hook_notify,
};

const struct cmd cmd_hook_validate = {
	.path = "hook validate",
	.help = "look whether hooks can reach rdv from here",
	.scope = "run",
	.run = hook_validate,
};
