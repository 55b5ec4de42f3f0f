/* SPDX-License-Identifier: MIT */
/*
 * Takes all of one thing that it can get, says how much that was, keeps it and
 * takes what becomes free: `hog threads MOST`, `hog cpu N`. Threads are the
 * kernel's own, each on a stack of one page that it does not use.
 */
#include <sys/mman.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK	 4096
#define AGAIN_MS 1

static int
sleep_cb(void *arg)
{
	(void)arg;
	while (pause() < 0)
		continue;
	return 0;
}

static long
threads(long most)
{
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			  CLONE_THREAD | CLONE_SYSVSEM;
	char *at;
	long n;

	for (n = 0; n < most; n++) {
		at = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED)
			break;
		if (clone(sleep_cb, at + STACK, flags, NULL) < 0) {
			(void)munmap(at, STACK);
			break;
		}
	}
	return n;
}

static long
cpu(long most)
{
	volatile unsigned long turns = 0;
	pid_t pid = 1;
	long n;

	for (n = 0; n < most && pid > 0; n += pid > 0) {
		pid = fork();
		while (pid == 0)
			turns++;
	}
	return n;
}

static const struct {
	const char *name;
	long (*take)(long most);
} things[] = { { "threads", threads }, { "cpu", cpu } };

int
main(int argc, char **argv)
{
	size_t i;
	long most, n;
	int err;

	for (i = 0; argc == 3 && i < sizeof(things) / sizeof(things[0]); i++) {
		if (strcmp(things[i].name, argv[1]) != 0)
			continue;
		errno = 0;
		most = strtol(argv[2], NULL, 10);
		n = things[i].take(most);
		err = n < most ? errno : 0;
		printf("%s %ld %s\n", argv[1], n,
		    err != 0 ? strerrorname_np(err) : "all");
		(void)fflush(stdout);
		for (;;) {
			n += things[i].take(most - n);
			(void)poll(NULL, 0, AGAIN_MS);
		}
	}
	return 2;
}
