/* SPDX-License-Identifier: MIT */
/*
 * For whom work goes on that nobody asks for now: after a start, a failure, a
 * login. Invariant: a uid that is not on record is none, least of all 0, and
 * nothing is begun for an account that the helper would not begin it for.
 */
#include "daemon/core/owner.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/grant.h"
#include "daemon/core/worktree.h"
#include "daemon/store/users.h"
#include "lib/err.h"
#include "lib/str.h"

struct owner {
	const char *id;
	uid_t uid;
	bool found;
};

static bool
owner_user_cb(const struct store_user *u, void *arg)
{
	struct owner *o = arg;

	o->found = strcmp(u->id, o->id) == 0;
	o->uid = u->uid;
	return !o->found;
}

int
owner_find(struct db *db, const char *user_id, struct worktree_who *who)
{
	struct owner o = { .id = user_id };
	int err = store_users_each(db, owner_user_cb, &o);

	if (err != 0)
		return err;
	if (!o.found)
		return RDV_E_NOT_FOUND;
	*who = (struct worktree_who){ .uid = o.uid };
	(void)str_copy(who->user_id, user_id, sizeof(who->user_id));
	return 0;
}

bool
owner_may_begin(const struct app *app, const char *user_id,
    struct worktree_who *who)
{
	return owner_find(app->db, user_id, who) == 0 &&
	       (!app->conf->system || grant_is_given(app->grants, who->uid));
}
