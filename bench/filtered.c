/* SPDX-License-Identifier: MIT */
/*
 * A loop of system calls on files, as a compiler or a search spends its time,
 * under the filter of the profile "script", under one that allows everything by
 * its one instruction, and under none. The sides take turns, each turn in a
 * process of its own; the best of each counts. The time is the process's own: it
 * never waits, so the turns of other programs are none of it.
 *
 *   filtered DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "security/filter.h"
#include "security/profile.h"

#define TURNS 80
#define FILES 64
#define LOOPS 40
#define CALLS 6 /* of each file in a loop */

static void
make_files(const char *dir)
{
	static const char text[8192];
	char name[32];
	int i, fd;

	if (chdir(dir) != 0)
		bench_die(dir);
	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (fd < 0)
			bench_die(name);
		bench_write_all(fd, text, sizeof(text));
		(void)close(fd);
	}
}

static void
visit(const char *name)
{
	char buf[4096];
	struct stat st;
	int fd;

	if (stat(name, &st) != 0 || (fd = open(name, O_RDONLY)) < 0 ||
	    fstat(fd, &st) != 0 || read(fd, buf, sizeof(buf)) < 1 ||
	    lseek(fd, 0, SEEK_SET) != 0 || close(fd) != 0)
		bench_die(name);
}

static int64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t
loop(void)
{
	static char names[FILES][32];
	int64_t begun;
	int i, n;

	for (i = 0; i < FILES; i++)
		snprintf(names[i], sizeof(names[i]), "file-%d", i);
	begun = cpu_ns();
	for (n = 0; n < LOOPS; n++)
		for (i = 0; i < FILES; i++)
			visit(names[i]);
	return cpu_ns() - begun;
}

/* Nanoseconds for one call, of one turn. */
static double
turn(const struct filter *filter)
{
	int64_t took = 0;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		bench_die("fork");
	if (pid == 0) {
		if (filter != NULL &&
		    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			filter_apply(filter) != 0))
			bench_die("filter");
		took = loop();
		bench_write_all(p[1], &took, sizeof(took));
		_exit(0);
	}
	(void)close(p[1]);
	if (read(p[0], &took, sizeof(took)) != sizeof(took))
		bench_die("no result");
	(void)close(p[0]);
	(void)waitpid(pid, NULL, 0);
	return (double)took / (LOOPS * FILES * CALLS);
}

int
main(int argc, char **argv)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct filter script, one = { .code = &all, .len = 1 };
	const struct filter *const sides[] = { &script, &one, NULL };
	double best[] = { 1e9, 1e9, 1e9 }, t;
	int i, n;

	if (argc != 2) {
		fprintf(stderr, "usage: filtered DIR\n");
		return 2;
	}
	errno = -filter_build(&script, profiles[profile_find("script")].filter);
	if (errno != 0)
		bench_die("filter");
	make_files(argv[1]);
	for (n = 0; n < TURNS; n++) {
		for (i = 0; i < 3; i++) {
			t = turn(sides[i]);
			best[i] = t < best[i] ? t : best[i];
		}
	}
	printf("{\"with_ns\":%.1f,\"one_ns\":%.1f,\"without_ns\":%.1f,"
	       "\"instructions\":%u}\n",
	    best[0], best[1], best[2], script.len);
	filter_done(&script);
	return 0;
}
