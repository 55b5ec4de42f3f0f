/* SPDX-License-Identifier: MIT */
#ifndef RDV_MUTANT_H
#define RDV_MUTANT_H

#include <stdbool.h>

/*
 * A test must be shown to turn red when its guard is off. Only a build with
 * -DRDV_MUTANTS (tests/priv/run makes one beside the real one) can switch a
 * guard off, by name; in every other build these are constants and the
 * compiler removes the branch.
 */
#ifdef RDV_MUTANTS
/* Takes the guard's name from the environment, before that is cleared. */
void mutant_init(void);
bool mutant(const char *guard);
#else
#define mutant_init() ((void)0)
#define mutant(guard) false
#endif

#endif
