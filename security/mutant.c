/* SPDX-License-Identifier: MIT */
/*
 * The guards that are off, in test builds alone. It is copied at
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

/* Several can be off at once: "one+two". */
bool
mutant(const char *guard)
{
	const char *p = mutant_name;
	size_t len;

	for (; *p != '\0'; p += len + (p[len] == '+')) {
		len = strcspn(p, "+");
		if (len == strlen(guard) && strncmp(p, guard, len) == 0)
			return true;
	}
	return false;
}

#endif
