/* SPDX-License-Identifier: MIT */
/*
 * What the helper's guard bits mean, so that doors can name them without
 * knowing the helper's protocol. Invariant: a bit without a name is not shown
 * as a guard.
 */
#include "daemon/core/guard.h"

#include <stddef.h>

#include "lib/privproto.h"

static const struct {
	uint32_t bit;
	const char *name;
} names[] = {
	{ PRIV_G_NNP, "no_new_privs" },
	{ PRIV_G_SECCOMP, "seccomp" },
	{ PRIV_G_LANDLOCK, "landlock" },
	{ PRIV_G_RLIMITS, "rlimits" },
	{ PRIV_G_PDEATH, "pdeathsig" },
	{ PRIV_G_CGROUP, "cgroup" },
	{ PRIV_G_PIDS, "cgroup_pids" },
	{ PRIV_G_MEMORY, "cgroup_memory" },
};

const char *
guard_name(int64_t guards, unsigned i)
{
	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		if (((uint64_t)guards & names[k].bit) != 0 && i-- == 0)
			return names[k].name;
	return NULL;
}
