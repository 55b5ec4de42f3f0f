/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVE_H
#define RDV_SERVE_H

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "priv-helper/lookup.h"

struct accounts;
struct parked;
struct user;

struct serve_args {
	int main; /* socket to [main] */
	const char *base;
	const char *bin;	  /* where rdv's programs are */
	struct program_id worker; /* rdv-git there, at the start */
	const struct user *user;
	rlim_t nofile;
	int egress;	       /* rdv-egress, O_PATH; -1: not installed */
	struct parked *parked; /* for park_adopt() */
	bool outlived;	       /* runs outlive [main], too */
	/* System mode; NULL in user mode. */
	const struct accounts *accounts; /* whose list serve() takes over */
	const char *helper_state;	 /* root's own: hashes, service token */
	const char *run_dir; /* holds the directory of each account */
};

/* [ops], in the process that [main] forked for it. */
_Noreturn void serve(const struct serve_args *a);

#endif
