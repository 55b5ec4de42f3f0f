/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_SERVE_H
#define RDV_EGRESS_SERVE_H

struct conns;

/*
 * Takes connections from `listener`, which does not block, until `leash` is
 * readable or has ended, or nothing can be waited for any more.
 */
void serve(struct conns *all, int listener, int leash);

#endif
