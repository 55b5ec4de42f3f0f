/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_OPS_PEOPLE_H
#define RDV_FUZZ_OPS_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define PEOPLE_UID 1000 /* of the first; the others follow */
#define PEOPLE	   3
/* The last is a text that is no policy. */
#define POLICIES      4
#define POLICY_BROKEN 3

/* What a policy gives one of them, said a second time and without its file. */
struct people_right {
	bool served, web;
	bool offline;	      /* profile "script" is to have no network */
	const char *profiles; /* words with a space on both sides */
	unsigned runs, terminals;
};
extern const struct people_right people_right[POLICIES][PEOPLE];

/* NULL: not one of them, or not served by that policy. */
const struct people_right *people_of(unsigned policy, uid_t uid);

/*
 * What [main] would hand over for each policy: memory files as accounts_take()
 * reads them, made once. Aborts when one cannot be made.
 */
void people_make(int fd[POLICIES]);

#endif
