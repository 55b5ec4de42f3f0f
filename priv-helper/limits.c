/* SPDX-License-Identifier: MIT */
/*
 * The limits that the policy sets for an account, as the kernel can keep them.
 * A cgroup counts all runs of the account together. An rlimit does not: of
 * processes it counts those of the uid in one user namespace, of memory those
 * of one process; the record of a run says which of them it is.
 */
#include "priv-helper/limits.h"

#include <string.h>
#include <unistd.h>

#include "priv-helper/cglimit.h"
#include "priv-helper/ops.h"
#include "priv-helper/policyfor.h"

/* 0: there is none, as in a quota. */
static uint64_t
amount(const struct policy_rights *r, int key)
{
	return r->limit[key] == POLICY_NO_LIMIT ? 0 : (uint64_t)r->limit[key];
}

void
limits_of(struct limits *l, const struct policy_rights *r, unsigned kept)
{
	const uint64_t processes = amount(r, POLICY_MAX_PROCESSES);
	const uint64_t memory = amount(r, POLICY_MAX_MEMORY);
	const uint64_t percent = amount(r, POLICY_MAX_CPU);
	struct profile_limit *p = l->process;

	*l = (struct limits){ 0 };
	if ((kept & CGLIMIT_PIDS) != 0)
		l->all.processes = (unsigned)processes;
	if ((kept & CGLIMIT_MEMORY) != 0)
		l->all.memory_mb = memory;
	if ((kept & CGLIMIT_CPU) != 0)
		l->all.cpu_percent = percent;
	/* Beside a cgroup too: an account's processes elsewhere count here. */
	if (processes > 0)
		*p++ = (struct profile_limit){ RLIMIT_NPROC, processes };
	/*
	 * Not of the address space, of which programs reserve a multiple of
	 * what they will ever use.
	 */
	if (memory > 0 && l->all.memory_mb == 0)
		*p++ = (struct profile_limit){ RLIMIT_DATA, memory << 20 };
	p->resource = -1;
	l->output_mb = amount(r, POLICY_MAX_DISK);
	l->run_seconds = amount(r, POLICY_MAX_TIME) * 60;
}

unsigned
limits_kept(const struct ops *o)
{
	return o->system ? o->cgroup_limits : 0;
}

void
limits_cgroup(const struct ops *o, uid_t uid, char dir[CGROUP_PATH])
{
	if (o->system)
		cgroup_of_account(o->cgroup, uid, dir);
	else
		memcpy(dir, o->cgroup, CGROUP_PATH);
}

int
limits_hold(const struct ops *o, const struct limits *l, const char *dir)
{
	int fd, err;

	if (!o->system)
		return 0;
	err = cgroup_account_make(o->cgroup, dir, &fd);
	if (err == 0)
		err = cglimit_renew(fd, &l->all, limits_kept(o));
	if (fd >= 0)
		(void)close(fd);
	return err;
}
