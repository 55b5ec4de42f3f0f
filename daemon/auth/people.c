/* SPDX-License-Identifier: MIT */
/*
 * System mode: the users that [main] has announced. A row stays for as long as
 * there is work of that uid; whether its credentials count is decided by the
 * policy of this moment, which is [main]'s and the helper's.
 */
#include <string.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/auth/state.h"
#include "daemon/http/http.h"
#include "daemon/store/db.h"
#include "daemon/store/users.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

static struct auth_user *
by_uid(const struct auth *a, uid_t uid)
{
	for (size_t i = 0; i < a->nusers; i++) {
		if (a->users[i].uid == uid)
			return &a->users[i];
	}
	return NULL;
}

/*
 * A name belongs to whom the account database gives it now. What an earlier
 * account of that name has left stays that uid's.
 */
static int
free_name(struct auth *a, uid_t uid, const char *name)
{
	char *other;
	int err = 0;

	for (size_t i = 0; i < a->nusers && err == 0; i++) {
		if (a->users[i].uid == uid ||
		    strcmp(a->users[i].name, name) != 0)
			continue;
		other = xasprintf("%s#%u", name, (unsigned)a->users[i].uid);
		err = auth_user_rename(a, &a->users[i], other);
		free(other);
	}
	return err;
}

static int
insert(struct auth *a, uid_t uid, const char *name, struct auth_user **out)
{
	struct store_user row = { .uid = uid, .name = name };
	struct tx *tx = tx_begin(a->app->db);
	int err;

	uuid_v7(row.id);
	err = store_user_insert(tx, &row, clock_wall_ms());
	if (err != 0) {
		tx_abort(tx);
		return err;
	}
	tx_commit(tx, NULL, NULL);
	*out = auth_user_add(a, &row);
	return 0;
}

int
auth_serve(struct auth *a, uid_t uid, const char *name, bool by_web)
{
	struct auth_user *u = by_uid(a, uid);
	int err = free_name(a, uid, name);

	if (err == 0 && u == NULL)
		err = insert(a, uid, name, &u);
	else if (err == 0 && strcmp(u->name, name) != 0)
		err = auth_user_rename(a, u, name);
	if (err == 0) {
		u->served = true;
		u->by_web = by_web;
	}
	return err;
}

void
auth_serve_no_more(struct auth *a, uid_t uid)
{
	struct auth_user *u = by_uid(a, uid);

	if (u == NULL)
		return;
	u->served = false;
	auth_watch_fire_user(a, u->id);
}

const char *
auth_user_id(const struct auth *a, uid_t uid)
{
	const struct auth_user *u = by_uid(a, uid);

	return u != NULL && u->served ? u->id : NULL;
}

static void
end_service(struct auth *a, const char *id)
{
	if (id[0] != '\0' && !service_counts(&a->service, id, clock_wall_ms()))
		auth_watch_fire(a, id);
}

bool
auth_service(struct auth *a, const char *text, size_t len,
    const uint8_t previous[DIGEST_LEN], int64_t until)
{
	const struct service was = a->service;

	if (!service_set(&a->service, text, len, previous, until))
		return false;
	end_service(a, was.id);
	end_service(a, was.previous_id);
	auth_sweep_plan(a);
	return true;
}

bool
auth_counts(const struct auth *a, const struct http_req *r, const char *user_id)
{
	const struct auth_user *u = auth_user_find(a, user_id);

	if (u == NULL || !u->served)
		return false;
	return r->person == HTTP_ANYBODY ? u->by_web : r->person == u->uid;
}
