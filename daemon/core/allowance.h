/* SPDX-License-Identifier: MIT */
#ifndef RDV_ALLOWANCE_H
#define RDV_ALLOWANCE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/ctlproto.h"

struct app;

/*
 * How much an account may have rdv make: the smaller of what the policy and
 * rdvd's own file say, and which of them, for a sentence.
 */
struct allowance {
	int64_t mb; /* 0: no limit */
	char by[CTL_RULE_MAX + 1];
};
void allowance_of(const struct app *app, uid_t uid, enum ctl_what what,
    struct allowance *out);

#endif
