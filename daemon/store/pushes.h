/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_PUSHES_H
#define RDV_STORE_PUSHES_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `push_device`. */
struct store_device {
	const char *id, *user_id;
	const char *token_id; /* the credential that made it */
	const char *name, *endpoint;
	const char *p256dh, *auth;		  /* base64url */
	const char *state;			  /* active, gone */
	int64_t last_attempt_at, last_success_at; /* -1: never */
	const char *failure; /* of the last attempt; NULL: it was delivered */
	int64_t created_at;
	int64_t waiting; /* read alone: deliveries not over */
};
typedef bool store_device_fn(const struct store_device *d, void *arg);

/* 0 or -errno, here and below, and what is said beside it. */
int store_device_insert(struct tx *tx, const struct store_device *d);
/* The device of that user and endpoint is this one now, under its old id. */
int store_device_renew(struct tx *tx, const struct store_device *d);
/* RDV_E_NOT_FOUND when it is not that user's. */
int store_device_delete(struct tx *tx, const char *user_id, const char *id);
/*
 * The failure, and the times where they are later than what is there; and that
 * it is `gone`. RDV_E_NOT_FOUND: it is not what it was, but removed or renewed.
 */
int store_device_note(struct tx *tx, const struct store_device *d, bool gone);
/* RDV_E_NOT_FOUND when it is not that user's. Strings in the arena. */
int store_device_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_device *out);
int store_device_at(struct db *db, struct arena *a, const char *user_id,
    const char *endpoint, struct store_device *out);
/* Of a user, oldest first. Strings are borrowed while `cb` runs. */
int store_devices_of(struct db *db, const char *user_id, store_device_fn *cb,
    void *arg);
int store_devices_count(struct db *db, const char *user_id, int64_t *count);
/* Whether that credential of the user's is good, as it is stored. */
int store_device_token(struct db *db, const char *user_id, const char *token_id,
    int64_t now, bool *good);

/* A row of `push_delivery`. */
struct store_delivery {
	const char *id, *device_id, *user_id;
	const char *approval_id; /* NULL: a test */
	const char *state; /* queued, sending, delivered, failed, dropped */
	int64_t attempts, torn;
	int64_t status; /* of the last answer; -1: none */
	const char *cause;
	int64_t next_at, expires_at, created_at;
};
typedef bool store_delivery_fn(const struct store_delivery *p, void *arg);

int store_delivery_insert(struct tx *tx, const struct store_delivery *p);
/* state, attempts, torn, status, cause, next_at. RDV_E_NOT_FOUND. */
int store_delivery_change(struct tx *tx, const struct store_delivery *p);
/* Keeps the newest `keep` of a device that are over, and all others. */
int store_deliveries_trim(struct tx *tx, const char *device_id, int64_t keep);
/*
 * In that state and due at `now`, those that are due longest first; but none
 * whose id, or whose user's, is a word of `skip`, here and below.
 */
int store_deliveries_due(struct db *db, const char *state, int64_t now,
    const char *skip, store_delivery_fn *cb, void *arg);
/* When the next queued one is due; -1: none is. */
int store_deliveries_next(struct db *db, const char *skip, int64_t *at);
/* No queued one of that user's is due before `until`, and says why. */
int store_deliveries_postpone(struct tx *tx, const char *user_id,
    const char *cause, int64_t until);
/* Of a device, newest first. */
int store_deliveries_of(struct db *db, const char *device_id, int64_t limit,
    store_delivery_fn *cb, void *arg);
/* Strings in the arena. */
struct store_delivery
store_delivery_copy(struct arena *a, const struct store_delivery *p);

#endif
