/* SPDX-License-Identifier: MIT */
#ifndef RDV_ASUSER_H
#define RDV_ASUSER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Between the two, what [ops] looks up, opens and makes in a file system it
 * does with the rights of one account, as whose property too. What it is to
 * other processes does not change, so the account can neither signal nor read
 * it. Without `privileged` there is one account, our own.
 */

/* 0, or -errno with nothing changed. */
int asuser_begin(bool privileged, uid_t uid, gid_t gid, const gid_t *groups,
    unsigned ngroups);
/* Back to none of anybody's groups and our own ids; ends the process if not. */
void asuser_end(bool privileged);

#endif
