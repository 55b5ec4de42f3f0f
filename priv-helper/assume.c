/* SPDX-License-Identifier: MIT */
/*
 * Another account's rights in the file system, without its power over this
 * process: setfsuid(2) leaves the real ids alone, so the account cannot signal
 * or trace us meanwhile, and takes root's file capabilities away as long as it
 * lasts. It reports nothing; so it is asked.
 */
#include "priv-helper/assume.h"

#include <errno.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/log.h"
#include "security/mutant.h"

/* An id that is none leaves the present one, which comes back. */
#define ASK_UID ((uid_t)-1)
#define ASK_GID ((gid_t)-1)

static int
assume(uid_t uid, gid_t gid)
{
	(void)setfsgid(gid);
	(void)setfsuid(uid);
	return (uid_t)setfsuid(ASK_UID) == uid &&
		       (gid_t)setfsgid(ASK_GID) == gid
		   ? 0
		   : -EPERM;
}

/* What every change of these ids takes from a process. */
static struct {
	int signal; /* at the death of the parent; 0: none */
	pid_t parent;
} had;

int
assume_account(uid_t uid, gid_t gid)
{
	int err;

	had.parent = getppid();
	if (prctl(PR_GET_PDEATHSIG, &had.signal) < 0)
		return -errno;
	err = mutant("C04-owner") ? 0 : assume(uid, gid);
	if (err != 0)
		assume_root();
	return err;
}

/* Dumpable again would be readable to others; and we may be an orphan now. */
void
assume_root(void)
{
	if (assume(0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, had.signal) < 0)
		fatalx("assume", "cannot come back to root");
	if (had.signal != 0 && getppid() != had.parent)
		(void)raise(had.signal);
}
