/* SPDX-License-Identifier: MIT */
/*
 * splice(2) for those who call it for every page of a flood. libc's own lets a
 * thread be cancelled in it, which takes two locked instructions for each call
 * in a process that has threads, and no thread of ours is ever cancelled.
 * Invariant: a call that a signal interrupts has moved nothing and is made
 * again.
 */
#include "lib/splice.h"

#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

long
splice_now(int from, int to, loff_t *at, size_t max)
{
	long n;

	do {
		n = syscall(SYS_splice, from, NULL, to, at, max,
		    SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}
