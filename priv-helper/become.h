/* SPDX-License-Identifier: MIT */
#ifndef RDV_BECOME_H
#define RDV_BECOME_H

#include <sys/types.h>

/*
 * Makes this process that account's for good: no supplementary group, no
 * capability in any set, no_new_privs; and proves that it cannot go back. 0, or
 * an error after which the process must end.
 */
int become_service(uid_t uid, gid_t gid);

#endif
