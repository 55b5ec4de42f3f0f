/* SPDX-License-Identifier: MIT */
/*
 * What the helper's guard bits mean, so that doors can name them without
 * knowing the helper's protocol. Invariant: a bit without a name is not shown
 * as a guard.
 */
#include "daemon/core/guard.h"

#include <stddef.h>

#include "lib/privproto.h"

struct name {
	uint32_t bit;
	const char *name; /* NULL ends */
};

static const struct name guards[] = {
	{ PRIV_G_NNP, "no_new_privs" },
	{ PRIV_G_SECCOMP, "seccomp" },
	{ PRIV_G_LANDLOCK, "landlock" },
	{ PRIV_G_RLIMITS, "rlimits" },
	{ PRIV_G_PDEATH, "pdeathsig" },
	{ PRIV_G_CGROUP, "cgroup" },
	{ PRIV_G_PIDS, "cgroup_pids" },
	{ PRIV_G_MEMORY, "cgroup_memory" },
	{ PRIV_G_PIDNS, "pid_namespace" },
	{ PRIV_G_MOUNTNS, "mount_namespace" },
	{ PRIV_G_ROOT, "private_root" },
	{ PRIV_G_IPCNS, "ipc_namespace" },
	{ PRIV_G_NETNS, "net_namespace" },
	{ PRIV_G_RECORDED, "recorded" },
	{ PRIV_G_DOOR, "door" },
	{ PRIV_G_LL_RENAME, "landlock_rename" },
	{ PRIV_G_LL_TRUNCATE, "landlock_truncate" },
	{ PRIV_G_LL_DEVICES, "landlock_devices" },
	{ PRIV_G_LL_SIGNALS, "landlock_signals" },
	{ PRIV_G_LL_ABSTRACT, "landlock_abstract_sockets" },
	{ 0, NULL },
};

static const struct name features[] = {
	{ PRIV_F_SECCOMP, "seccomp" },
	{ PRIV_F_LANDLOCK, "landlock" },
	{ PRIV_F_USERNS, "user_namespaces" },
	{ PRIV_F_CGROUP, "cgroup" },
	{ PRIV_F_PIDS, "cgroup_pids" },
	{ PRIV_F_MEMORY, "cgroup_memory" },
	{ PRIV_F_OUTLIVES, "outlives" },
	{ PRIV_F_CPU, "cgroup_cpu" },
	{ 0, NULL },
};

static const char *
name_of(const struct name *n, int64_t set, unsigned i)
{
	for (; n->name != NULL; n++)
		if (((uint64_t)set & n->bit) != 0 && i-- == 0)
			break;
	return n->name;
}

const char *
guard_name(int64_t set, unsigned i)
{
	return name_of(guards, set, i);
}

const char *
guard_feature(int64_t set, unsigned i)
{
	return name_of(features, set, i);
}
