/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOSTS_H
#define RDV_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "priv-helper/policyfor.h"

struct priv_spawn;

/*
 * Whether a child of profiles[profile] may be held to the list it asks for, or
 * to the policy's when it names none: each entry has to be one of the policy's,
 * unless that gives all of the network. False with a sentence in `why`. `net`
 * is what the child would have.
 */
bool hosts_judge(const struct policy_rights *r, int profile,
    enum policy_net net, const struct priv_spawn *m, char *why, size_t size);
/* That list, NULL-terminated; borrowed of one of the two. */
char *const *hosts_of(const struct policy_rights *r, int profile,
    const struct priv_spawn *m);
/* By which rule it is so, as text for records. */
void hosts_rule(const struct policy_rights *r, int profile,
    const struct priv_spawn *m, char *out, size_t size);

#endif
