/* SPDX-License-Identifier: MIT */
/*
 * The first process of a run, held by a pidfd that the kernel gives out in the
 * same step that makes the process: at no time is there only a number, and
 * there is no process whose pidfd could not be had. A reaper signals only
 * before it waits, so the number could not be anybody else's anyway; with the
 * pidfd the kernel vouches for that, and not the order of our own calls.
 */
#include "priv-helper/leader.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "security/mutant.h"

/* include/uapi/linux/pidfd.h since 6.9. */
#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1u << 2)
#endif
/* No kernel knows it: what an old one says to the flag above. */
#define UNKNOWN_FLAG (1u << 31)

/*
 * Born in its cgroup: a child that writes itself into cgroup.procs waits until
 * every processor has passed by, 8 to 20 ms where this takes 0.3.
 */
static long
fork_into(int cgroup, unsigned spaces, int *pidfd)
{
	struct clone_args a = { .flags =
				    spaces | CLONE_PIDFD | CLONE_INTO_CGROUP,
		.pidfd = (uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)cgroup };

	return syscall(SYS_clone3, &a, sizeof(a));
}

pid_t
leader_fork(int cgroup, unsigned spaces, int *pidfd)
{
	long pid;

	if (cgroup >= 0)
		pid = fork_into(cgroup, spaces, pidfd);
	else
		/* Container runtimes answer clone3(2) with ENOSYS. */
		pid = syscall(SYS_clone,
		    (unsigned long)spaces | CLONE_PIDFD | SIGCHLD, NULL, pidfd,
		    NULL, NULL);
	return pid < 0 ? -errno : (pid_t)pid;
}

pid_t
leader_outside(int pidfd)
{
	static const char key[] = "\nPid:\t";
	char path[40], text[512];
	const char *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, key);
	return at != NULL ? (pid_t)strtol(at + strlen(key), NULL, 10) : -ESRCH;
}

int
leader_signal(int pidfd, pid_t child, int sig)
{
	const unsigned flags =
	    mutant("pidfd group") ? UNKNOWN_FLAG : PIDFD_SIGNAL_PROCESS_GROUP;

	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, flags) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	/* Before 6.9 a pidfd is one process and never its group. */
	return kill(-child, sig) < 0 ? -errno : 0;
}
