/* SPDX-License-Identifier: MIT */
/*
 * Idempotency keys. A repetition gets the first answer, word for word, from
 * the row that was written with the change itself; while the first is under
 * way a claim in memory turns repetitions away. What is done outside of that
 * transaction is preceded by a durable intent: one that is found without a
 * claim was left by a daemon that died on the way, and whether the thing was
 * done cannot be told. Invariant: no key runs twice.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/api/state.h"
#include "daemon/app.h"
#include "daemon/auth/digest.h"
#include "daemon/store/db.h"
#include "daemon/store/idem.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define KEY_MAX 255

static const char unknown[] =
    "the first attempt was begun and what became of it is not known: look "
    "whether it was done before you repeat it with a new Idempotency-Key";

static void api_intended_cb(int, void *);

/* Visible ASCII: a key is compared, logged and stored, never interpreted. */
static bool
key_ok(const char *key)
{
	size_t n = 0;

	for (; key[n] != '\0'; n++) {
		if (key[n] < 0x21 || key[n] > 0x7e)
			return false;
	}
	return n >= 1 && n <= KEY_MAX;
}

static bool
refuse(struct api_call *c, int status, const char *code, const char *why)
{
	api_fail_code(c, status, code, why, NULL);
	return false;
}

/* As many as there are POSTs under way with a key: a few. */
static bool
in_flight(const struct api *api, const char *user_id, const char *key)
{
	const struct api_claim *claim;

	TAILQ_FOREACH (claim, &api->claims, link) {
		if (strcmp(claim->user_id, user_id) == 0 &&
		    strcmp(claim->key, key) == 0)
			return true;
	}
	return false;
}

static void
claim_new(struct api_call *c, const char *key, const char *route,
    const char *digest)
{
	struct api *api = c->app->api;
	struct api_claim *claim = xcalloc(1, sizeof(*claim));

	claim->api = api;
	(void)str_copy(claim->user_id, c->actor->user_id,
	    sizeof(claim->user_id));
	claim->key = xstrdup(key);
	claim->route = xstrdup(route);
	claim->digest = xstrdup(digest);
	TAILQ_INSERT_TAIL(&api->claims, claim, link);
	c->claim = claim;
}

void
api_claim_free(struct api_claim *claim)
{
	if (claim == NULL)
		return;
	TAILQ_REMOVE(&claim->api->claims, claim, link);
	free(claim->key);
	free(claim->route);
	free(claim->digest);
	free(claim);
}

/*
 * The digest covers path, query and body, so that a key that is used by mistake
 * for another request is told of instead of answered with something unrelated.
 */
static bool
replay(struct api_call *c, const struct store_idem *old, const char *route,
    const char *digest)
{
	static const char *const headers[] = { "Idempotency-Replayed", "true",
		NULL };
	size_t len = strlen(old->body);

	if (strcmp(old->route, route) != 0 || strcmp(old->digest, digest) != 0)
		return refuse(c, 422, "IDEMPOTENCY_MISMATCH",
		    "the Idempotency-Key was used for another request");
	if (old->status == STORE_IDEM_INTENT)
		return refuse(c, 409, "IDEMPOTENCY_UNKNOWN", unknown);
	c->app->api->stats.replayed++;
	api_send(c, (int)old->status, len > 0 ? old->body : NULL, len, headers);
	return false;
}

/*
 * POST alone: what the other methods do here, done twice, is as done once (RFC
 * 9110 section 9.2.2). Without an actor there is nobody whose key it could be.
 */
bool
api_claim(struct api_call *c)
{
	const char *key = http_header(c->req, "idempotency-key");
	const char *route, *texts[3] = { c->req->path, c->req->query, NULL };
	char digest[DIGEST_TEXT];
	struct store_idem old;
	int err;

	if (key == NULL || c->req->method != HTTP_M_POST || c->actor == NULL ||
	    c->route->unclaimed)
		return true;
	if (!key_ok(key) || http_header_count(c->req, "idempotency-key") != 1)
		return refuse(c, 400, "INVALID_ARGUMENT",
		    "Idempotency-Key must be one of 1 to 255 printable bytes");
	/*
	 * Before the table is asked: there the intent of one that is still at
	 * work looks like one whose daemon died.
	 */
	if (in_flight(c->app->api, c->actor->user_id, key))
		return refuse(c, 409, "IDEMPOTENCY_IN_FLIGHT",
		    "a request with this Idempotency-Key is under way");
	route = arena_printf(c->req->arena, "POST %s", c->route->pattern);
	/* Of the route the pattern is kept, the rest is in the digest. */
	digest_texts(digest, texts, c->req->body, c->req->body_len);
	err = store_idem_find(c->app->db, c->req->arena, c->actor->user_id, key,
	    &old);
	if (err == 0)
		return replay(c, &old, route, digest);
	if (err != RDV_E_NOT_FOUND) {
		api_fail(c, err, NULL);
		return false;
	}
	claim_new(c, key, route, digest);
	return true;
}

static struct store_idem
row_of(const struct api_claim *claim, int status, const char *body)
{
	return (struct store_idem){
		.user_id = claim->user_id,
		.key = claim->key,
		.route = claim->route,
		.digest = claim->digest,
		.status = status,
		.body = body,
	};
}

/* A failure stays in the transaction, whose commit then fails. */
void
api_claim_store(struct api_claim *claim, struct tx *tx, int status,
    const char *body)
{
	struct store_idem row = row_of(claim, status, body);

	claim->state = CLAIM_ANSWERED;
	(void)store_idem_insert(tx, &row, clock_wall_ms());
}

/* Nothing was done: the key may try again. */
static void
withdraw(struct api_call *c)
{
	struct tx *tx = tx_begin(c->app->db);

	/*
	 * Nobody waits for this: a withdrawal that is lost makes the key
	 * unusable and nothing worse, as the repetition hears that it is not
	 * known.
	 */
	c->claim->state = CLAIM_HELD;
	(void)store_idem_withdraw(tx, c->claim->user_id, c->claim->key);
	tx_commit(tx, NULL, NULL);
}

static void
api_intended_cb(int err, void *arg)
{
	struct api_call *c = arg;

	if (err != 0) {
		api_fail(c, err, NULL);
		return;
	}
	c->claim->state = CLAIM_INTENDED;
	if (!c->app->draining) {
		api_run(c);
		return;
	}
	/* The parts a handler needs may be gone already. */
	withdraw(c);
	api_fail(c, RDV_E_UNAVAILABLE, "rdv is ending; nothing was done");
}

bool
api_intend(struct api_call *c)
{
	struct store_idem row;
	struct tx *tx;

	if (c->claim == NULL || c->route->atomic)
		return true;
	row = row_of(c->claim, STORE_IDEM_INTENT, NULL);
	tx = tx_begin(c->app->db);
	(void)store_idem_insert(tx, &row, clock_wall_ms());
	tx_commit(tx, api_intended_cb, c);
	return false;
}

/*
 * A refusal says that nothing was done. While rdvd ends, a failure may only say
 * that nobody is left to wait for the outcome: then the intent stands.
 */
void
api_claim_end(struct api_call *c, int status)
{
	bool unsure = status >= 500 && c->app->draining;

	if (c->claim == NULL)
		return;
	if (c->claim->state == CLAIM_INTENDED && status >= 400 && !unsure)
		withdraw(c);
	api_claim_free(c->claim);
	c->claim = NULL;
}
