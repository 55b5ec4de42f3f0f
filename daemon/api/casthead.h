/* SPDX-License-Identifier: MIT */
#ifndef RDV_CASTHEAD_H
#define RDV_CASTHEAD_H

struct api_call;
struct cast_head;
struct store_run;

/*
 * What a recording's first line says of a run: the name of its session, its
 * command as one would type it, and of its environment the shell and the kind
 * of terminal, as far as they are known. Everything lives in the call's arena.
 */
void casthead_fill(struct api_call *c, const struct store_run *r,
    struct cast_head *out);

#endif
