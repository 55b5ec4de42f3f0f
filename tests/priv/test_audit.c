/* SPDX-License-Identifier: MIT */
/*
 * The record of privileged acts: each is there before it is done and after,
 * none is done without, and whatever is killed, the log goes on where it ended
 * (abuse O01, O06, O07, D09, N01).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auditdir.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "priv-helper/auditask.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigaudit.h"
#include "tests/unit/check.h"

#define CANARY "canary-b1946ac92492d2347c6235b4d2611184"

static int
load(void **state)
{
	char why[256];

	(void)state;
	return auditcrypt_load(why, sizeof(why)) ? 0 : 1;
}

/* The child of [main] with that name, or 0. */
static pid_t
child_named(const struct rig *r, const char *name)
{
	char path[64], comm[32];
	FILE *list, *f;
	int pid;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", r->helper,
	    r->helper);
	list = fopen(path, "re");
	assert_non_null(list);
	while (fscanf(list, "%d", &pid) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		f = fopen(path, "re");
		if (f == NULL || fgets(comm, sizeof(comm), f) == NULL)
			comm[0] = '\0';
		if (f != NULL)
			(void)fclose(f);
		comm[strcspn(comm, "\n")] = '\0';
		if (strcmp(comm, name) == 0)
			break;
		pid = 0;
	}
	(void)fclose(list);
	return pid;
}

static pid_t
audit_pid(const struct rig *r)
{
	const int64_t deadline = rig_deadline();
	pid_t pid;

	while ((pid = child_named(r, "rdv-audit")) == 0)
		assert_false(rig_late(deadline));
	return pid;
}

/* Its keys and its first head are there. */
static void
until_begun(const struct rig *r)
{
	const int64_t deadline = rig_deadline();
	char path[128];

	snprintf(path, sizeof(path), "%s/audit/head", r->base);
	while (access(path, F_OK) < 0)
		assert_false(rig_late(deadline));
}

static void
run_true(struct rig *r)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct priv_exit end;

	rig_spawn(r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_exit(r, res.a.handle, &end);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
}

/* "args=" and the digest of that start, as anybody can compute it. */
static const char *
args_of_sleep(void)
{
	static const char all[] = "2\0/bin/sleep\0"
				  "60\0"
				  "1\0NAME\0/";
	static char word[8 + 2 * AUDIT_HASH];
	uint8_t hash[AUDIT_HASH];

	auditcrypt_hash(all, sizeof(all), hash);
	snprintf(word, sizeof(word), "args=");
	str_hex(word + 5, hash, sizeof(hash));
	return word;
}

static void
every_act(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("/bin/sleep", "60"),
		.env = ARGV("NAME=value"),
		.label = "the label" };
	const struct rig_spawn bad = { .argv = ARGV("x"), .profile = "none" };
	struct rig_result res;
	struct priv_exit end;
	char want[256];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	snprintf(want, sizeof(want),
	    "act=exit phase=news handle=%016llx label=\"the label\" child=%u "
	    "status=9",
	    (unsigned long long)res.a.handle, res.a.pid);
	audit_expect(&r, want);
	snprintf(want, sizeof(want),
	    "act=spawn phase=before handle=%016llx uid=%u grant=1 "
	    "profile=\"login\" label=\"the label\" program=\"/bin/sleep\" "
	    "%s network=full",
	    (unsigned long long)res.a.handle, getuid(), args_of_sleep());
	audit_expect(&r, want);
	snprintf(want, sizeof(want),
	    "act=spawn phase=after handle=%016llx label=\"the label\" "
	    "result=done child=%u guards=0",
	    (unsigned long long)res.a.handle, res.a.pid);
	audit_expect(&r, want);
	audit_expect(&r, "act=signal phase=before");
	audit_expect(&r, "signal=9 to=all");
	audit_expect(&r, "act=signal phase=after");
	audit_expect(&r, "act=login phase=before");
	audit_expect(&r, "act=login phase=after");
	audit_expect(&r, "act=start phase=news process=\"[ops]\"");
	rig_close(&res);
	rig_spawn(&r, &bad, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	audit_expect(&r,
	    "act=spawn phase=refused profile=\"none\" program=\"x\"");
	assert_int_equal(rig_signal(&r, 1, SIGTERM, false), PRIV_NO_SUCH);
	audit_expect(&r, "act=signal phase=refused signal=15 to=group");
	rig_stop(&r);
}

/* A verb that is none, from an rdvd that was taken over. */
static void
abuse_E01_what_is_no_request(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	const struct priv_signal m = { .handle = 7, .sig = SIGTERM };
	struct rig_result res;
	struct rig r;
	struct buf b;

	(void)state;
	rig_start(&r, NULL);
	buf_init(&b, SEQPKT_MAX);
	priv_put_signal(&b, rig_id(&r), &m);
	b.data[6] = PRIV_OP_MAX;
	rig_send(&r, b.data, b.len);
	buf_done(&b);
	assert_true(rig_closed(r.ops));
	audit_expect(&r, "act=request phase=refused why=\"header\"");
	/* The next [ops] serves, and nothing is between it and its records. */
	rig_ops(&r);
	rig_login(&r);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
	audit_expect(&r, "program=\"true\"");
	rig_stop(&r);
}

/* True when what was given as argument, value or directory is in the log. */
static bool
leaks(const char *mutant)
{
	const struct rig_spawn s = { .argv = ARGV("/bin/echo", CANARY),
		.env = ARGV("SECRET=" CANARY) };
	const struct rig_spawn no = { .argv = ARGV("/nowhere", CANARY),
		.profile = "none" };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	bool found;

	rig_start(&r, mutant);
	rig_spawn(&r, &s, &res);
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	rig_spawn(&r, &no, &res);
	audit_expect(&r, "phase=refused");
	/* The rest of it is there. */
	audit_expect(&r, "program=\"/bin/echo\"");
	found = strstr(audit_text, CANARY) != NULL;
	rig_stop(&r);
	return found;
}

static void
abuse_N01_no_argument_in_it(void **state)
{
	(void)state;
	assert_false(leaks(NULL));
	assert_true(leaks("N01"));
}

static void
abuse_O01_out_of_a_runs_reach(void **state)
{
	char script[1024], out[256];
	struct priv_exit end;
	struct rig_spawn s = { .profile = "script" };
	uint64_t before;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	s.argv = ARGV("/bin/sh", "-c", script);
	snprintf(script, sizeof(script),
	    "cd %s/audit 2>/dev/null; for f in 000001.log head mac.key "
	    "sign.key; do "
	    "cat %s/audit/$f || echo no; (echo x >>%s/audit/$f) || echo no; "
	    "rm %s/audit/$f || echo no; done 2>&1 | grep -c ^no; echo here "
	    ">$TMPDIR/x && cat $TMPDIR/x",
	    r.base, r.base, r.base, r.base);
	before = audit_verified(&r);
	rig_run(&r, &s, out, sizeof(out), &end);
	/* Its own directory it may write. */
	assert_string_equal(out, "12\nhere\n");
	assert_null(strstr(out, "seq="));
	assert_true(audit_verified(&r) > before);
	rig_stop(&r);
}

/* [audit] itself: whoever takes it over has the log and nothing else. */
static void
audit_is_confined(void **state)
{
	char path[64], line[256];
	bool nnp = false, caps = false, filter = false;
	struct rig r;
	FILE *f;

	(void)state;
	/* The test build: a sanitized one goes without a filter. */
	rig_start(&r, "nothing");
	snprintf(path, sizeof(path), "/proc/%d/status", audit_pid(&r));
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		nnp = nnp || strcmp(line, "NoNewPrivs:\t1\n") == 0;
		filter = filter || strcmp(line, "Seccomp:\t2\n") == 0;
		caps = caps || strcmp(line, "CapPrm:\t0000000000000000\n") == 0;
	}
	(void)fclose(f);
	assert_true(nnp && caps && filter);
	rig_stop(&r);
}

/* With [audit] gone and nobody to start it again: is a run started? */
static bool
starts_without(const char *mutant)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct rig r;
	pid_t audit;

	rig_start(&r, mutant);
	until_begun(&r);
	audit = audit_pid(&r);
	assert_int_equal(kill(r.helper, SIGSTOP), 0);
	assert_int_equal(kill(audit, SIGKILL), 0);
	rig_spawn(&r, &s, &res);
	if (res.a.result != PRIV_DONE) {
		audit_refused(&r, "is not there");
		assert_int_equal(rig_signal(&r, 1, SIGTERM, true),
		    PRIV_NO_SUCH);
	}
	assert_int_equal(kill(r.helper, SIGCONT), 0);
	audit_allowed(&r);
	audit_expect(&r, "process=\"[audit]\"");
	audit_expect(&r, "act=end phase=news process=\"[audit]\"");
	rig_close(&res);
	rig_stop(&r);
	return res.a.result == PRIV_DONE;
}

static void
abuse_O07_no_audit_no_act(void **state)
{
	(void)state;
	assert_false(starts_without(NULL));
	assert_true(starts_without("audit-block"));
}

/* It costs one deadline, and not one for each act. */
static void
audit_that_hangs(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("/bin/sleep", "60") };
	struct rig_result res;
	int64_t begun;
	struct rig r;
	pid_t audit;
	int i;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	audit = audit_pid(&r);
	assert_int_equal(kill(audit, SIGSTOP), 0);
	begun = clock_mono_ms();
	for (i = 0; i < 20; i++)
		audit_refused(&r, "does not answer");
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_BUSY);
	audit_login_refused(&r);
	assert_true(clock_mono_ms() - begun < 10 * AUDIT_WAIT_MS);
	assert_true(rig_alive((pid_t)res.a.pid));
	assert_int_equal(kill(audit, SIGCONT), 0);
	audit_allowed(&r);
	audit_expect(&r, "stage=\"P6 audit\"");
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

static void
limit_file_size(pid_t pid, rlim_t size)
{
	struct rlimit limit;

	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = size == RLIM_INFINITY ? limit.rlim_max : size;
	assert_int_equal(prlimit(pid, RLIMIT_FSIZE, &limit, NULL), 0);
}

/* What the log says of refused starts: in records, and as a number. */
static int
refusals_told(void)
{
	const char *at;
	int n = 0;

	for (at = audit_text; (at = strstr(at, " phase=refused ")) != NULL;
	     at++)
		n++;
	for (at = audit_text; (at = strstr(at, " omitted=")) != NULL; at++)
		n += (int)strtol(at + strlen(" omitted="), NULL, 10);
	return n;
}

/* How many starts the log has the outcome of. */
static int
starts_told(void)
{
	const char *at = audit_text;
	int n = 0;

	while ((at = strstr(at, "act=spawn phase=after")) != NULL) {
		at++;
		n++;
	}
	return n;
}

/* Asking for what is refused does not fill the disk, and hides nothing. */
static void
abuse_D09_refusals_bounded(void **state)
{
	enum { ASKED = 1500, ACTS = 20 };
	const struct rig_spawn bad = { .argv = ARGV("x"), .profile = "none" };
	int64_t deadline;
	struct rig_result res;
	struct stat before, st;
	char path[128];
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	run_true(&r);
	snprintf(path, sizeof(path), "%s/audit/000001.log", r.base);
	assert_int_equal(stat(path, &before), 0);
	for (i = 0; i < ASKED; i++) {
		rig_spawn(&r, &bad, &res);
		assert_int_equal(res.a.result, PRIV_DENIED);
	}
	/* The acts among them are all there. */
	for (i = 0; i < ACTS; i++)
		run_true(&r);
	/* An outcome is written down after it has been answered. */
	deadline = rig_deadline();
	while ((void)audit_verified(&r),
	    refusals_told() != ASKED || starts_told() < ACTS + 1)
		assert_false(rig_late(deadline));
	assert_int_equal(starts_told(), ACTS + 1);
	assert_non_null(strstr(audit_text, " omitted="));
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size - before.st_size < 200 * 1024);
	rig_stop(&r);
}

/* /health is open to all, and asked every few seconds. */
static void
question_leaves_no_record(void **state)
{
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	for (i = 0; i < 10; i++)
		assert_int_equal(audit_question(&r), PRIV_NO_SUCH);
	run_true(&r);
	audit_expect(&r, "act=exit");
	assert_null(strstr(audit_text, "act=logout"));
	assert_null(strstr(audit_text, "act=ask"));
	rig_stop(&r);
}

/* A number too many is told by a head when nothing else follows. */
static void
left_out_is_told(void **state)
{
	const struct rig_spawn bad = { .argv = ARGV("x"), .profile = "none" };
	struct rig_result res;
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	until_begun(&r);
	for (i = 0; i < 400; i++)
		rig_spawn(&r, &bad, &res);
	audit_expect(&r, "act=head omitted=");
	rig_stop(&r);
}

/* The disk takes half a record, and then nothing, and then all again. */
static void
abuse_D09_full(void **state)
{
	char path[128];
	struct stat st;
	struct rig r;
	pid_t audit;

	(void)state;
	rig_start(&r, NULL);
	audit = audit_pid(&r);
	run_true(&r);
	audit_expect(&r, "act=exit");
	snprintf(path, sizeof(path), "%s/audit/000001.log", r.base);
	assert_int_equal(stat(path, &st), 0);
	limit_file_size(audit, (rlim_t)st.st_size + 50);
	audit_refused(&r, "cannot write");
	limit_file_size(audit, (rlim_t)st.st_size);
	audit_refused(&r, "cannot write");
	limit_file_size(audit, RLIM_INFINITY);
	run_true(&r);
	audit_expect(&r, "act=exit");
	(void)audit_verified(&r);
	rig_stop(&r);
}

/* Killed at any moment of its work, which is every few microseconds. */
static void
abuse_O06_killed_at_random(void **state)
{
	const int rounds = 15;
	uint64_t before = 0, now;
	struct rig r;
	pid_t audit;
	int i, k;

	(void)state;
	rig_start(&r, NULL);
	for (i = 0; i < rounds; i++) {
		audit = audit_pid(&r);
		for (k = 0; k < i % 4; k++)
			audit_allowed(&r);
		assert_int_equal(kill(audit, SIGKILL), 0);
		rig_gone(audit);
		audit_allowed(&r);
		now = audit_verified(&r);
		assert_true(now > before);
		before = now;
	}
	rig_stop(&r);
	/* Nothing is left to write. */
}

/* A write that a power cut has cut short, say. */
static void
abuse_O06_half_a_record(void **state)
{
	char path[128];
	struct rig r;
	pid_t audit;
	int fd;

	(void)state;
	rig_start(&r, NULL);
	run_true(&r);
	audit = audit_pid(&r);
	assert_int_equal(kill(r.helper, SIGSTOP), 0);
	assert_int_equal(kill(audit, SIGKILL), 0);
	snprintf(path, sizeof(path), "%s/audit/000001.log", r.base);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "seq=", 4), 4);
	(void)close(fd);
	assert_int_equal(kill(r.helper, SIGCONT), 0);
	audit_allowed(&r);
	audit_expect(&r, "act=open file=1 torn=4");
	rig_stop(&r);
}

/* What does not verify is not gone on with, whatever is asked for. */
static void
damage_stops_all(void **state)
{
	char path[128];
	struct rig r;
	int fd;

	(void)state;
	rig_start(&r, NULL);
	run_true(&r);
	snprintf(path, sizeof(path), "%s/audit/000001.log", r.base);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "X", 1, 120), 1);
	(void)close(fd);
	assert_int_equal(kill(audit_pid(&r), SIGKILL), 0);
	rig_expect_log(&r, "acts are refused from now on");
	audit_refused(&r, "000001.log line 1");
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_act),
		cmocka_unit_test(abuse_E01_what_is_no_request),
		cmocka_unit_test(abuse_N01_no_argument_in_it),
		cmocka_unit_test(abuse_O01_out_of_a_runs_reach),
		cmocka_unit_test(audit_is_confined),
		cmocka_unit_test(abuse_O07_no_audit_no_act),
		cmocka_unit_test(audit_that_hangs),
		cmocka_unit_test(abuse_D09_full),
		cmocka_unit_test(abuse_D09_refusals_bounded),
		cmocka_unit_test(left_out_is_told),
		cmocka_unit_test(question_leaves_no_record),
		cmocka_unit_test(abuse_O06_killed_at_random),
		cmocka_unit_test(abuse_O06_half_a_record),
		cmocka_unit_test(damage_stops_all),
	};

	return cmocka_run_group_tests_name("audit", tests, load, NULL);
}
