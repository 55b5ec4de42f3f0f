/* SPDX-License-Identifier: MIT */
/* What the doctor says by what rdvd, its helper and systemd say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* What rdvd says of a part, and what is said of that. */
static const struct part {
	const char *status, *said;
} parts[] = {
	{ "\"components\":{\"database\":false}", "it cannot be read" },
	{ "\"components\":{\"helper\":false}", "cannot work" },
	{ "\"components\":{\"git_workers\":false},"
	  "\"git_workers\":{\"running\":2,\"failing\":1}",
	    "1 ended, and no other" },
	{ "\"components\":{\"egress\":false},"
	  "\"egress\":{\"running\":3,\"silent\":2}",
	    "2 dead or stopped" },
	{ "\"components\":{\"egress\":true},"
	  "\"egress\":{\"running\":3,\"silent\":0}",
	    "3 at work" },
	{ "\"checked_at\":9,\"findings\":[{\"table\":\"run\",\"id\":\"r1\","
	  "\"what\":\"it is wrong\"},{\"table\":\"run\"}]",
	    "run r1: it is wrong (2 in all: rdv check)" },
	{ "\"components\":{\"integrity\":false},\"checked_at\":9,"
	  "\"findings\":[]",
	    "a row of another account is wrong" },
	{ "\"checked_at\":9,\"findings\":[]", "nothing on record is wrong" },
	{ "\"findings\":[]", "rdvd has not looked yet" },
	/* One of an earlier build. */
	{ "\"x\":1", "0 at work" },
};

static const struct part *part;

static void
part_answer(int fd, const char *request, unsigned n)
{
	char body[256];

	(void)request, (void)n;
	snprintf(body, sizeof(body), "{\"helper\":{\"ready\":true},%s}",
	    part->status);
	fake_json(fd, 200, body);
}

static void
abuse_O11_names_what_is_dead(void **state)
{
	static struct fake fake;
	static struct ran ran;

	(void)state;
	for (part = parts; part < parts + sizeof(parts) / sizeof(parts[0]);
	     part++) {
		fake_start(&fake, part_answer);
		RUN(&ran, "doctor");
		fake_stop(&fake);
		if (strstr(ran.out, part->said) == NULL)
			fail_msg("%s: %s", part->said, ran.out);
	}
}

static void
status_answer(int fd, const char *request, unsigned n)
{
	static const char *const bodies[] = {
		"{\"helper\":{\"ready\":true},\"health\":\"degraded\"}",
		"{\"helper\":{\"ready\":true},\"health\":\"healthy\"}",
		"{\"helper\":{\"ready\":true}}",
	};

	(void)request;
	fake_json(fd, 200, bodies[n % 3]);
}

static void
abuse_O11_status_fails_with_a_part(void **state)
{
	static const int rcs[] = { CMD_FAILED, CMD_OK, CMD_OK };
	static struct fake fake;
	static struct ran ran;

	(void)state;
	fake_start(&fake, status_answer);
	for (int i = 0; i < 3; i++) {
		RUN(&ran, "status");
		assert_int_equal(ran.rc, rcs[i]);
	}
	fake_stop(&fake);
}

/*
 * What systemd says, and rdvd, whose parent is ours; `main`: 1 is that one, -1
 * as well, but /proc shows nobody rdvd.
 */
static const struct unit {
	int main;
	const char *text; /* NULL: it does not answer */
	const char *feature, *said;
} units[] = {
	{ 1, "NFileDescriptorStore=35\nFileDescriptorStoreMax=4096\n",
	    "outlives", "what runs outlives it, store 35 of 4096" },
	{ 1, "NFileDescriptorStore=0\nFileDescriptorStoreMax=4096\n", "cgroup",
	    "it ends what runs, and the log of rdv says why" },
	{ 1, "NFileDescriptorStore=0\nFileDescriptorStoreMax=0\n", "outlives",
	    "without FileDescriptorStoreMax=" },
	/* Another process, none, and what is no number. */
	{ 0, "NFileDescriptorStore=35\nFileDescriptorStoreMax=4096\n",
	    "outlives", "is not systemd's" },
	{ 1, "NFileDescriptorStore=35\n", "outlives", "is not systemd's" },
	{ 1, "NFileDescriptorStore=35\nFileDescriptorStoreMax=many\n",
	    "outlives", "is not systemd's" },
	{ 1, NULL, "outlives", "is not systemd's" },
	{ -1, "NFileDescriptorStore=35\nFileDescriptorStoreMax=4096\n",
	    "outlives", "what runs outlives it, store 35 of 4096" },
	{ -1, "NFileDescriptorStore=0\nFileDescriptorStoreMax=4096\n", "cgroup",
	    "it ends what runs, and the log of rdv says why" },
	{ -1, NULL, "outlives", "is not systemd's" },
};

static const struct unit *unit;
static pid_t tester;
#define NOBODY 4194305 /* more than any pid (PID_MAX_LIMIT) */

static void
unit_answer(int fd, const char *request, unsigned n)
{
	char body[256];

	(void)request, (void)n;
	snprintf(body, sizeof(body),
	    "{\"pid\":%d,\"helper\":{\"ready\":true,\"features\":[\"%s\"]}}",
	    unit->main < 0 ? NOBODY : tester, unit->feature);
	fake_json(fd, 200, body);
}

static void
put_systemctl(const struct fake *f)
{
	char path[128];
	FILE *s;

	snprintf(path, sizeof(path), "%s/systemctl", f->dir);
	s = fopen(path, "we");
	assert_non_null(s);
	fprintf(s, "#!/bin/sh\n");
	if (unit->text == NULL)
		fprintf(s, "echo no systemd; exit 1\n");
	else
		fprintf(s, "cat <<E\nMainPID=%d\n%sE\n",
		    unit->main ? getppid() : tester, unit->text);
	assert_int_equal(fchmod(fileno(s), 0700), 0);
	assert_int_equal(fclose(s), 0);
}

/* As whom the host's rdv serves: its place is the fake's, by another name. */
static void
serve_by_host(const struct fake *f)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/run", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/run/rdv", f->dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/run/rdv/me", f->dir);
	assert_int_equal(symlink("../..", path), 0);
	assert_int_equal(setenv("RDV_RUN", path, 1), 0);
}

static void
says_whether_runs_outlive_a_restart(void **state)
{
	char *const was = strdup(getenv("PATH"));
	static struct fake fake;
	static struct ran ran;
	char path[1024];

	(void)state;
	tester = getpid();
	for (unit = units; unit < units + sizeof(units) / sizeof(units[0]);
	     unit++) {
		fake_start(&fake, unit_answer);
		put_systemctl(&fake);
		serve_by_host(&fake);
		snprintf(path, sizeof(path), "%s:%s", fake.dir, was);
		assert_int_equal(setenv("PATH", path, 1), 0);
		RUN(&ran, "doctor");
		assert_int_equal(unsetenv("RDV_RUN"), 0);
		assert_int_equal(setenv("PATH", was, 1), 0);
		fake_stop(&fake);
		assert_non_null(strstr(ran.out, unit->said));
	}
	free(was);
	/* Nobody is asked about one's own. */
	unit = units;
	fake_start(&fake, unit_answer);
	RUN(&ran, "doctor");
	fake_stop(&fake);
	assert_non_null(strstr(ran.out, "as this rdv is yours alone"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_whether_runs_have_cgroups),
		cmocka_unit_test(says_why_nothing_begins),
		cmocka_unit_test(abuse_O11_names_what_is_dead),
		cmocka_unit_test(abuse_O11_status_fails_with_a_part),
		cmocka_unit_test(says_whether_runs_outlive_a_restart),
	};

	return CHECK_RUN("doctor", tests);
}
