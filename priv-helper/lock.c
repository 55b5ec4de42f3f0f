/* SPDX-License-Identifier: MIT */
/*
 * Single instance by flock(2), which the kernel releases with the last
 * descriptor, however its holder ends. A lock file can be unlinked or replaced
 * by its owner, and a lock on a file without a name keeps nobody out; so the
 * directory itself is locked as well, and that inode stays as long as the state
 * in it does (abuse C05, C06).
 */
#include "priv-helper/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "security/mutant.h"

#define LOCK_NAME "lock"

static int
fail(int err, char *why, size_t whysize, const char *what)
{
	snprintf(why, whysize, "%s: %s", what, strerror(-err));
	return err;
}

static int
flock_now(int fd, const char *what, char *why, size_t whysize)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(-errno, why, whysize, what);
	snprintf(why, whysize, "another rdv runs on this directory");
	return RDV_E_BUSY;
}

/* Still the file of that name, and nobody else's? */
static int
recheck(int server, int fd, char *why, size_t whysize)
{
	struct stat held, named;

	if (fstat(fd, &held) < 0)
		return fail(-errno, why, whysize, "server/lock");
	if (!S_ISREG(held.st_mode) || held.st_uid != geteuid()) {
		snprintf(why, whysize, "server/lock is not a file of ours");
		return -EPERM;
	}
	if (fstatat(server, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    named.st_dev != held.st_dev || named.st_ino != held.st_ino) {
		snprintf(why, whysize,
		    "server/lock was replaced while it was being taken");
		return RDV_E_BUSY;
	}
	return 0;
}

int
lock_take(int server, int *fd, char *why, size_t whysize)
{
	int lock, err;

	lock = openat(server, LOCK_NAME,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (lock < 0)
		return fail(-errno, why, whysize, "server/lock");
	err = flock_now(lock, "server/lock", why, whysize);
	if (err == 0 && !mutant("C06"))
		err = flock_now(server, "server", why, whysize);
	if (err == 0)
		err = recheck(server, lock, why, whysize);
	if (err != 0) {
		(void)close(lock);
		return err;
	}
	*fd = lock;
	return 0;
}
