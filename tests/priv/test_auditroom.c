/* SPDX-License-Identifier: MIT */
/*
 * The audit log on a disk that is really full: nothing new begins, what runs
 * can be stopped, and all goes on when there is room again (abuse D09). The
 * disk is a tmpfs in a mount namespace of the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/auditdir.h"
#include "priv-helper/auditroom.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigaudit.h"
#include "tests/unit/check.h"

/* Two records each: many times what an unfinished page could hold. */
#define SIGNALS 1000
/* On a busy disk a record may be late, and its signal is refused once. */
#define REFUSED 3

static char where[128]; /* the small disk, under the log */

static int
own_mounts(void **state)
{
	char why[256];

	(void)state;
	if (geteuid() == 0 &&
	    (unshare(CLONE_NEWNS) < 0 ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return 1;
	return auditcrypt_load(why, sizeof(why)) ? 0 : 1;
}

static void
start_on_small_disk(struct rig *r, const char *mutant)
{
	if (geteuid() != 0)
		skip();
	rig_prepare(r);
	snprintf(where, sizeof(where), "%s/audit", r->base);
	assert_int_equal(mkdir(where, 0700), 0);
	assert_int_equal(mount("rdv-test", where, "tmpfs", 0,
			     "size=4m,mode=0700"),
	    0);
	rig_launch(r, mutant);
	rig_daemon(r);
	rig_ops(r);
	rig_login(r);
}

static void
stop_on_small_disk(struct rig *r)
{
	assert_int_equal(umount2(where, MNT_DETACH), 0);
	rig_stop(r);
}

static void
until_full(void)
{
	const int64_t deadline = rig_deadline();
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s/probe", where);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	while (fallocate(fd, 0, 0, 4096) == 0) {
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_false(rig_late(deadline));
	}
	assert_int_equal(errno, ENOSPC);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

/* A program that fills the disk and goes on trying. */
static void
run_away(struct rig *r, struct rig_result *res)
{
	char fill[160];
	const struct rig_spawn s = {
		.argv = ARGV("/bin/sh", "-c",
		    "while :; do cat /dev/zero >>$0; sleep 0.05; done", fill),
	};

	snprintf(fill, sizeof(fill), "%s/fill", where);
	rig_spawn(r, &s, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	until_full();
}

static void
make_room(void)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/fill", where);
	assert_int_equal(unlink(path), 0);
}

/* How many signals got through to a run that has filled the disk. */
static int
signals_on_full_disk(const char *mutant)
{
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int i = 0, refused = 0;

	start_on_small_disk(&r, mutant);
	run_away(&r, &res);
	while (i < SIGNALS && refused < REFUSED) {
		if (rig_signal(&r, res.a.handle, SIGCONT, false) == PRIV_DONE) {
			i++;
			refused = 0;
		} else {
			refused++;
		}
	}
	/* Without a record nothing stops it but its own account. */
	if (rig_signal(&r, res.a.handle, SIGKILL, true) != PRIV_DONE)
		(void)kill(-(pid_t)res.a.pid, SIGKILL);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(end.status, SIGKILL);
	rig_close(&res);
	(void)audit_verified(&r);
	stop_on_small_disk(&r);
	return i;
}

static void
abuse_D09_stopped_on_full_disk(void **state)
{
	(void)state;
	assert_int_equal(signals_on_full_disk(NULL), SIGNALS);
	assert_true(signals_on_full_disk("audit-room") < SIGNALS);
}

static void
abuse_D09_nothing_begins(void **state)
{
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int i;

	(void)state;
	start_on_small_disk(&r, NULL);
	audit_allowed(&r);
	run_away(&r, &res);
	/* Room is taken in steps, and what is left of one is used up. */
	for (i = 0; i < 60; i++)
		assert_int_equal(rig_signal(&r, res.a.handle, SIGCONT, false),
		    PRIV_DONE);
	audit_refused(&r, "no room for more records");
	audit_login_refused(&r);
	assert_int_equal(audit_question(&r), PRIV_BUSY);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	audit_expect(&r, "act=signal phase=after");
	audit_expect(&r, "status=9");
	rig_expect_log(&r, "starts and logins are refused from now on");
	make_room();
	/* Nobody has to try a start to find out. */
	assert_int_equal(audit_question(&r), PRIV_NO_SUCH);
	audit_allowed(&r);
	rig_expect_log(&r, "there is room for records again");
	rig_close(&res);
	stop_on_small_disk(&r);
}

/* The head beside the log is renewed all the same. */
static void
head_on_full_disk(void **state)
{
	struct rig_result res;
	struct priv_exit end;
	struct stat before, now;
	char path[160];
	int64_t deadline;
	struct rig r;

	(void)state;
	start_on_small_disk(&r, NULL);
	audit_allowed(&r);
	run_away(&r, &res);
	snprintf(path, sizeof(path), "%s/head", where);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGCONT, false),
	    PRIV_DONE);
	deadline = rig_deadline();
	do {
		assert_int_equal(stat(path, &now), 0);
		assert_false(rig_late(deadline));
	} while (now.st_ino == before.st_ino);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	(void)audit_verified(&r);
	stop_on_small_disk(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_D09_stopped_on_full_disk),
		cmocka_unit_test(abuse_D09_nothing_begins),
		cmocka_unit_test(head_on_full_disk),
	};

	return cmocka_run_group_tests_name("auditroom", tests, own_mounts,
	    NULL);
}
