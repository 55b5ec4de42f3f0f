/* SPDX-License-Identifier: MIT */
#ifndef RDV_EXPLAINPOLICY_H
#define RDV_EXPLAINPOLICY_H

#include <stdbool.h>

#include "priv-helper/policyfor.h"

/* What the policy of a host has for the account that asks. */
struct explain_policy {
	const char *file; /* NULL: user mode, where there is none */
	bool read;
	bool admitted; /* `rights` is filled */
	struct policy_rights rights;
	char why[512]; /* otherwise: why not, or what is wrong with the file */
};

/*
 * Reads `file` with the account's own rights and asks the account database
 * about it. To be freed with explainpolicy_done(), whatever came of it.
 */
void explainpolicy_load(struct explain_policy *e, const char *file,
    const char *account);
void explainpolicy_done(struct explain_policy *e);
/*
 * Tells `line` what it says of the profile with that index, one sentence each
 * time. They hold text of the file, without control characters.
 */
void explainpolicy_tell(const struct explain_policy *e, int profile,
    void (*line)(const char *text, void *arg), void *arg);

#endif
