/* SPDX-License-Identifier: MIT */
/*
 * Rows of `user`. A person is found by uid, which is what the kernel vouches
 * for; the id is what every other table refers to.
 */
#include "daemon/store/users.h"

#include <string.h>

#include "daemon/store/db.h"
#include "lib/str.h"

static const char sql_each[] =
    "SELECT id, uid, name FROM user ORDER BY created_at, id";
static const char sql_insert[] =
    "INSERT INTO user (id, uid, name, created_at) VALUES (?, ?, ?, ?)";
static const char sql_rename[] = "UPDATE user SET name = ? WHERE id = ?";

struct each {
	bool (*cb)(const struct store_user *u, void *arg);
	void *arg;
};

static bool
users_row_cb(struct row *row, void *arg)
{
	struct each *e = arg;
	struct store_user u = { .uid = (uid_t)row_int(row, 1) };

	(void)str_copy(u.id, row_str(row, 0), sizeof(u.id));
	u.name = row_str(row, 2);
	return e->cb(&u, e->arg);
}

int
store_users_each(struct db *db,
    bool (*cb)(const struct store_user *u, void *arg), void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_each, users_row_cb, &e, "");
}

int
store_user_insert(struct tx *tx, const struct store_user *u, int64_t now)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sisi", u->id, (int64_t)u->uid,
	    u->name, now));
}

int
store_user_rename(struct tx *tx, const char *id, const char *name)
{
	return tx_wrote(tx_exec(tx, sql_rename, "ss", name, id));
}
