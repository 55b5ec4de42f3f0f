/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVE_H
#define RDV_SERVE_H

#include <sys/resource.h>

struct user;

struct serve_args {
	int main; /* socket to [main] */
	const char *base;
	const struct user *user;
	rlim_t nofile;
};

/* [ops], in the process that [main] forked for it. */
_Noreturn void serve(const struct serve_args *a);

#endif
