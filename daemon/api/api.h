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
	void *in;	       /* the decoded struct, zeroed first */
};

typedef void api_handler_fn(struct api_call *c);

struct api_route {
	enum http_method method;
	const char *pattern; /* "/api/sessions/{id}/exec" */
	uint32_t scope;
	enum api_kind kind;
	const struct js_field *body;  /* NULL: no body allowed */
	const struct js_field *query; /* NULL: none; JS_TEXT, JS_INT, JS_BOOL */
	size_t in_size;		      /* of the struct both tables fill */
	size_t body_max;	      /* 0: the server's limit */
	api_handler_fn *handler;
	int success;		      /* status, for the document */
	const char *doc;	      /* one line */
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

#endif
