/* SPDX-License-Identifier: MIT */
/*
 * Spare runs are nobody's business but [ops]': they are found among its
 * descendants, by the names that their processes have given themselves.
 */
#include "tests/priv/rigahead.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/check.h"

void
rigahead_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[96];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* A map comes in pieces of a page at most. */
	while (fd >= 0 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		(void)close(fd);
	text[len] = '\0';
}

struct rigahead_pids
rigahead_children(pid_t of)
{
	struct rigahead_pids all = { .n = 0 };
	char name[64], text[512], *p = text, *end;
	long pid;

	snprintf(name, sizeof(name), "task/%d/children", of);
	rigahead_read(of, name, text, sizeof(text));
	while (all.n < RIGAHEAD_MAX && (pid = strtol(p, &end, 10)) > 0) {
		all.pid[all.n++] = (pid_t)pid;
		p = end;
	}
	return all;
}

static struct rigahead_pids
waiting(const struct rig *r, const char *name)
{
	const struct rigahead_pids reapers =
	    rigahead_children((pid_t)r->hello.pid);
	struct rigahead_pids found = { .n = 0 }, of;
	char comm[32];
	unsigned i, k;

	for (i = 0; i < reapers.n; i++) {
		of = rigahead_children(reapers.pid[i]);
		for (k = 0; k < of.n && found.n < RIGAHEAD_MAX; k++) {
			rigahead_read(of.pid[k], "comm", comm, sizeof(comm));
			comm[strcspn(comm, "\n")] = '\0';
			if (strcmp(comm, name) == 0)
				found.pid[found.n++] = of.pid[k];
		}
	}
	return found;
}

struct rigahead_pids
rigahead_spares(const struct rig *r)
{
	return waiting(r, RIGAHEAD_SPARE);
}

pid_t
rigahead_wait(const struct rig *r, unsigned n)
{
	return rigahead_wait_named(r, RIGAHEAD_SPARE, n);
}

pid_t
rigahead_wait_named(const struct rig *r, const char *name, unsigned n)
{
	const int64_t deadline = rig_deadline();
	struct rigahead_pids now;

	do {
		assert_false(rig_late(deadline));
		now = waiting(r, name);
	} while (now.n != n);
	return n > 0 ? now.pid[n - 1] : 0;
}

pid_t
rigahead_start(struct rig *r, const struct rig_spawn *s)
{
	struct rig_result res;
	struct priv_exit end;

	rig_spawn(r, s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(rig_signal(r, res.a.handle, SIGKILL, true), PRIV_DONE);
	rig_close(&res);
	rig_exit(r, res.a.handle, &end);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	return (pid_t)res.a.pid;
}

unsigned
rigahead_fds(pid_t pid)
{
	struct dirent *e;
	unsigned n = 0;
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

void
rigahead_word(const char *dir, const char *word)
{
	char path[160];
	int fd;

	assert_int_equal(mkdir(dir, 0700), 0);
	snprintf(path, sizeof(path), "%s/word", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, word, strlen(word)), strlen(word));
	(void)close(fd);
}
