/* SPDX-License-Identifier: MIT */
/* What the limits of a policy come to, with the controllers there may be. */
#include <stdio.h>
#include <string.h>

#include "priv-helper/cglimit.h"
#include "priv-helper/limits.h"
#include "priv-helper/ops.h"
#include "tests/unit/check.h"
#include "tests/unit/priv/rights.h"

#define TEXT   128
#define BOTH   (CGLIMIT_PIDS | CGLIMIT_MEMORY)
#define SOME   "[access]\nusers = [\"ann\"]\n[default]\n"
#define LIMITS SOME "max_processes = 40\nmax_memory_mb = 512\n"

/* "-" where there is none. */
static void
put_rlimit(char out[TEXT], const struct limits *l, int resource)
{
	const struct profile_limit *p = l->process;
	const size_t used = strlen(out);

	while (p->resource >= 0 && p->resource != resource)
		p++;
	if (p->resource < 0)
		snprintf(out + used, TEXT - used, " -");
	else
		snprintf(out + used, TEXT - used, " %llu",
		    (unsigned long long)p->max);
}

/* "cgroup PROCESSES MB [PERCENT%], NPROC DATA". */
static void
expect(const char *policy, unsigned kept, const char *wanted)
{
	struct policy_rights r;
	struct limits l;
	char text[TEXT], cpu[24] = "";

	rights_make(&r, policy, "/home/ann");
	limits_of(&l, &r, kept);
	policy_rights_done(&r);
	if (l.all.cpu_percent > 0)
		snprintf(cpu, sizeof(cpu), " %llu%%",
		    (unsigned long long)l.all.cpu_percent);
	snprintf(text, sizeof(text), "%u %llu%s,", l.all.processes,
	    (unsigned long long)l.all.memory_mb, cpu);
	put_rlimit(text, &l, RLIMIT_NPROC);
	put_rlimit(text, &l, RLIMIT_DATA);
	assert_string_equal(text, wanted);
}

static void
abuse_I23_limits_of_a_policy(void **state)
{
	(void)state;
	/* Without a controller each process has what all may have. */
	expect(LIMITS, 0, "0 0, 40 536870912");
	expect(LIMITS, CGLIMIT_PIDS, "40 0, 40 536870912");
	expect(LIMITS, CGLIMIT_MEMORY, "0 512, 40 -");
	expect(LIMITS, BOTH, "40 512, 40 -");
	/* What a file does not say, what it lifts, and the largest it may. */
	expect(SOME, 0, "0 0, 4096 -");
	expect(SOME "max_processes = 0\n", BOTH, "0 0, - -");
	expect(SOME "max_memory_mb = 1099511627776\n", BOTH,
	    "4096 1099511627776, 4096 -");
	expect(SOME "max_memory_mb = 1099511627776\n", 0,
	    "0 0, 4096 1152921504606846976");
	/* Of processors nothing but a cgroup keeps anything. */
	expect(SOME "max_cpu_percent = 250\n", BOTH | CGLIMIT_CPU,
	    "4096 0 250%, 4096 -");
	expect(SOME "max_cpu_percent = 250\n", BOTH, "4096 0, 4096 -");
	expect(SOME, BOTH | CGLIMIT_CPU, "4096 0, 4096 -");
	/* User mode has no file. */
	expect(NULL, BOTH, "0 0, - -");
}

static void
test_place(void **state)
{
	static struct ops o;
	char dir[CGROUP_PATH];

	(void)state;
	limits_cgroup(&o, 1000, dir);
	assert_string_equal(dir, "");
	o.cgroup_limits = BOTH;
	assert_int_equal(limits_kept(&o), 0);
	snprintf(o.cgroup, sizeof(o.cgroup), "/c");
	limits_cgroup(&o, 1000, dir);
	assert_string_equal(dir, "/c");
	/* In system mode each account has one of its own. */
	o.system = true;
	assert_int_equal(limits_kept(&o), BOTH);
	limits_cgroup(&o, 1000, dir);
	assert_string_equal(dir, "/c/user-1000");
	o.cgroup[0] = '\0';
	limits_cgroup(&o, 1000, dir);
	assert_string_equal(dir, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I23_limits_of_a_policy),
		cmocka_unit_test(test_place),
	};

	return CHECK_RUN("limits", tests);
}
