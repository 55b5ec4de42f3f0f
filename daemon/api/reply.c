/* SPDX-License-Identifier: MIT */
/*
 * How calls end. Each ends exactly once: here its claim is released, its line
 * is logged and the request handed back to http/, after which neither call
 * nor request may be touched.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/error.h"
#include "daemon/api/state.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#define JSON_TYPE  "application/json"
#define ANSWER_MAX (64u << 20) /* a longer one is a 500 */

void
api_log_path(const struct api_call *c, char out[API_LOG_PATH])
{
	const char *path = c->req->path;
	size_t n = 0, len;

	/* Without a route '/' separates nothing: it may be part of a secret. */
	if (c->route == NULL) {
		(void)snprintf(out, API_LOG_PATH, "%.*s%s", API_ID_MAX, path,
		    strlen(path) > API_ID_MAX ? "*" : "");
		return;
	}
	while (*path != '\0' && n + API_ID_MAX + 2 < API_LOG_PATH) {
		len = strcspn(path + 1, "/") + 1;
		if (len <= API_ID_MAX + 1)
			memcpy(out + n, path, len);
		else
			memcpy(out + n, "/*", 2);
		n += len <= API_ID_MAX + 1 ? len : 2;
		path += len;
	}
	out[n] = '\0';
}

/*
 * Polling is the common case and would drown everything else. Refusals cost
 * whoever causes them nothing, so they must not fill the disk; that there were
 * more is in rdv_http_answers_total.
 */
static bool
worth_a_line(struct api_call *c, int status)
{
	if (status < 400)
		return c->req->method != HTTP_M_GET;
	return status >= 500 ||
	       bucket_take(&c->app->api->refusals, clock_mono_ms());
}

static void
log_answer(struct api_call *c, int status, int64_t us)
{
	static const char line[] = "%s %s status=%d us=%lld token=%s";
	bool worth = worth_a_line(c, status);
	const char *method = http_method_name(c->req->method);
	const char *token = c->actor != NULL ? c->actor->token_id : "-";
	char path[API_LOG_PATH];

	/* Most lines are not wanted, and preparing the path is their cost. */
	if (!log_wants(worth ? LOG_INFO : LOG_DEBUG))
		return;
	api_log_path(c, path);
	log_set_request(c->req->id);
	if (worth)
		log_info("api", line, method, path, status, (long long)us,
		    token);
	else
		log_debug("api", line, method, path, status, (long long)us,
		    token);
	log_set_request(NULL);
}

static void
account(struct api_call *c, int status)
{
	struct api_stats *stats = &c->app->api->stats;
	int64_t us = clock_mono_us() - c->req->started_us;

	stats->us += us > 0 ? (uint64_t)us : 0;
	if (status >= 100 && status < 600)
		stats->answers[status / 100]++;
	log_answer(c, status, us);
}

/*
 * The only way out. The claim goes before the answer does: the client may send
 * its next request the moment it has read this one's answer.
 */
static void
finish(struct api_call *c, const struct http_reply *reply)
{
	account(c, reply->status);
	api_claim_end(c, reply->status);
	http_reply(c->req, reply);
}

/* http/ adds what every answer carries: no-store, nosniff, the request id. */
void
api_send(struct api_call *c, int status, const char *body, size_t len,
    const char *const *headers)
{
	struct http_reply reply = {
		.status = status,
		.type = body != NULL ? JSON_TYPE : NULL,
		.body = body,
		.len = len,
		.headers = headers,
	};

	finish(c, &reply);
}

void
api_reply_raw(struct api_call *c, int status, const char *type, const void *p,
    size_t len)
{
	struct http_reply reply = {
		.status = status,
		.type = type,
		.body = p,
		.len = len,
	};

	finish(c, &reply);
}

static struct js *
error_body(struct api_call *c, const char *code, const char *sentence,
    struct js *details)
{
	struct js *o = js_object();

	js_add_str(o, "error", sentence);
	js_add_str(o, "code", code);
	if (details != NULL)
		js_add(o, "details", details);
	js_add_str(o, "request_id", c->req->id);
	return o;
}

/* Frees `v`. */
static void
send_error(struct api_call *c, int status, struct js *v,
    const char *const *headers)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX);
	js_finish(v, &b);
	api_send(c, status, buf_cstr(&b), b.len, headers);
	buf_done(&b);
}

/*
 * 429 and 503 always say when to come again: clients that find no Retry-After
 * tend to come at once.
 */
void
api_fail_code(struct api_call *c, int status, const char *code,
    const char *sentence, struct js *details)
{
	static const char *const later[] = { "Retry-After", "1", NULL };

	send_error(c, status, error_body(c, code, sentence, details),
	    status == 503 || status == 429 ? later : NULL);
}

void
api_fail_headers(struct api_call *c, int status, const char *code,
    const char *sentence, const char *const *headers)
{
	send_error(c, status, error_body(c, code, sentence, NULL), headers);
}

/* The body field a sentence is about, when it begins "field: ". */
static const char *
field_of(struct api_call *c, const char *sentence)
{
	size_t n = strcspn(sentence, ":");
	const struct js_field *f = c->route != NULL ? c->route->body : NULL;

	for (; f != NULL && f->name != NULL; f++) {
		if (strlen(f->name) == n && memcmp(f->name, sentence, n) == 0)
			return f->name;
	}
	return NULL;
}

/* To a client a rule of the core is a rule of the field like any other. */
static bool
fail_field(struct api_call *c, const char *sentence)
{
	const char *field = field_of(c, sentence);
	struct js *details;

	if (field == NULL)
		return false;
	details = js_object();
	js_add_str(details, "field", field);
	api_fail_code(c, 422, "OUT_OF_RANGE", sentence, details);
	return true;
}

void
api_fail(struct api_call *c, int err, const char *sentence)
{
	const struct api_error *e = api_error_of(err);

	if (err == RDV_E_INVALID && sentence != NULL && fail_field(c, sentence))
		return;

	/* A -errno is ours to look into; an outcome is the client's. */
	if (err < 0) {
		log_set_request(c->req->id);
		log_errorx("api", "%s %s: %s", http_method_name(c->req->method),
		    c->route != NULL ? c->route->pattern : "-", strerror(-err));
		log_set_request(NULL);
	}
	/* What nobody expected has no words for the client either. */
	if (sentence == NULL || err < 0)
		sentence = e->sentence;
	api_fail_code(c, e->status, e->code, sentence, NULL);
}

/* 401 names the scheme (RFC 9110 section 15.5.2) and nothing about a realm. */
void
api_refuse(struct api_call *c, const struct auth_refusal *no)
{
	const char *headers[5] = { NULL };
	unsigned n = 0;

	if (no->status == 401) {
		headers[n++] = "WWW-Authenticate";
		headers[n++] = "Bearer";
	}
	if (no->retry_after > 0) {
		headers[n++] = "Retry-After";
		headers[n++] = arena_printf(c->req->arena, "%lld",
		    (long long)no->retry_after);
	}
	send_error(c, no->status, error_body(c, no->code, no->sentence, NULL),
	    n > 0 ? headers : NULL);
}

/* An answer on its way through the store. */
struct pending {
	struct api_call *c;
	struct api_answer answer;
	struct buf text;
};

/* The text is taken out first, because the request's arena holds `p`. */
static void
pending_send(struct pending *p)
{
	bool some = p->text.len > 0;
	struct buf text = p->text;

	/* `p` goes with the request. */
	api_send(p->c, p->answer.status, some ? buf_cstr(&text) : NULL,
	    text.len, p->answer.headers);
	buf_done(&text);
}

/*
 * The change is durable or undone. What belongs to it in memory follows first
 * (answer.durable), then the client is told.
 */
static void
api_commit_done_cb(int err, void *arg)
{
	struct pending *p = arg;

	if (p->answer.durable != NULL)
		p->answer.durable(err, p->answer.arg);
	if (err == 0) {
		pending_send(p);
		return;
	}
	buf_done(&p->text);
	log_set_request(p->c->req->id);
	log_errorx("api", "commit of %s: %s", p->c->route->pattern,
	    strerror(-err));
	log_set_request(NULL);
	api_fail_code(p->c, 503, "DATABASE_UNAVAILABLE",
	    "the change could not be stored and was not made", NULL);
}

/* For an effect that has happened already: it is told in any case. */
static void
api_store_done_cb(int err, void *arg)
{
	struct pending *p = arg;

	if (err != 0)
		log_warnx("api", "answer to a key is not kept: %s",
		    strerror(-err));
	pending_send(p);
}

/* Frees `v`; NULL leaves the text empty. */
static struct pending *
pending_new(struct api_call *c, const struct api_answer *answer)
{
	struct pending *p = arena_alloc(c->req->arena, sizeof(*p));

	p->c = c;
	/* The caller's own may be on a stack that is gone by then. */
	p->answer = *answer;
	buf_init(&p->text, ANSWER_MAX);
	if (answer->body != NULL)
		js_finish(answer->body, &p->text);
	return p;
}

/* An empty text stands for an answer without a body. */
static void
store_answer(struct pending *p, struct tx *tx)
{
	struct buf kept;

	if (p->c->claim == NULL)
		return;
	if (p->answer.kept == NULL) {
		api_claim_store(p->c->claim, tx, p->answer.status,
		    buf_cstr(&p->text));
		return;
	}
	buf_init(&kept, ANSWER_MAX);
	js_dump(p->answer.kept, &kept);
	api_claim_store(p->c->claim, tx, p->answer.status, buf_cstr(&kept));
	buf_done(&kept);
}

/*
 * The answer is made before the commit: what it shows is what is being stored,
 * not what somebody else may have made of it a turn later.
 */
void
api_commit_answer(struct api_call *c, struct tx *tx,
    const struct api_answer *answer)
{
	struct pending *p = pending_new(c, answer);

	store_answer(p, tx);
	js_free(answer->kept);
	tx_commit(tx, api_commit_done_cb, p);
}

void
api_commit_failure(struct api_call *c, struct tx *tx,
    const struct api_failure *no, const struct api_answer *answer)
{
	struct api_answer refusal = *answer;

	refusal.status = no->status;
	refusal.body = error_body(c, no->code, no->sentence, no->details);
	api_commit_answer(c, tx, &refusal);
}

void
api_commit(struct api_call *c, struct tx *tx, int status, struct js *v)
{
	api_commit_answer(c, tx,
	    &(struct api_answer){ .status = status, .body = v });
}

/*
 * An answer without a change of its own. With a key it is stored all the same,
 * in a transaction of its own; the effect has happened by then and cannot be
 * undone when that fails. Then, and after a crash in between, the intent is
 * what a repetition finds.
 */
void
api_reply(struct api_call *c, int status, struct js *v)
{
	struct pending *p =
	    pending_new(c, &(struct api_answer){ .status = status, .body = v });
	struct tx *tx;

	if (!buf_ok(&p->text)) {
		buf_done(&p->text);
		api_fail(c, -EMSGSIZE, NULL);
		return;
	}
	/* What is not kept leaves the key free for another attempt. */
	if (c->claim == NULL || status >= 300) {
		pending_send(p);
		return;
	}
	tx = tx_begin(c->app->db);
	store_answer(p, tx);
	tx_commit(tx, api_store_done_cb, p);
}

void
api_empty(struct api_call *c, int status)
{
	api_reply(c, status, NULL);
}
