/* SPDX-License-Identifier: MIT */
/*
 * The name of the one guard that is off, in test builds alone. It is copied at
 * start because the environment is thrown away before anything else happens.
 */
#include "security/mutant.h"

#ifdef RDV_MUTANTS

#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

static char mutant_name[64];

void
mutant_init(void)
{
	const char *name = getenv("RDV_MUTANT");

	if (name != NULL)
		(void)str_copy(mutant_name, name, sizeof(mutant_name));
}

bool
mutant(const char *guard)
{
	return strcmp(mutant_name, guard) == 0;
}

#endif
