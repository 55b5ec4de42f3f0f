/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_H
#define RDV_API_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/auth/auth.h"
#include "daemon/http/http.h"
#include "lib/js.h"

struct app;
struct tx;

/*
 * The rdv door: routes as rows. Dispatch matches, authenticates, checks the
 * scope, decodes body and query by the row's tables, then calls the handler,
 * which replies now or returns and replies later from a callback.
 */
enum api_kind { API_PLAIN, API_STREAM, API_WEBSOCKET };

struct api_call {
	struct app *app;
	struct http_req *req;
	const struct actor *actor; /* NULL on SCOPE_NONE routes without one */
	const struct api_route *route;
	const char *params[4]; /* {name} segments in order */
	void *in; /* the decoded struct, zeroed first */
	struct api_claim *claim; /* dispatch's own: Idempotency-Key */
};

typedef void api_handler_fn(struct api_call *c);

struct api_route {
	enum http_method method;
	const char *pattern; /* "/api/sessions/{id}/exec" */
	uint32_t scope; /* one of these bits is needed */
	enum api_kind kind;
	const struct js_field *body; /* NULL: none or {} */
	const struct js_field *query; /* NULL: none; no JS_TEXTS, JS_PAIRS */
	/*
	 * Of the struct both tables fill. A row with both counts the bits of
	 * the query fields on after those of the body.
	 */
	size_t in_size;
	size_t body_max; /* 0: the server's limit */
	api_handler_fn *handler;
	int success; /* status, for the document */
	const char *doc; /* one line */
};

/* Answers; after each of them the call is over. `v` is taken over. */
void api_reply(struct api_call *c, int status, struct js *v);
void api_empty(struct api_call *c, int status);
/* `err` by the one table of api/error.c; negative: 500, logged once. */
void api_fail(struct api_call *c, int err, const char *sentence);
void api_fail_code(struct api_call *c, int status, const char *code,
    const char *sentence, struct js *details);
/*
 * Commits and answers when durable; with an Idempotency-Key the answer is
 * stored in the same transaction. A failed commit becomes a 503.
 */
void api_commit(struct api_call *c, struct tx *tx, int status, struct js *v);
/*
 * The same for an answer that shows a secret: `kept` is what a repetition of
 * the request is answered with, so that the secret is stored nowhere.
 */
void api_commit_secret(struct api_call *c, struct tx *tx, int status,
    struct js *v, struct js *kept);

#endif
