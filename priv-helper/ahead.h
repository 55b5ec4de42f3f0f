/* SPDX-License-Identifier: MIT */
#ifndef RDV_AHEAD_H
#define RDV_AHEAD_H

struct ops;

/* Nothing is ready, and nobody is expected. */
void ahead_init(struct ops *o);
/*
 * Makes what the next starts need, of the accounts and profiles that have had
 * one; not while a start is under way. What fails here fails again, and is
 * told, at the start.
 */
void ahead_make(struct ops *o);
/* Whatever is ready is not used any more: accounts or their rights are new. */
void ahead_drop(struct ops *o);

#endif
