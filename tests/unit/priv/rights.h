/* SPDX-License-Identifier: MIT */
#ifndef RDV_UNIT_RIGHTS_H
#define RDV_UNIT_RIGHTS_H

#include "priv-helper/policyfor.h"

/*
 * The rights that a policy of this text gives to "ann", uid 1000 with `home`;
 * NULL: those of user mode. Asserts that the text is good and admits her.
 */
void rights_make(struct policy_rights *r, const char *text, const char *home);

#endif
