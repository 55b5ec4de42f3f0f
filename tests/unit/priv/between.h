/* SPDX-License-Identifier: MIT */
#ifndef RDV_UNIT_BETWEEN_H
#define RDV_UNIT_BETWEEN_H

/*
 * When set, called before each openat(2), unlinkat(2) and readlink(2) of this
 * program, so that what an attacker does between two of them can be done on
 * time.
 */
extern void (*between_calls)(void);

#endif
