/* SPDX-License-Identifier: MIT */
/*
 * How a run is held, as a record that is told to rdvd and stays. Invariant: it
 * says what is so, not what was meant: a guard that this host could not give is
 * in it by name, and a limit that nobody keeps is kept by nothing.
 */
#include "priv-helper/hold.h"

#include <sys/resource.h>

#include "lib/str.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/hosts.h"
#include "priv-helper/limits.h"
#include "priv-helper/ops.h"
#include "priv-helper/run.h"
#include "priv-helper/span.h"
#include "priv-helper/spare.h"
#include "priv-helper/view.h"
#include "security/landlock.h"
#include "security/profile.h"

enum policy_net
hold_net(const struct policy_rights *rights, int profile, uint8_t asked)
{
	if (!profiles[profile].network || asked == PRIV_NET_NONE)
		return POLICY_NET_NONE;
	if (asked == PRIV_NET_PROFILE)
		return rights->profile[profile].net;
	return asked == PRIV_NET_LIST ? POLICY_NET_LIST : POLICY_NET_FULL;
}

/* A profile that is not confined asks for no guards, so it lacks none. */
static uint32_t
lacked(const struct profile *p, uint32_t guards)
{
	static const uint32_t parts[LANDLOCK_HOLD_MAX] = {
		[LANDLOCK_HOLD_RENAME] = PRIV_G_LL_RENAME,
		[LANDLOCK_HOLD_TRUNCATE] = PRIV_G_LL_TRUNCATE,
		[LANDLOCK_HOLD_DEVICES] = PRIV_G_LL_DEVICES,
		[LANDLOCK_HOLD_SIGNALS] = PRIV_G_LL_SIGNALS,
		[LANDLOCK_HOLD_ABSTRACT] = PRIV_G_LL_ABSTRACT,
	};
	static const uint32_t views[NSPACE_VIEWS] = {
		[NSPACE_OVER] = PRIV_G_PIDNS | PRIV_G_MOUNTNS,
		[NSPACE_ROOT] =
		    PRIV_G_PIDNS | PRIV_G_MOUNTNS | PRIV_G_ROOT | PRIV_G_IPCNS,
	};
	const int abi = landlock_abi();
	uint32_t wanted = PRIV_G_CGROUP | views[p->view], missing = 0;

	if (!p->confined)
		return 0;
	if (p->quota.processes > 0)
		wanted |= PRIV_G_PIDS;
	if (p->quota.memory_mb > 0)
		wanted |= PRIV_G_MEMORY;
	for (int i = 0; i < LANDLOCK_HOLD_MAX; i++)
		if (!landlock_holds(abi, (enum landlock_hold)i))
			missing |= parts[i];
	return missing | (wanted & ~guards);
}

static void
kept_by(struct priv_hold *h, enum priv_limit what, enum priv_by by, bool on,
    uint64_t max)
{
	if (!on)
		return;
	h->limits[what].by = (uint8_t)by;
	h->limits[what].max = max;
}

static void
by_cgroup(struct priv_hold *h, enum priv_limit what, bool on, uint64_t max)
{
	kept_by(h, what, PRIV_BY_CGROUP, on, max);
}

static rlim_t
lowest(const struct profile_limit *l, int resource, rlim_t max)
{
	for (; l->resource >= 0; l++)
		if (l->resource == resource && l->max < max)
			max = l->max;
	return max;
}

/*
 * The hard limit, which a program without privilege cannot raise: the profile's
 * or the account's, or a lower one that this process has itself, as C6 leaves
 * that in force.
 */
static void
by_rlimit(struct priv_hold *h, enum priv_limit what, const struct profile *p,
    const struct limits *l, int resource)
{
	struct rlimit own = { RLIM_INFINITY, RLIM_INFINITY };
	rlim_t max;

	(void)getrlimit((__rlimit_resource_t)resource, &own);
	max = lowest(p->limits, resource, own.rlim_max);
	max = lowest(l->process, resource, max);
	if (max == RLIM_INFINITY || h->limits[what].by != PRIV_BY_NOTHING)
		return;
	h->limits[what].by = PRIV_BY_RLIMIT;
	h->limits[what].max = max;
}

/*
 * An rlimit of processes counts those of the uid in one user namespace: a run
 * with one of its own is held to it for itself alone.
 */
static enum priv_limit
nproc_of(const struct run *r)
{
	return (r->guards & PRIV_G_PIDNS) != 0 ? PRIV_LIMIT_PROCESSES
					       : PRIV_LIMIT_ACCOUNT_PROCESSES;
}

static void
record_limits(struct run *r, const struct limits *l, bool shared)
{
	const struct profile *p = &profiles[r->profile];
	struct priv_hold *h = &r->hold;

	by_cgroup(h, PRIV_LIMIT_PROCESSES, (r->guards & PRIV_G_PIDS) != 0,
	    p->quota.processes);
	by_cgroup(h, PRIV_LIMIT_MEMORY_BYTES, (r->guards & PRIV_G_MEMORY) != 0,
	    p->quota.memory_mb << 20);
	by_cgroup(h, PRIV_LIMIT_ACCOUNT_PROCESSES, l->all.processes > 0,
	    l->all.processes);
	by_cgroup(h, PRIV_LIMIT_ACCOUNT_MEMORY_BYTES, l->all.memory_mb > 0,
	    l->all.memory_mb << 20);
	by_cgroup(h, PRIV_LIMIT_ACCOUNT_CPU_PERCENT, l->all.cpu_percent > 0,
	    l->all.cpu_percent);
	by_cgroup(h, PRIV_LIMIT_CPU_WEIGHT, shared, CGLIMIT_WEIGHT);
	kept_by(h, PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES, PRIV_BY_RDVD,
	    l->output_mb > 0, l->output_mb << 20);
	kept_by(h, PRIV_LIMIT_RUN_SECONDS, PRIV_BY_HELPER, l->run_seconds > 0,
	    l->run_seconds);
	by_rlimit(h, nproc_of(r), p, l, RLIMIT_NPROC);
	by_rlimit(h, PRIV_LIMIT_OPEN_FILES, p, l, RLIMIT_NOFILE);
	by_rlimit(h, PRIV_LIMIT_DATA_BYTES, p, l, RLIMIT_DATA);
	by_rlimit(h, PRIV_LIMIT_FILE_BYTES, p, l, RLIMIT_FSIZE);
	by_rlimit(h, PRIV_LIMIT_CORE_BYTES, p, l, RLIMIT_CORE);
}

uint32_t
hold_guards(const struct ops *o, const struct run *r, bool cgroup)
{
	const struct profile *p = &profiles[r->profile];
	uint32_t g = PRIV_G_NNP | PRIV_G_SECCOMP | PRIV_G_LANDLOCK |
		     PRIV_G_RLIMITS | PRIV_G_PDEATH;
	unsigned kept = cglimit_wanted(&p->quota, o->cgroup_limits);

	if (!p->confined)
		return 0;
	g |= view_guards(&r->spare->spaces);
	if (cgroup)
		g |= PRIV_G_CGROUP;
	if ((kept & CGLIMIT_PIDS) != 0)
		g |= PRIV_G_PIDS;
	if ((kept & CGLIMIT_MEMORY) != 0)
		g |= PRIV_G_MEMORY;
	return g;
}

void
hold_record(const struct ops *o, struct run *r,
    const struct policy_rights *rights, const struct priv_spawn *m)
{
	static const uint8_t nets[] = {
		[POLICY_NET_NONE] = PRIV_NET_NONE,
		[POLICY_NET_LIST] = PRIV_NET_LIST,
		[POLICY_NET_FULL] = PRIV_NET_FULL,
	};
	const struct profile *p = &profiles[r->profile];
	struct priv_hold *h = &r->hold;
	struct limits limits;

	h->lacked = lacked(p, r->guards);
	if (m->token[0] != '\0' && (r->guards & PRIV_G_DOOR) == 0)
		h->lacked |= PRIV_G_DOOR;
	if (rights->recording)
		r->guards |= PRIV_G_RECORDED;
	h->net = nets[r->net];
	h->landlock_abi =
	    (uint8_t)((r->guards & PRIV_G_LANDLOCK) != 0 ? landlock_abi() : 0);
	limits_of(&limits, rights, limits_kept(o));
	record_limits(r, &limits, (o->cgroup_limits & CGLIMIT_CPU) != 0);
	span_begin(r);
	(void)str_copy(h->admitted, policy_rule(rights, POLICY_USERS),
	    sizeof(h->admitted));
	(void)str_copy(h->granted, policy_rule(rights, POLICY_PROFILES),
	    sizeof(h->granted));
	if (r->net == POLICY_NET_LIST)
		hosts_rule(rights, r->profile, m, h->listed, sizeof(h->listed));
}
