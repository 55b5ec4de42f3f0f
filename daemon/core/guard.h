/* SPDX-License-Identifier: MIT */
#ifndef RDV_GUARD_H
#define RDV_GUARD_H

#include <stdint.h>

/* The name of the i-th guard in `set`, the guards of a run, or NULL. */
const char *guard_name(int64_t set, unsigned i);
/* The same for the features of the helper's HELLO. */
const char *guard_feature(int64_t set, unsigned i);

#endif
