/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_REVOKE_H
#define RDV_CLI_REVOKE_H

struct cmd_call;

/*
 * Takes a credential away, by DELETE of `id` below `base`, and says so with
 * what comes of it. `id` is freed. An exit status, after telling what failed.
 */
int revoke_by_id(const struct cmd_call *c, const char *base, char *id,
    const char *effect);

#endif
