/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUNPOLICY_H
#define RDV_RUNPOLICY_H

#include <stdint.h>

#include "lib/privproto.h"

/*
 * How a run is held, as the text of a JSON object for its row and for doors:
 * profile, admitted_by, granted_by, network, network_by, landlock_abi, guards,
 * lacked and limits. To be freed.
 */
char *run_policy_json(const char *profile, uint32_t guards,
    const struct priv_hold *h);
/* Of "none", "list" and "full"; PRIV_NET_PROFILE of NULL. */
enum priv_net run_policy_net(const char *word);
/*
 * NULL, or what is wrong with hosts that somebody asks for, NULL-terminated or
 * NULL, beside the network he asks for; the field first. What the policy says
 * to them the helper knows.
 */
const char *
run_policy_judge_hosts(const char *network, const char *const *hosts);

#endif
