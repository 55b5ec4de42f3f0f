/* SPDX-License-Identifier: MIT */
/*
 * Root asks [main], which alone replaces the service token: by a signal, so
 * that [main] has nothing to parse. Whom to signal stands where only root can
 * write; not in the lock, of which rdvd has a descriptor.
 */
#include "priv-helper/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/path.h"
#include "lib/str.h"
#include "priv-helper/places.h"
#include "priv-helper/tokens.h"

/* [main] may wait for [audit], and for nginx to have had the one before. */
#define WAIT_MS 15000

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "rdv-helper: %s: %s\n", what, why);
	return 1;
}

/* "rdv-helper" is what the kernel calls it, too. */
static bool
is_main(pid_t pid)
{
	char path[64], name[32] = "";
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, name, sizeof(name) - 1);
	(void)close(fd);
	return n > 0 && strcmp(name, "rdv-helper\n") == 0;
}

/* The pid may have become another's: a pidfd first, and then a look. */
static int
ask(int dir)
{
	char *text;
	int64_t pid;
	int fd, err = path_read_private(dir, PLACES_PID, 32, &text, NULL);
	bool ok;

	if (err != 0)
		return err == -ENOENT ? -ESRCH : err;
	text[strcspn(text, "\n")] = '\0';
	ok = str_to_i64(text, 1, INT_MAX, &pid);
	free(text);
	if (!ok)
		return -ESRCH;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return -errno;
	if (!is_main((pid_t)pid))
		err = -ESRCH;
	else if (syscall(SYS_pidfd_send_signal, fd, SIGUSR1, NULL, 0) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

static ino_t
inode(int dir)
{
	struct stat st;

	if (fstatat(dir, TOKENS_SERVICE, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return st.st_ino;
}

static int
wait_for_another(int dir, int watch, ino_t old)
{
	const int64_t deadline = clock_mono_ms() + WAIT_MS;
	struct pollfd p = { .fd = watch, .events = POLLIN };
	char events[4096];
	int64_t left;

	while (inode(dir) == old) {
		left = deadline - clock_mono_ms();
		if (left <= 0)
			return fail("the service token stays",
			    "rdv's log says why");
		(void)poll(&p, 1, (int)left);
		(void)!read(watch, events, sizeof(events));
	}
	return 0;
}

static int
rotate_in(int dir, const char *path)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), status, err;
	const ino_t old = inode(dir);

	if (watch < 0 || inotify_add_watch(watch, path, IN_MOVED_TO) < 0) {
		status = fail(path, strerror(errno));
	} else {
		err = ask(dir);
		status = err == 0 ? wait_for_another(dir, watch, old)
				  : fail("the service token stays",
					err == -ESRCH ? "rdv is not running"
					: err < 0     ? strerror(-err)
						  : "its pid file is not ours");
	}
	if (watch >= 0)
		(void)close(watch);
	return status;
}

int
rotate_main(const char *root)
{
	char path[PATH_MAX];
	int dir, status;

	if (snprintf(path, sizeof(path), "%s/" PLACES_KEEP, root) >=
	    (int)sizeof(path))
		return fail(root, strerror(ENAMETOOLONG));
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(path, strerror(errno));
	status = rotate_in(dir, path);
	(void)close(dir);
	return status;
}
