/* SPDX-License-Identifier: MIT */
#ifndef RDV_ODD_H
#define RDV_ODD_H

struct agent;
struct rpc_msg;

/*
 * A message of `who` that fits nothing becomes an entry, so that nothing an
 * agent says is lost to who reads it. `why` may be NULL.
 */
void odd_show(struct agent *g, const char *who, const struct rpc_msg *m,
    const char *why);

#endif
