/* SPDX-License-Identifier: MIT */
/* What the doctor says of cgroups, by what rdvd says that its helper offers. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

static const struct row {
	const char *helper, *said;
} rows[] = {
	{ "{\"ready\":true,\"features\":[\"seccomp\"]}",
	    "none is delegated: runs go without, limited by rlimits" },
	{ "{\"ready\":true}",
	    "none is delegated: runs go without, limited by rlimits" },
	{ "{\"ready\":true,\"features\":[\"seccomp\",\"cgroup\"]}",
	    "one for each run, limits: rlimits" },
	{ "{\"ready\":true,\"features\":[\"cgroup\",\"cgroup_pids\"]}",
	    "one for each run, limits: processes, rlimits" },
	{ "{\"ready\":true,\"features\":[\"cgroup\",\"cgroup_pids\","
	  "\"cgroup_memory\"]}",
	    "one for each run, limits: processes, memory, rlimits" },
	{ "{\"ready\":false,\"features\":[\"cgroup\"]}",
	    "the helper does not answer" },
};

static const struct row *row;

static void
answer_fn(int fd, const char *request, unsigned n)
{
	char body[256];

	(void)request, (void)n;
	snprintf(body, sizeof(body), "{\"helper\":%s}", row->helper);
	fake_json(fd, 200, body);
}

static void
says_whether_runs_have_cgroups(void **state)
{
	static struct fake fake;
	static struct ran ran;

	(void)state;
	for (row = rows; row < rows + sizeof(rows) / sizeof(rows[0]); row++) {
		fake_start(&fake, answer_fn);
		RUN(&ran, "doctor");
		fake_stop(&fake);
		assert_non_null(strstr(ran.out, "cgroups"));
		assert_non_null(strstr(ran.out, row->said));
	}
}

static void
refusing_answer(int fd, const char *request, unsigned n)
{
	(void)request, (void)n;
	fake_json(fd, 200,
	    "{\"helper\":{\"ready\":true,\"refused\":\"audit: no room\"}}");
}

static void
says_why_nothing_begins(void **state)
{
	static struct fake fake;
	static struct ran ran;

	(void)state;
	fake_start(&fake, refusing_answer);
	RUN(&ran, "doctor");
	fake_stop(&fake);
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.out,
	    "nothing can be started: audit: no room"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_whether_runs_have_cgroups),
		cmocka_unit_test(says_why_nothing_begins),
	};

	return CHECK_RUN("doctor", tests);
}
