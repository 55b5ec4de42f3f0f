/* SPDX-License-Identifier: MIT */
/*
 * Between commands and the client: token, JSON and the words for what went
 * wrong. Every refusal shows the server's own sentence; what nobody expected
 * shows the request id, under which rdvd's log tells more.
 */
#include "cli/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/cmd.h"
#include "cli/hostservice.h"
#include "cli/out.h"
#include "cli/sock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* What a person waits for one answer; making a worktree is git at work. */
#define TIMEOUT_MS 30000
/* A heartbeat comes every 15 s (daemon/http/stream.h): two may be missed. */
#define SILENCE_MS 45000
#define BODY_MAX   ((size_t)2 << 20)

char *
api_path(const char *before, const char *id, const char *after)
{
	struct buf b;
	char *path;

	/* A word may be anything; what is too long for a path rdvd refuses. */
	buf_init(&b, 65536);
	buf_put_text(&b, before);
	http_put_escaped(&b, id);
	buf_put_text(&b, after);
	path = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return path;
}

void
api_query(struct buf *target, const char *name, const char *value)
{
	const bool begun =
	    target->len > 0 && memchr(target->data, '?', target->len) != NULL;

	if (value == NULL)
		return;
	buf_put_u8(target, begun ? '&' : '?');
	buf_put_text(target, name);
	buf_put_u8(target, '=');
	http_put_escaped(target, value);
}

/*
 * No answer came. Three reasons, and for each another thing to do: do not
 * trust what is there, ask for less, or start rdv.
 */
int
api_unreachable(const struct cmd_call *c, int err, const char *why)
{
	const bool excluded = hostservice_excludes(c->cli);
	char *self;

	if (err == RDV_E_DENIED) {
		out_error(c->cli, "NOT_TRUSTED", "%s; nothing was sent", why);
		return CMD_FAILED;
	}
	if (err == RDV_E_TOO_BIG) {
		out_error(c->cli, "TOO_BIG", "%s", why);
		return CMD_FAILED;
	}
	if (c->cli->run_dir != NULL && !excluded) {
		out_error(c->cli, "UNREACHABLE",
		    "the rdv of this host is not reachable (%s); without a "
		    "token: rdv login",
		    why);
		return CMD_UNREACHABLE;
	}
	self = cli_prefix(c->cli);
	out_error(c->cli, "UNREACHABLE", "%s (%s); start %s with: %s up",
	    excluded ? "the rdv of this host does not serve this account, "
		       "[access] of its policy decides"
		     : "rdvd is not reachable",
	    why, excluded ? "one of your own" : "it", self);
	free(self);
	return CMD_UNREACHABLE;
}

/* Where the command has that option, and it was not given. */
static void
print_way_out(const struct cmd_call *c, const char *name)
{
	const struct cmd_opt *o = c->cmd->opts;

	for (; o != NULL && o->name != NULL; o++) {
		if (strcmp(o->name, name) == 0 && !cmd_flag(c, name))
			out_note(c->cli, "with --%s: %s", name, o->help);
	}
}

/*
 * Some sentences begin with their code, as their API has always had it. People
 * read the sentence, which holds every reason; the codes are for --json.
 */
static void
print_refusal(const struct cmd_call *c, const struct js *error, int status)
{
	const char *code = js_str(error, "code", "?");
	const char *text = js_str(error, "error", "refused without a reason");
	size_t n = strlen(code);

	if (strncmp(text, code, n) == 0 && str_starts(text + n, ": "))
		text += n + 2;
	out_error(c->cli, code, "%s", text);
	if (js_len(js_get(js_get(error, "details"), "reasons")) > 0)
		print_way_out(c, "force");
	if (strcmp(code, "WORKSPACE_BUSY") == 0)
		print_way_out(c, "queue");
	if (status >= 500)
		out_note(c->cli, "rdvd logged more as request %s",
		    js_str(error, "request_id", "?"));
}

/* What the server refused, in its words. */
static int
refused(const struct cmd_call *c, const struct client_reply *reply)
{
	const struct buf *b = &reply->body;
	char why[160];
	struct js *v =
	    js_parse((const char *)b->data, b->len, why, sizeof(why));

	if (v == NULL || !js_is_object(v)) {
		out_error(c->cli, "BAD_ANSWER", "rdvd answered with status %d",
		    reply->status);
	} else if (c->cli->json) {
		out_json_error(v);
	} else {
		print_refusal(c, v, reply->status);
	}
	/* It is ours to say where the token came from; rdvd does not know. */
	if (reply->status == 401) {
		char *path = sock_token_path(c->cli->base);

		out_note(c->cli, "the token in %s is not accepted", path);
		free(path);
	}
	if (reply->status == 429 && reply->retry_after > 0)
		out_note(c->cli, "try again in %lld s",
		    (long long)reply->retry_after);
	js_free(v);
	return CMD_FAILED;
}

/*
 * A 204 has no body: `*out` is NULL then, and the command, which knows what it
 * asked for, makes the object that --json promises.
 */
static int
take_answer(const struct cmd_call *c, struct client_reply *reply,
    struct js **out)
{
	struct js *v = NULL;
	char why[160];

	if (reply->status < 200 || reply->status > 299)
		return refused(c, reply);
	if (out == NULL)
		return CMD_OK;
	if (reply->body.len > 0) {
		v = js_parse((const char *)reply->body.data, reply->body.len,
		    why, sizeof(why));
		if (v == NULL) {
			out_error(c->cli, "BAD_ANSWER",
			    "rdvd's answer is no JSON: %s", why);
			return CMD_FAILED;
		}
	}
	*out = v;
	return CMD_OK;
}

/*
 * 0 and a reply, or RDV_E_* with a sentence. The token is read for each request
 * and wiped after it: it may be replaced while a follower runs for days.
 */
static int
ask(const struct cmd_call *c, struct client_request *rq,
    struct client_reply *reply, char *why, size_t whysize)
{
	char *token;
	int rc;

	rc = sock_own_token(&token, c->cli->base, why, whysize);
	if (rc != 0)
		return rc;
	rq->socket = c->cli->api_socket;
	rq->token = token;
	rc = client_do(rq, reply, why, whysize);
	secret_free(token, strlen(token));
	return rc;
}

typedef int asker(const struct cmd_call *c, struct client_request *rq,
    struct client_reply *reply, char *why, size_t whysize);

static int
ask_openly(const struct cmd_call *c, struct client_request *rq,
    struct client_reply *reply, char *why, size_t whysize)
{
	rq->socket = c->cli->api_socket;
	return client_do(rq, reply, why, whysize);
}

static int64_t
timeout_of(const struct cmd_call *c, int64_t fallback)
{
	return c->cli->timeout_ms > 0 ? c->cli->timeout_ms : fallback;
}

static int
send_with(const struct cmd_call *c, asker *how, const char *method,
    const char *target, struct js *body, struct js **out)
{
	struct client_request rq = { .method = method,
		.target = target,
		.timeout_ms = timeout_of(c, TIMEOUT_MS) };
	struct client_reply reply = { .status = 0 };
	struct buf text;
	char why[512];
	int rc;

	buf_init(&text, BODY_MAX);
	if (body != NULL) {
		js_dump(body, &text);
		js_free(body);
		rq.body = buf_cstr(&text);
	}
	rc = buf_ok(&text) ? how(c, &rq, &reply, why, sizeof(why))
			   : RDV_E_TOO_BIG;
	if (!buf_ok(&text))
		(void)snprintf(why, sizeof(why), "the request is too long");
	if (rc == 0)
		rc = take_answer(c, &reply, out);
	else
		rc = api_unreachable(c, rc, why);
	client_reply_done(&reply);
	buf_done(&text);
	return rc;
}

int
api_send(const struct cmd_call *c, const char *method, const char *target,
    struct js *body, struct js **out)
{
	return send_with(c, ask, method, target, body, out);
}

int
api_delete(const struct cmd_call *c, const char *base, const char *id,
    const char *done)
{
	char *path = api_path(base, id, "");
	int rc = api_send(c, "DELETE", path, NULL, NULL);
	struct js *v;

	free(path);
	if (rc != CMD_OK || !c->cli->json)
		return rc;
	v = js_object();
	js_add_str(v, "id", id);
	js_add_bool(v, done, true);
	out_json(v);
	js_free(v);
	return rc;
}

int
api_open(const struct cmd_call *c, const char *method, const char *target,
    struct js *body, struct js **out)
{
	return send_with(c, ask_openly, method, target, body, out);
}

int
api_get(const struct cmd_call *c, const char *target, struct js **out)
{
	return api_send(c, "GET", target, NULL, out);
}

int
api_try_for(const struct cmd_call *c, const char *target, int64_t ms,
    struct js **out, int *status, char *why, size_t whysize)
{
	struct client_request rq = {
		.method = "GET", .target = target, .timeout_ms = ms
	};
	struct client_reply reply = { .status = 0 };
	int rc;

	rc = ask(c, &rq, &reply, why, whysize);
	if (rc == 0 && reply.status == 200) {
		*out = js_parse((const char *)reply.body.data, reply.body.len,
		    why, whysize);
		rc = *out == NULL ? RDV_E_MALFORMED : 0;
	} else if (rc == 0) {
		(void)snprintf(why, whysize, "status %d", reply.status);
		rc = RDV_E_DENIED;
	}
	*status = reply.status;
	client_reply_done(&reply);
	return rc;
}

int
api_try(const struct cmd_call *c, const char *target, struct js **out,
    char *why, size_t whysize)
{
	int status;

	return api_try_for(c, target, timeout_of(c, TIMEOUT_MS), out, &status,
	    why, whysize);
}

int
api_try_answer(const struct cmd_call *c, const char *target, struct js *body,
    int *status, struct js **out, char *why, size_t whysize)
{
	struct client_request rq = { .method = "POST",
		.target = target,
		.timeout_ms = timeout_of(c, TIMEOUT_MS) };
	struct client_reply reply = { .status = 0 };
	struct buf text;
	int rc;

	buf_init(&text, BODY_MAX);
	js_dump(body, &text);
	js_free(body);
	rq.body = buf_cstr(&text);
	rc = buf_ok(&text) ? ask(c, &rq, &reply, why, whysize) : RDV_E_TOO_BIG;
	*status = reply.status;
	*out = rc == 0 ? js_parse((const char *)reply.body.data, reply.body.len,
			     why, whysize)
		       : NULL;
	client_reply_done(&reply);
	buf_done(&text);
	return rc;
}

int
api_try_post(const struct cmd_call *c, const char *target, struct js *body,
    int *status, char *why, size_t whysize)
{
	struct js *v;
	int rc = api_try_answer(c, target, body, status, &v, why, whysize);

	js_free(v);
	return rc;
}

int
api_stream(const struct cmd_call *c, struct api_stream *s)
{
	struct client_request rq = { .method = "GET",
		.target = s->target,
		.accept = s->accept,
		.sink = s->sink,
		.arg = s->arg,
		.timeout_ms = timeout_of(c, SILENCE_MS) };
	struct client_reply reply = { .status = 0 };
	char why[512];
	int rc;

	rc = ask(c, &rq, &reply, why, sizeof(why));
	s->begun = reply.status == 200;
	/* A follower tells of a break itself, or comes back without a word. */
	if (rc != 0 && (s->begun || s->quiet))
		rc = CMD_UNREACHABLE;
	else if (rc != 0)
		rc = api_unreachable(c, rc, why);
	else if (reply.status != 200 && reply.status != 204)
		rc = refused(c, &reply);
	client_reply_done(&reply);
	return rc;
}
