/* SPDX-License-Identifier: MIT */
/*
 * Numbers for monitoring, across users. Each is answered from an index alone.
 */
#include "daemon/store/counts.h"

#include <stdbool.h>

#include "daemon/store/db.h"

static const char sql_sessions[] =
    "SELECT count(*) FROM session WHERE status = ?";

/* All of the index over those that wait, and nothing of the table. */
static const char sql_queue[] = "SELECT count(*), min(created_at) FROM queued "
				"WHERE state = 'waiting' AND created_at >= 0";

static bool
counts_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

int
store_counts_get(struct db *db, struct store_counts *out)
{
	struct store_counts n = { 0, 0 };
	int err;

	err = db_query(db, sql_sessions, counts_cb, &n.active, "s", "active");
	if (err == 0)
		err = db_query(db, sql_sessions, counts_cb, &n.suspended, "s",
		    "suspended");
	if (err == 0)
		*out = n;
	return err;
}

static bool
counts_queue_cb(struct row *row, void *arg)
{
	struct store_queue_counts *n = arg;

	n->waiting = row_int(row, 0);
	n->since = row_int_or(row, 1, -1);
	return false;
}

int
store_queue_counts_get(struct db *db, struct store_queue_counts *out)
{
	*out = (struct store_queue_counts){ 0, -1 };
	return db_query(db, sql_queue, counts_queue_cb, out, "");
}
