/* SPDX-License-Identifier: MIT */
/*
 * Rows of `event`, the outbox. Numbers are given here, one above the newest
 * row, and a number whose change was undone is given again: so there are no
 * gaps, and a reader that has seen N is complete up to N.
 *
 * Invariant: only a prefix is ever deleted, and never the newest row.
 */
#include "daemon/store/outbox.h"

#include <stddef.h>

#include "daemon/store/dbi.h"

static const char sql_insert[] =
    "INSERT INTO event (seq, time_ms, kind, user_id, subject, body) "
    "VALUES (?, ?, ?, ?, ?, ?)";
static const char sql_range[] =
    "SELECT seq, time_ms, kind, user_id, subject, body FROM event "
    "WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT ?";
static const char sql_oldest[] = "SELECT MIN(seq) FROM event";
static const char sql_newest[] = "SELECT MAX(seq) FROM event";
static const char sql_sane[] =
    "SELECT time_ms FROM event WHERE seq > ? AND time_ms <= ? "
    "ORDER BY seq LIMIT 1";
static const char sql_delete[] = "DELETE FROM event WHERE seq <= ?";

static bool
number_row_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

int
store_event_insert(struct tx *tx, struct store_event *e)
{
	struct db *db = tx_db(tx);
	long n;
	int err = tx_error(tx);

	/*
	 * After a start, and after an undoing, which may have given some back.
	 */
	if (err == 0 && db->event_seq < 0)
		err =
		    db_query(db, sql_newest, number_row_cb, &db->event_seq, "");
	if (err != 0)
		return err;
	n = tx_exec(tx, sql_insert, "iissss", db->event_seq + 1, e->time_ms,
	    e->kind, e->user_id, e->subject, e->body);
	if (n < 0)
		return (int)n;
	e->seq = ++db->event_seq;
	return 0;
}

struct each {
	store_event_fn *cb;
	void *arg;
};

static bool
event_row_cb(struct row *row, void *arg)
{
	const struct each *each = arg;
	struct store_event e = {
		.seq = row_int(row, 0),
		.time_ms = row_int(row, 1),
		.kind = row_str(row, 2),
		.user_id = row_str(row, 3),
		.subject = row_str(row, 4),
		.body = row_str(row, 5),
	};

	return each->cb(&e, each->arg);
}

int
store_events_range(struct db *db, int64_t from, int64_t to, int64_t limit,
    store_event_fn *cb, void *arg)
{
	struct each each = { cb, arg };

	return db_query(db, sql_range, event_row_cb, &each, "iii", from, to,
	    limit);
}

int
store_event_bounds(struct db *db, int64_t *oldest, int64_t *newest)
{
	int64_t min = 0, max = 0;
	int err;

	err = db_query(db, sql_oldest, number_row_cb, &min, "");
	if (err == 0)
		err = db_query(db, sql_newest, number_row_cb, &max, "");
	if (err != 0)
		return err;
	*oldest = min;
	*newest = max;
	return 0;
}

struct expire {
	const struct store_expiry *e;
	int64_t seen; /* the last one looked at */
	int64_t last; /* of the prefix that is old */
	bool young;
};

static bool
expire_row_cb(struct row *row, void *arg)
{
	struct expire *x = arg;
	int64_t time = row_int(row, 1);

	x->seen = row_int(row, 0);
	/* What follows tells how old it is. */
	if (time > x->e->now)
		return true;
	/* A clock that was wrong must not make a hole: the prefix ends here. */
	x->young = time >= x->e->before;
	if (!x->young)
		x->last = x->seen;
	return !x->young;
}

/* From the future up to the last one seen: as old as the first that is not. */
static int
expire_beyond(struct db *db, struct expire *x)
{
	int64_t time = INT64_MAX;
	int err = db_query(db, sql_sane, number_row_cb, &time, "ii", x->seen,
	    x->e->now);

	if (err == 0 && time < x->e->before)
		x->last = x->seen;
	return err;
}

long
store_events_expire(struct tx *tx, const struct store_expiry *e)
{
	struct expire x = { .e = e };
	struct db *db = tx_db(tx);
	int64_t oldest, newest, to;
	int err;

	err = store_event_bounds(db, &oldest, &newest);
	if (err != 0)
		return err;
	/* The newest stays: its number is where the next one begins. */
	to = e->to < newest ? e->to : newest - 1;
	err = db_query(db, sql_range, expire_row_cb, &x, "iii", oldest, to,
	    e->limit);
	if (err == 0 && !x.young && x.seen > x.last)
		err = expire_beyond(db, &x);
	if (err != 0 || x.last == 0)
		return err;
	return tx_exec(tx, sql_delete, "i", x.last);
}
