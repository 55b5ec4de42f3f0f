/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_HERE_H
#define RDV_EGRESS_HERE_H

#include <stdbool.h>

struct sockaddr;

/*
 * Before rdv-egress is confined, as it makes no such socket then. 0 or -errno.
 */
int here_open(void);
/*
 * Whether what is sent there would come to this host itself, by the kernel's
 * own routes of this moment. True as well when that cannot be found out.
 */
bool here_is(const struct sockaddr *sa);

#endif
