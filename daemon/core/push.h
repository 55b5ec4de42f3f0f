/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSH_H
#define RDV_PUSH_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/store/pushes.h"

struct app;
struct arena;
struct js;
struct pushes;
struct store_approval;
struct tx;

/*
 * Telling people's devices that something waits for them (RFC 8030). rdvd keeps
 * who is to be told and what became of it, encrypts and signs; rdv-push, a
 * process of the account's, carries it. A push says which approval it is about
 * and nothing of what is asked.
 */
struct pushes *pushes_new(struct app *app);
/* What carries one has been answered by then; NULL is fine. */
void pushes_free(struct pushes *ps);
/* Those that an rdvd before this one was at; NULL is fine. */
void pushes_settle(struct pushes *ps);

#define PUSH_DEVICES 20 /* of a user */
#define PUSH_KEPT    50 /* deliveries of a device that are over */
#define PUSH_WAITING 20 /* of a device; then there is no test of it */
#define PUSH_KEY     88 /* bytes of a public key as text */

/* The host's own key for this, made when first asked for. 0, or -errno. */
int push_public_key(struct pushes *ps, char out[PUSH_KEY]);

struct push_wish {
	const char *user_id, *token_id;
	const char *name, *endpoint, *p256dh, *auth;
};
/*
 * In `tx`; 0 and the row, in the arena. The same endpoint again is the same
 * device, with what is said now (`*renewed`). RDV_E_INVALID, RDV_E_FULL,
 * RDV_E_DENIED (the credential is not the user's own), each with a sentence.
 */
int push_device_new(struct pushes *ps, struct tx *tx, struct arena *a,
    const struct push_wish *w, struct store_device *row, bool *renewed,
    const char **why);
/* RDV_E_NOT_FOUND. What is under way to it is not ended. */
int push_device_delete(struct tx *tx, const char *user_id, const char *id);
/*
 * A push that is about nothing, now. RDV_E_NOT_FOUND; RDV_E_STATE: gone;
 * RDV_E_FULL: PUSH_WAITING are not over.
 */
int push_test(struct pushes *ps, struct tx *tx, struct arena *a,
    const char *user_id, const char *id);
/* To all devices of its user, a little later; NULL `ps` is fine. */
int
push_queue(struct pushes *ps, struct tx *tx, const struct store_approval *row);

/* As it is shown: nothing by which anybody could send to it. */
struct js *push_device_json(const struct store_device *d);
struct js *push_delivery_json(const struct store_delivery *p);

#endif
