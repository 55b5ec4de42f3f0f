/* SPDX-License-Identifier: MIT */
/*
 * rdv approvals ask: a program of a session asks the session's owner, and waits
 * as long as that takes. Invariant: exit status 0 means leave, told to this
 * process, for exactly the words that it was given; whatever else happens,
 * nothing was granted.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define WAIT_MS	    2000  /* of one request: so long a Ctrl-C may wait */
#define PATIENCE_MS 60000 /* with an rdvd that is not there */
#define PAUSE_MS    200

static volatile sig_atomic_t interrupted;

static void
interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* Once: whoever insists ends at once, and what was asked stays. */
static void
catch_interrupts(void)
{
	const struct sigaction sa = { .sa_handler = interrupt,
		.sa_flags = (int)SA_RESETHAND };

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
}

/* The session that is named, or the one that this runs in. */
static int
of_session(struct cmd_call *c, char **path)
{
	const char *word = cmd_value(c, "session");
	char *id;
	int rc = CMD_OK;

	if (word == NULL)
		word = getenv("RDV_SESSION_ID");
	if (word == NULL || *word == '\0') {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "this is no session: --session names one");
		return CMD_USAGE;
	}
	/* A program of a session may not list them, and need not. */
	if (uuid_valid(word))
		id = xstrdup(word);
	else
		rc = pick_session(c, word, &id);
	if (rc != CMD_OK)
		return rc;
	*path = api_path("/api/sessions/", id, "/approvals");
	free(id);
	return CMD_OK;
}

static struct js *
question_of(const char *text)
{
	struct js *o = js_object(), *list = js_array(), *one = js_object();

	js_add_str(one, "question", text);
	js_push(list, one);
	js_add(o, "questions", list);
	return o;
}

static struct js *
wish_of(const struct cmd_call *c, const char *key)
{
	const char *question = cmd_value(c, "question");
	const char *tool = cmd_value(c, "tool");
	char cwd[4096];
	struct js *o = js_object(), *argv;

	js_add_str(o, "key", key);
	js_add_int(o, "wait_ms", WAIT_MS);
	js_add_str(o, "kind", question != NULL ? "question" : "tool");
	js_add_str(o, "tool", tool != NULL ? tool : "command");
	if (cmd_value(c, "for") != NULL)
		js_add_int(o, "timeout_ms", 1000 * cmd_number(c, "for", 0));
	if (getcwd(cwd, sizeof(cwd)) != NULL)
		js_add_str(o, "cwd", cwd);
	if (question != NULL) {
		js_add(o, "input", question_of(question));
		return o;
	}
	argv = js_array();
	for (size_t i = 0; c->rest != NULL && c->rest[i] != NULL; i++)
		js_push_str(argv, c->rest[i]);
	js_add(o, "argv", argv);
	return o;
}

static int
tell(const struct cmd_call *c, const struct js *v)
{
	const char *state = js_str(v, "state", "?");
	const struct js *one = js_at(js_get(v, "answers"), 0);
	const char *reason = js_str(v, "reason", NULL);

	if (c->cli->json) {
		out_json(v);
	} else if (strcmp(state, "answered") == 0) {
		for (size_t i = 0; i < js_len(js_get(one, "answer")); i++)
			out_line(js_text(js_at(js_get(one, "answer"), i)));
	} else {
		out_note(c->cli, "%s%s%s", state, reason != NULL ? ": " : "",
		    reason != NULL ? reason : "");
	}
	return js_bool(v, "granted", false) || strcmp(state, "answered") == 0
		   ? CMD_OK
		   : CMD_FAILED;
}

static int
refused(const struct cmd_call *c, const struct js *v, int status)
{
	if (c->cli->json && v != NULL)
		out_json_error(v);
	else
		out_error(c->cli, js_str(v, "code", "BAD_ANSWER"),
		    "%s (status %d); nothing was granted",
		    js_str(v, "error", "rdvd's answer is no JSON"), status);
	return CMD_FAILED;
}

/* Its answer may be lost with rdvd; the key finds the same approval again. */
static bool
is_away(int rc, int status)
{
	return rc == RDV_E_UNAVAILABLE || rc == RDV_E_MALFORMED ||
	       rc == RDV_E_TIMEOUT || status == 503;
}

/* Nobody is to decide for who does not wait any more. */
static int
withdraw(const struct cmd_call *c, const char *path, const char *key)
{
	char *target = xasprintf("%s/withdraw", path);
	struct js *body = js_object();
	int rc;

	js_add_str(body, "key", key);
	rc = api_send(c, "POST", target, body, NULL);
	free(target);
	if (rc == CMD_OK)
		out_error(c->cli, "INTERRUPTED", "nobody is asked any more");
	return CMD_FAILED;
}

static int
wait_for(struct cmd_call *c, const char *path, const char *key)
{
	int64_t lost = 0;
	char why[512] = "";
	struct js *v;
	int status, rc;

	for (;;) {
		if (interrupted)
			return withdraw(c, path, key);
		v = NULL;
		status = 0;
		rc = api_try_answer(c, path, wish_of(c, key), &status, &v, why,
		    sizeof(why));
		if (is_away(rc, status)) {
			lost = lost == 0 ? clock_mono_ms() : lost;
			js_free(v);
			if (clock_mono_ms() - lost > PATIENCE_MS)
				return api_unreachable(c, RDV_E_UNAVAILABLE,
				    why);
			(void)poll(NULL, 0, PAUSE_MS);
			continue;
		}
		lost = 0;
		if (status != 200 ||
		    strcmp(js_str(v, "state", ""), "pending") != 0)
			break;
		js_free(v);
	}
	if (rc != 0 && v == NULL && status == 0)
		rc = api_unreachable(c, rc, why);
	else
		rc = status == 200 && v != NULL ? tell(c, v)
						: refused(c, v, status);
	js_free(v);
	return rc;
}

static int
approvals_ask(struct cmd_call *c)
{
	const bool question = cmd_value(c, "question") != NULL;
	const bool words = c->rest != NULL && c->rest[0] != NULL;
	const char *key = cmd_value(c, "key");
	char own[UUID_TEXT], *path;
	int rc;

	if (question == words) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "either a command behind --, or --question");
		return CMD_USAGE;
	}
	rc = of_session(c, &path);
	if (rc != CMD_OK)
		return rc;
	uuid_v7(own);
	catch_interrupts();
	rc = wait_for(c, path, key != NULL ? key : own);
	free(path);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "session",
	    .arg = "SESSION",
	    .word = CMD_SESSION,
	    .help = "whose program asks; inside of one that is meant" },
	{ .name = "tool",
	    .arg = "NAME",
	    .help = "what rules call it; command, unless said" },
	{ .name = "question",
	    .arg = "TEXT",
	    .help = "no leave but an answer, which is printed" },
	{ .name = "key",
	    .arg = "KEY",
	    .help = "to go on with what was asked by that key" },
	{ .name = "for",
	    .arg = "SECONDS",
	    .min = 1,
	    .max = 31536000,
	    .help = "how long it can be decided" },
	{ .name = NULL },
};

const struct cmd cmd_approvals_ask = {
	.path = "approvals ask",
	.opts = opts,
	.rest = "COMMAND...",
	.help = "ask the owner of a session for leave, and wait",
	.doc =
	    "Nothing is run. Exit status 0: leave was given for exactly these "
	    "words, in this directory, this once. It is asked by the token in "
	    "$RDV_TOKEN_FILE, if that is set; whatever token asked cannot "
	    "decide. Ctrl-C withdraws it.",
	.scope = "run",
	.run = approvals_ask,
};
