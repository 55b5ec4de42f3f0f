/* SPDX-License-Identifier: MIT */
/*
 * The rights of an account for the time of a few calls. By the file system ids
 * and not the effective ones: with those the account could signal and trace
 * this process meanwhile. setfsuid(2) does not say whether it has worked, so
 * it is asked again with an id that cannot be set (credentials(7)).
 */
#include "security/asuser.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include "lib/log.h"
#include "security/mutant.h"

static bool
are(uid_t uid, gid_t gid)
{
	return (uid_t)setfsuid((uid_t)-1) == uid &&
	       (gid_t)setfsgid((gid_t)-1) == gid;
}

int
asuser_begin(bool privileged, uid_t uid, gid_t gid, const gid_t *groups,
    unsigned ngroups)
{
	if (!privileged)
		return uid == geteuid() && gid == getegid() ? 0 : -EPERM;
	if (mutant("asuser"))
		return 0;
	if (setgroups(ngroups, groups) < 0)
		return -errno;
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	if (are(uid, gid))
		return 0;
	asuser_end(privileged);
	return -EPERM;
}

void
asuser_end(bool privileged)
{
	if (!privileged)
		return;
	(void)setfsuid(geteuid());
	(void)setfsgid(getegid());
	/* A request carried out with the last one's rights: better none. */
	if (!are(geteuid(), getegid()) || setgroups(0, NULL) < 0)
		fatal("asuser", "cannot leave an account's rights");
}
