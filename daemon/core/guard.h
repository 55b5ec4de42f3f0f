/* SPDX-License-Identifier: MIT */
#ifndef RDV_GUARD_H
#define RDV_GUARD_H

#include <stdint.h>

/* The name of the i-th guard in the set `guards` of a run, or NULL. */
const char *guard_name(int64_t guards, unsigned i);

#endif
