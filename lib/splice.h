/* SPDX-License-Identifier: MIT */
#ifndef RDV_SPLICE_H
#define RDV_SPLICE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Moves `max` bytes at most from one descriptor to the other, one of which is a
 * pipe, as far as that can be done without waiting. `at`: where in `to`, and
 * how far it got; NULL: `to` has no offsets. Bytes, 0 at the end, or -errno.
 */
long splice_now(int from, int to, loff_t *at, size_t max);

#endif
