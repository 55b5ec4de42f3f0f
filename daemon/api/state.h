/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_STATE_H
#define RDV_API_STATE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "daemon/api/api.h"
#include "lib/bucket.h"
#include "lib/buf.h"
#include "lib/secret.h"

/* What the files of the dispatcher share; handlers do not include this. */
enum claim_state {
	CLAIM_HELD,	/* in memory alone */
	CLAIM_INTENDED, /* a row says that it has begun */
	CLAIM_ANSWERED	/* its answer is stored, or that was tried */
};

struct api_claim {
	TAILQ_ENTRY(api_claim) link;
	struct api *api;
	char user_id[UUID_TEXT];
	char *key, *route, *digest;
	enum claim_state state;
};

struct api {
	struct app *app;
	struct api_index *index;
	TAILQ_HEAD(, api_claim) claims; /* POSTs under way with a key */
	struct api_stats stats;
	struct bucket refusals; /* log lines about them */
	struct buf openapi;	/* the document, once asked for */
	struct api_kept kept;
};

/*
 * Judges the Idempotency-Key of a POST. True when the handler is to run, with
 * c->claim set if there was a key; false when it was answered.
 */
bool api_claim(struct api_call *c);
/*
 * The last step before the handler. False: api_run() follows when the intent is
 * durable, or the call was answered because it cannot be.
 */
bool api_intend(struct api_call *c);
/* Calls the handler, to which the call belongs from then on. */
void api_run(struct api_call *c);
/* The call is being answered with `status`. */
void api_claim_end(struct api_call *c, int status);
void api_claim_free(struct api_claim *claim);
/* Writes the answer for a repetition into `tx`. */
void api_claim_store(struct api_claim *claim, struct tx *tx, int status,
    const char *body);

/* api_fail_code() with headers. */
void api_fail_headers(struct api_call *c, int status, const char *code,
    const char *sentence, const char *const *headers);
/* An answer that is text already; `body` NULL: none. */
void api_send(struct api_call *c, int status, const char *body, size_t len,
    const char *const *headers);

/*
 * The path as logs may have it: what is longer than any id is "*", because it
 * may be a credential that somebody put there (abuse N01).
 */
#define API_ID_MAX   36
#define API_LOG_PATH 256
void api_log_path(const struct api_call *c, char out[API_LOG_PATH]);

#endif
