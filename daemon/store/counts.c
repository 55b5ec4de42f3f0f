/* SPDX-License-Identifier: MIT */
/*
 * Numbers for monitoring, across users. Each is answered from an index alone.
 */
#include "daemon/store/counts.h"

#include <stdbool.h>

#include "daemon/store/db.h"

static const char sql_sessions[] =
    "SELECT count(*) FROM session WHERE status = ?";

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
