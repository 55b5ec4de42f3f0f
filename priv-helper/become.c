/* SPDX-License-Identifier: MIT */
/*
 * From root to rdvd's account. The order is that of a child's drop: each step
 * gives up the right to the one before it.
 */
#include "priv-helper/become.h"

#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "security/caps.h"
#include "security/mutant.h"

static int
set_ids(uid_t uid, gid_t gid)
{
	if (!mutant("E12-groups") && setgroups(0, NULL) < 0)
		return -errno;
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return 0;
}

/* The only proof that a drop has happened is that it cannot be undone. */
static int
verify(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return -errno;
	if (r != uid || e != uid || s != uid || rg != gid || eg != gid ||
	    sg != gid)
		return -EPERM;
	if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0 ||
	    setgroups(0, NULL) == 0)
		return -EPERM;
	return caps_verify_none();
}

int
become_service(uid_t uid, gid_t gid)
{
	int err;

	if (uid == 0 || gid == 0)
		return -EPERM;
	err = caps_clear_ambient();
	if (err == 0)
		err = caps_drop_bounding();
	if (err == 0)
		err = set_ids(uid, gid);
	if (err == 0)
		err = caps_drop_all();
	if (err == 0)
		err = verify(uid, gid);
	if (err == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		err = -errno;
	return err;
}
