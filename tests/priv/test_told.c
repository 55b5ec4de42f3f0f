/* SPDX-License-Identifier: MIT */
/*
 * What the next [ops] tells of an end that the one before has seen (abuse P05):
 * the same status, whoever was the parent of the program, and on record once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/auditcrypt.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigaudit.h"
#include "tests/unit/check.h"

static void
next_ops(struct rig *r)
{
	assert_int_equal(kill((pid_t)r->hello.pid, SIGKILL), 0);
	rig_ops(r);
	r->nnotices = 0;
	rig_login(r);
}

/* Of the only run, when the [ops] of now knows it. */
static int
status_told(struct rig *r)
{
	const int64_t deadline = rig_deadline();
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;

	do {
		assert_false(rig_late(deadline));
		assert_int_equal(rig_inventory(r, 0, &a, &fds), PRIV_DONE);
		seqpkt_fds_close(&fds);
	} while (a.state != PRIV_EXITED);
	return a.status;
}

/* What is waited for comes behind all that was said before it. */
static unsigned
records_of_end(struct rig *r, uint64_t handle)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	char want[80];
	unsigned n = 0;
	const char *at;

	rig_spawn(r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
	(void)audit_verified(r);
	snprintf(want, sizeof(want), "act=exit phase=news handle=%016llx",
	    (unsigned long long)handle);
	for (at = audit_text; (at = strstr(at, want)) != NULL; at++)
		n++;
	return n;
}

static void
abuse_P05_on_record_once(void **state)
{
	const struct rig_spawn s = { .argv = SH("exit 5") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WEXITSTATUS(end.status), 5);
	for (i = 0; i < 2; i++) {
		next_ops(&r);
		assert_int_equal(WEXITSTATUS(status_told(&r)), 5);
	}
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	assert_int_equal(records_of_end(&r, res.a.handle), 1);
	rig_close(&res);
	rig_stop(&r);
}

static void
await_state(pid_t pid, char wanted)
{
	const int64_t deadline = rig_deadline();
	char path[64], state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	do {
		assert_false(rig_late(deadline));
		f = fopen(path, "re");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
		(void)fclose(f);
	} while (state != wanted);
}

/*
 * Its reaper is stopped when the program ends, and killed: somebody else waits
 * for the program, [main] if the reaper is one that an [ops] has left to it.
 */
static void
reaper_did_not_wait(const char *script, int status, bool orphaned)
{
	const struct rig_spawn s = { .argv = SH(script) };
	struct rig_result res;
	struct priv_exit end;
	pid_t pid, reaper;
	struct rig r;

	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	pid = rig_read_pid(res.fds.fd[1]);
	reaper = rig_parent(pid);
	if (orphaned)
		next_ops(&r);
	assert_int_equal(kill(reaper, SIGSTOP), 0);
	await_state(reaper, 'T');
	(void)close(res.fds.fd[0]);
	res.fds.fd[0] = -1;
	await_state(pid, 'Z');
	assert_int_equal(kill(reaper, SIGKILL), 0);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(end.status, status);
	next_ops(&r);
	assert_int_equal(status_told(&r), status);
	next_ops(&r);
	assert_int_equal(status_told(&r), status);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	assert_int_equal(records_of_end(&r, res.a.handle), 1);
	rig_close(&res);
	rig_stop(&r);
}

static void
abuse_P05_status_is_kept(void **state)
{
	(void)state;
	reaper_did_not_wait("echo $$; read x; exit 7", 7 << 8, false);
	reaper_did_not_wait("echo $$; read x; exit 7", 7 << 8, true);
	reaper_did_not_wait("echo $$; read x; exit 0", 0, true);
}

int
main(void)
{
	char why[128];
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P05_on_record_once),
		cmocka_unit_test(abuse_P05_status_is_kept),
	};

	if (!auditcrypt_load(why, sizeof(why)))
		return 1;
	return CHECK_RUN("told", tests);
}
