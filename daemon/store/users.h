/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_USERS_H
#define RDV_STORE_USERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/secret.h"

struct db;
struct tx;

struct store_user {
	char id[UUID_TEXT];
	uid_t uid;
	const char *name; /* borrowed while the callback runs */
};

/* Every user, oldest first, until `cb` returns false. 0 or -errno. */
int store_users_each(struct db *db,
    bool (*cb)(const struct store_user *u, void *arg), void *arg);
/* 0 or -errno; -EEXIST: uid or name has a row. */
int store_user_insert(struct tx *tx, const struct store_user *u, int64_t now);
/* The login name of a uid may change; its row keeps the id. */
int store_user_rename(struct tx *tx, const char *id, const char *name);

#endif
