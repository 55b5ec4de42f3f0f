/* SPDX-License-Identifier: MIT */
#ifndef RDV_WARM_H
#define RDV_WARM_H

struct ops;
struct run;

/*
 * Writes to what the start that takes `r`, a spare run, will write to. Changes
 * nothing.
 */
void warm_up(struct ops *o, struct run *r);

#endif
