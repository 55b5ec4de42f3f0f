/* SPDX-License-Identifier: MIT */
#ifndef RDV_CORE_EGRESS_H
#define RDV_CORE_EGRESS_H

#include <stdint.h>

/*
 * What a run whose network is held to a list has had of each host, from its
 * page (lib/egress.h), as the text of a JSON object for its row and for doors:
 * hosts, each with host, sent, received, connections, refused and failed, and
 * refused of all others. To be freed; NULL for -1 and for what is no page.
 */
char *egress_json(int page);
/* Changes when any of that does. */
uint64_t egress_sum(int page);

#endif
