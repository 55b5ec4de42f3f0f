/* SPDX-License-Identifier: MIT */
/*
 * The program that spawnload and guards start: its first act is to look at the
 * clock, which it writes to its standard output as 8 bytes. Without libc's own
 * beginning, and static, so that what is measured ends with exec itself.
 */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Noreturn void _start(void);

static struct timespec now;
static long long ns;

_Noreturn void
_start(void)
{
	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
	ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	(void)syscall(SYS_write, 1, &ns, sizeof(ns));
	for (;;)
		(void)syscall(SYS_exit_group, 0);
}
