/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOLD_H
#define RDV_HOLD_H

#include "priv-helper/policyfor.h"

struct ops;
struct priv_spawn;
struct run;

/*
 * What a child of profiles[profile] that asks for PRIV_NET_* would have of the
 * network. Who asks for nothing in particular gets what the policy gives.
 */
enum policy_net
hold_net(const struct policy_rights *rights, int profile, uint8_t asked);
/* PRIV_G_*: what is on for it while it still has what it was made with. */
uint32_t hold_guards(const struct ops *o, const struct run *r, bool cgroup);
/*
 * Puts down how the run is held, from its profile, its network, its guards, the
 * rights of its account and what was asked for. To be called when it has been
 * started, before it is told of.
 */
void hold_record(const struct ops *o, struct run *r,
    const struct policy_rights *rights, const struct priv_spawn *m);

#endif
