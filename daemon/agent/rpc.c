/* SPDX-License-Identifier: MIT */
/*
 * The bookkeeping of a JSON-RPC connection with a program nobody vouches for.
 * Invariants: an answer counts once and only for what was asked; a call of the
 * other side is answered once at most; what fits neither is handed on as noise
 * or as a stray, to be shown, and changes nothing here.
 */
#include "daemon/agent/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define OPEN_MAX 64	    /* calls of its, waiting at the same time */
#define ID_MAX	 128	    /* of an id of its as JSON, bytes */
#define ASIDE	 1000000000 /* the id of all that is asked aside */

/* A call, ours by number or its by key. */
struct call {
	int64_t id;
	unsigned tag;
	char *key;  /* of its */
	char *json; /* its id, as it was given */
	TAILQ_ENTRY(call) link;
};
TAILQ_HEAD(calls, call);

struct rpc {
	bool versioned;
	rpc_send_cb *send;
	void *arg;
	int64_t last; /* number of our last call */
	struct calls asked;
	struct calls owed;
	unsigned n_owed;
	uint64_t n_calls; /* its, ever: what makes keys unique */
};

struct rpc *
rpc_new(bool versioned, rpc_send_cb *send, void *arg)
{
	struct rpc *r = xcalloc(1, sizeof(*r));

	r->versioned = versioned;
	r->send = send;
	r->arg = arg;
	TAILQ_INIT(&r->asked);
	TAILQ_INIT(&r->owed);
	return r;
}

static void
drop(struct calls *list, struct call *c)
{
	TAILQ_REMOVE(list, c, link);
	free(c->key);
	free(c->json);
	free(c);
}

void
rpc_free(struct rpc *r)
{
	struct call *c;

	if (r == NULL)
		return;
	while ((c = TAILQ_FIRST(&r->asked)) != NULL)
		drop(&r->asked, c);
	while ((c = TAILQ_FIRST(&r->owed)) != NULL)
		drop(&r->owed, c);
	free(r);
}

/* Saying things. */

static struct js *
message(const struct rpc *r)
{
	struct js *o = js_object();

	if (r->versioned)
		js_add_str(o, "jsonrpc", "2.0");
	return o;
}

static void
say(struct rpc *r, struct js *o, const char *method, struct js *params)
{
	js_add_str(o, "method", method);
	if (params != NULL)
		js_add(o, "params", params);
	r->send(o, r->arg);
}

void
rpc_call(struct rpc *r, unsigned tag, const char *method, struct js *params)
{
	struct call *c = xcalloc(1, sizeof(*c));
	struct js *o = message(r);

	c->id = ++r->last;
	c->tag = tag;
	TAILQ_INSERT_TAIL(&r->asked, c, link);
	js_add_int(o, "id", c->id);
	say(r, o, method, params);
}

void
rpc_aside(struct rpc *r, const char *method, struct js *params)
{
	struct js *o = message(r);

	js_add_int(o, "id", ASIDE);
	say(r, o, method, params);
}

void
rpc_notify(struct rpc *r, const char *method, struct js *params)
{
	say(r, message(r), method, params);
}

static struct call *
owed(const struct rpc *r, const char *key)
{
	struct call *c;

	TAILQ_FOREACH (c, &r->owed, link)
		if (strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

void
rpc_forget(struct rpc *r, const char *key)
{
	struct call *c = owed(r, key);

	if (c == NULL)
		return;
	drop(&r->owed, c);
	r->n_owed--;
}

/* Answers a call under its own id and forgets it; takes `value`. */
static void
settle(struct rpc *r, struct call *c, const char *member, struct js *value)
{
	struct js *o = message(r);

	js_add_json(o, "id", c->json);
	if (value != NULL)
		js_add(o, member, value);
	else
		js_add_json(o, member, NULL);
	drop(&r->owed, c);
	r->n_owed--;
	r->send(o, r->arg);
}

void
rpc_result(struct rpc *r, const char *key, struct js *result)
{
	struct call *c = owed(r, key);

	if (c != NULL)
		settle(r, c, "result", result);
	else
		js_free(result);
}

void
rpc_refuse(struct rpc *r, const char *key, int code, const char *text)
{
	struct call *c = owed(r, key);
	struct js *e;

	if (c == NULL)
		return;
	e = js_object();
	js_add_int(e, "code", code);
	js_add_str(e, "message", text);
	settle(r, c, "error", e);
}

/* Reading. */

static void
no(struct rpc_msg *m, enum rpc_kind kind, const char *why)
{
	m->kind = kind;
	m->why = why;
}

/* Its id as JSON; false when it is neither a number nor a short text. */
static bool
id_json(const struct js *id, char *out, size_t size)
{
	struct buf b;
	bool ok;

	if (js_text(id) == NULL && js_num(id, 0) != js_num(id, 1))
		return false;
	buf_init(&b, size - 1);
	js_dump(id, &b);
	ok = buf_ok(&b) && str_copy(out, buf_cstr(&b), size);
	buf_done(&b);
	return ok;
}

static struct call *
by_id(const struct rpc *r, const char *json)
{
	struct call *c;

	TAILQ_FOREACH (c, &r->owed, link)
		if (strcmp(c->json, json) == 0)
			return c;
	return NULL;
}

bool
rpc_key_is(const char *key, const struct js *id)
{
	const char *at = strchr(key, '/');
	char json[ID_MAX + 1];

	return at != NULL && id_json(id, json, sizeof(json)) &&
	       strcmp(at + 1, json) == 0;
}

/*
 * It asks. An id may come again once it was answered, and must not then stand
 * for what was decided about the first: so the key counts.
 */
static void
read_call(struct rpc *r, const struct js *id, struct rpc_msg *m)
{
	char json[ID_MAX + 1];
	struct call *c;

	r->n_calls++;
	if (!id_json(id, json, sizeof(json))) {
		no(m, RPC_NOISE, "its id is neither a number nor a short text");
		return;
	}
	if (by_id(r, json) != NULL) {
		no(m, RPC_STRAY, "its id is that of a call not yet answered");
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->json = xstrdup(json);
	c->key = xasprintf("%llu/%s", (unsigned long long)r->n_calls, json);
	TAILQ_INSERT_TAIL(&r->owed, c, link);
	m->key = c->key;
	m->kind = RPC_CALL;
	if (++r->n_owed <= OPEN_MAX)
		return;
	rpc_refuse(r, c->key, RPC_BAD_PARAMS, "too many open requests");
	m->key = NULL;
	no(m, RPC_STRAY, "too many of its calls are not yet answered");
}

static struct call *
asked(const struct rpc *r, const struct js *id)
{
	struct call *c;

	TAILQ_FOREACH (c, &r->asked, link)
		if (js_num(id, 0) == c->id)
			return c;
	return NULL;
}

static void
read_answer(struct rpc *r, const struct js *id, struct rpc_msg *m)
{
	const struct js *result = js_get(m->whole, "result");
	const struct js *error = js_get(m->whole, "error");
	struct call *c;

	if ((result == NULL) == (error == NULL)) {
		no(m, RPC_NOISE, "neither a call nor an answer");
		return;
	}
	if (js_num(id, 0) == ASIDE) {
		m->kind = RPC_ASIDE;
		return;
	}
	if ((c = asked(r, id)) == NULL) {
		no(m, RPC_STRAY, "an answer to what was not asked");
		return;
	}
	m->tag = c->tag;
	drop(&r->asked, c);
	m->kind = result != NULL ? RPC_RESULT : RPC_ERROR;
	m->body = result;
	m->code = js_int(error, "code", 0);
	/* Where the message is no more than the name of its code. */
	m->text = js_str(js_get(error, "data"), "details",
	    js_str(error, "message", ""));
}

static bool
version_ok(const struct js *o)
{
	const struct js *v = js_get(o, "jsonrpc");

	return v == NULL ||
	       (js_text(v) != NULL && strcmp(js_text(v), "2.0") == 0);
}

void
rpc_read(struct rpc *r, const char *line, size_t len, struct rpc_msg *m)
{
	const struct js *id;

	memset(m, 0, sizeof(*m));
	m->whole = js_parse(line, len, m->why_text, sizeof(m->why_text));
	m->text = "";
	m->line = line;
	m->len = len;
	if (m->whole == NULL) {
		no(m, RPC_NOISE, m->why_text);
		return;
	}
	if (!js_is_object(m->whole) || !version_ok(m->whole)) {
		no(m, RPC_NOISE, "no message of JSON-RPC 2.0");
		return;
	}
	id = js_get(m->whole, "id");
	m->method = js_str(m->whole, "method", NULL);
	m->body = js_get(m->whole, "params");
	if (m->method == NULL)
		read_answer(r, id, m);
	else if (id != NULL)
		read_call(r, id, m);
	else
		m->kind = RPC_NOTICE;
}

void
rpc_done(struct rpc_msg *m)
{
	js_free(m->whole);
	m->whole = NULL;
}
