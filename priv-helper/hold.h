/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOLD_H
#define RDV_HOLD_H

#include "priv-helper/policyfor.h"

struct profile;
struct run;

/*
 * What a child of a profile that asks for PRIV_NET_* would have of the network:
 * all or nothing, as nothing between can be held to yet.
 */
enum policy_net hold_net(const struct profile *p, uint8_t asked);
/*
 * Puts down how the run is held, from its profile, its guards and the rights of
 * its account; `net` is what it asked for. To be called when it has been
 * started, before it is told of.
 */
void
hold_record(struct run *r, const struct policy_rights *rights, uint8_t net);

#endif
