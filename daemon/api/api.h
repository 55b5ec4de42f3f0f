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
/* What the first {name} of a pattern is, as far as dispatch needs to know. */
enum api_of { API_OF_ANY, API_OF_SESSION, API_OF_RUN };

struct api_call {
	struct app *app;
	struct http_req *req;
	const struct actor *actor; /* NULL on SCOPE_NONE routes without one */
	const struct api_route *route;
	const char *params[4];	 /* {name} segments in order */
	void *in;		 /* the decoded struct, zeroed first */
	struct api_claim *claim; /* dispatch's own: Idempotency-Key */
};

typedef void api_handler_fn(struct api_call *c);
/* Answers the call in place of its handler: it was refused. */
typedef void api_refuse_fn(struct api_call *c, const struct auth_refusal *no);

struct api_route {
	enum http_method method;
	const char *pattern; /* "/api/sessions/{id}/exec" */
	uint32_t scope;	     /* one of these bits is needed */
	enum api_kind kind;
	/*
	 * A caller who is bound to a session is let through to its own alone;
	 * with API_OF_ANY only where every credential will do (SCOPE_ANY).
	 */
	enum api_of of;
	/*
	 * It is there at the door of a run, for that run's token. Fewer than
	 * such a token opens elsewhere: what is typed into a session is the
	 * word of its person, and no program of it may have that.
	 */
	bool door;
	const struct js_field *body;  /* NULL: none or {} */
	const struct js_field *query; /* NULL: none; no lists and no JSON */
	/*
	 * Of the struct both tables fill. A row with both counts the bits of
	 * the query fields on after those of the body.
	 */
	size_t in_size;
	size_t body_max; /* 0: the server's limit */
	api_handler_fn *handler;
	/*
	 * Of a POST: all it does is in the transaction of its answer, or it
	 * does nothing. Any other is durably intended before it begins when it
	 * comes with an Idempotency-Key.
	 */
	bool atomic;
	/*
	 * Of a POST: nothing of it may be written, not even a digest, and to do
	 * it twice does no harm. Its Idempotency-Key is not looked at.
	 */
	bool unclaimed;
	/*
	 * Of a WebSocket whose first {name} is a session: a ticket for that
	 * session opens it too (query field `token`), and this tells of one
	 * that does not, where no->close is set.
	 */
	api_refuse_fn *turn_away;
	int success;	 /* status, for the document */
	const char *doc; /* one line */
};

/* Answers; after each of them the call is over. `v` is taken over. */
void api_reply(struct api_call *c, int status, struct js *v);
void api_empty(struct api_call *c, int status);
/*
 * `err` by the one table of api/error.c; negative: 500, logged once. With
 * RDV_E_INVALID and a sentence "field: what is wrong" about a field of the body
 * it is the 422 that the tables give.
 */
void api_fail(struct api_call *c, int err, const char *sentence);
void api_fail_code(struct api_call *c, int status, const char *code,
    const char *sentence, struct js *details);
/*
 * Commits and answers when durable; with an Idempotency-Key the answer is
 * stored in the same transaction. A failed commit becomes a 503.
 */
void api_commit(struct api_call *c, struct tx *tx, int status, struct js *v);
/*
 * The long form. `kept` (taken over) is what a repetition of the request is
 * answered with in place of `body`, so that a secret shown once is stored
 * nowhere. `durable` runs before the client is told, with the outcome.
 */
struct api_answer {
	int status;
	struct js *body;	    /* taken over; NULL: none */
	struct js *kept;	    /* NULL: the body */
	const char *const *headers; /* name, value, ..., NULL; lives as long */
	void (*durable)(int err, void *arg);
	void *arg;
};
void api_commit_answer(struct api_call *c, struct tx *tx,
    const struct api_answer *answer);
/*
 * The same for a change that records a refusal: `answer` says what runs when it
 * is durable, and its status and body are the refusal's.
 */
struct api_failure {
	int status;
	const char *code, *sentence;
	struct js *details; /* taken over; NULL: none */
};
void api_commit_failure(struct api_call *c, struct tx *tx,
    const struct api_failure *no, const struct api_answer *answer);
/* Bytes that are complete and of that type already. */
void api_reply_raw(struct api_call *c, int status, const char *type,
    const void *p, size_t len);
/* A refusal by auth, with its headers. */
void api_refuse(struct api_call *c, const struct auth_refusal *no);

/* The dispatcher: one per process, called by http/ for every request. */
struct api;
struct api *api_new(struct app *app, const struct api_route *const *tables);
void api_free(struct api *api);
void api_dispatch(struct http_req *r, void *api);
/* http_early_fn: nobody without a credential makes us keep a body. */
bool api_early(struct http_req *r, void *api);

struct api_stats {
	uint64_t answers[6]; /* by first digit of the status */
	uint64_t replayed;   /* by Idempotency-Key */
	uint64_t us;	     /* from request to answer, all together */
};
const struct api_stats *api_stats(const struct api *api);

/* What handlers keep from one request to another, each its own. */
struct api_kept {
	struct session_memo *sessions;
	struct event_texts *events;
	struct doors *doors;
	struct clips *clips;
};
const struct api_kept *api_kept(const struct api *api);

#endif
