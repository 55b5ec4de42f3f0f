/* SPDX-License-Identifier: MIT */
#ifndef RDV_OUTBOX_H
#define RDV_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct tx;

/* A row of `event`. Numbers are without gaps, beginning with 1. */
struct store_event {
	int64_t seq;
	int64_t time_ms;
	const char *kind;
	const char *user_id; /* NULL: everybody may read it */
	const char *subject;
	const char *body;
};

/* Gives `e` the next number. 0 or -errno, which also fails the change. */
int store_event_insert(struct tx *tx, struct store_event *e);
/* Rows with from <= seq <= to, in order, at most `limit`. 0 or -errno. */
typedef bool store_event_fn(const struct store_event *e, void *arg);
int store_events_range(struct db *db, int64_t from, int64_t to, int64_t limit,
    store_event_fn *cb, void *arg);
/* 0 and 0 for an empty table. 0 or -errno. */
int store_event_bounds(struct db *db, int64_t *oldest, int64_t *newest);
/*
 * Deletes the oldest rows up to `to` as long as they were written before
 * `before`, at most `limit`; never the newest row. A row from later than `now`
 * was written under a wrong clock: it is as old as what follows it. Rows
 * deleted, or -errno.
 */
struct store_expiry {
	int64_t to, before, now, limit;
};
long store_events_expire(struct tx *tx, const struct store_expiry *e);

#endif
