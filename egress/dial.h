/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_DIAL_H
#define RDV_EGRESS_DIAL_H

#include "egress/judge.h"

/* Why there is no connection. */
struct dial_error {
	bool refused; /* by what its name came to; else it failed */
	char why[160];
};

/*
 * Finds the addresses of a target that is in the list and connects to the first
 * that may be dialled and answers: the very address that was judged. Blocks. A
 * non-blocking socket, or -1 with `e`.
 */
int dial(const struct target *t, struct dial_error *e);

#endif
