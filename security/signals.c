/* SPDX-License-Identifier: MIT */
/*
 * An ignored signal survives exec, whoever ignored it. libc's sigaction(2)
 * refuses 32 and 33, with which it cancels threads and changes their ids; a
 * starter that is not written in C may well have ignored them, and then both
 * hang in every program below. So the kernel is asked directly.
 */
#include "security/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's own struct is no longer than this, and default is all zero. */
struct action {
	unsigned long zero[8];
};

#define KERNEL_NSIG 64

int
signals_default(void)
{
	static const struct action dfl;
	int sig;

	for (sig = 1; sig <= KERNEL_NSIG; sig++) {
		if (sig == SIGKILL || sig == SIGSTOP)
			continue;
		if (syscall(SYS_rt_sigaction, sig, &dfl, NULL,
			KERNEL_NSIG / 8) < 0)
			return -errno;
	}
	return 0;
}
