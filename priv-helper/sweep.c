/* SPDX-License-Identifier: MIT */
/*
 * Ending what a run started, however often it forked and changed session
 * (abuse H01), without a list of pids that could be out of date: the kernel's
 * own list of our children, who stay where they are until we wait for them.
 */
#include "priv-helper/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS 1024 /* of a file in /proc/PID, as far as it is looked at */

/* Accumulates digits across reads; a blank ends a pid. */
struct scan {
	int sig;
	bool (*spare)(pid_t pid, void *arg);
	void *arg;
	pid_t pid;
	int hit;
};

static void
scan_byte(struct scan *s, char c)
{
	if (c >= '0' && c <= '9') {
		s->pid = s->pid * 10 + (c - '0');
		return;
	}
	if (s->pid > 1 && (s->spare == NULL || !s->spare(s->pid, s->arg)) &&
	    kill(s->pid, s->sig) == 0)
		s->hit++;
	s->pid = 0;
}

int
sweep_children(int sig, bool (*spare)(pid_t pid, void *arg), void *arg)
{
	struct scan s = { .sig = sig, .spare = spare, .arg = arg };
	char path[64], buf[512];
	ssize_t n, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		for (i = 0; i < n; i++)
			scan_byte(&s, buf[i]);
	(void)close(fd);
	return s.hit;
}

/* As much of a file of a process as fits; "" when there is none. */
static void
read_of(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, size - 1);
		(void)close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
}

uid_t
sweep_owner(pid_t pid)
{
	char text[STATUS];
	const char *at;

	read_of(pid, "status", text, sizeof(text));
	at = strstr(text, "\nUid:\t");
	return at != NULL ? (uid_t)strtoul(at + 6, NULL, 10) : 0;
}

/* The 22nd field; the second may have blanks and brackets in it. */
uint64_t
sweep_started(pid_t pid)
{
	char text[STATUS];
	const char *at;
	int field;

	read_of(pid, "stat", text, sizeof(text));
	at = strrchr(text, ')');
	for (field = 2; at != NULL && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at != NULL ? strtoull(at, NULL, 10) : 0;
}
