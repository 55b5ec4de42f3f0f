/* SPDX-License-Identifier: MIT */
/*
 * A file system that never answers, in the home of one person: what is asked
 * for there hangs, and nobody but that person waits (abuse F12). It needs root
 * and FUSE, and is in a mount namespace of this test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

static int
begin(void **state)
{
	if (geteuid() == 0 &&
	    (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0))
		return -1;
	return rigops_accounts(state);
}

/* The person's own, mounted; the server is a descriptor nobody reads. */
static int
hang(struct rigops *s, const char *at)
{
	const struct account *a = &s->who[0];
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		print_message("no FUSE here\n");
		skip();
	}
	assert_int_equal(mkdir(at, 0700), 0);
	assert_int_equal(chown(at, a->uid, a->gid), 0);
	snprintf(options, sizeof(options),
	    "fd=%d,rootmode=40700,user_id=%u,group_id=%u", fd, a->uid, a->gid);
	assert_int_equal(mount("stuck", at, "fuse", MS_NOSUID | MS_NODEV,
			     options),
	    0);
	return fd;
}

static void
start(struct rigops *s, char at[256], int *server)
{
	rigops_start(s, NULL);
	snprintf(at, 256, "%.200s/stuck", s->who[0].home);
	*server = hang(s, at);
}

/* And without that mount the same is done. */
static void
stop(struct rigops *s, const struct rig_spawn *run, const char *at, int server)
{
	struct priv_exit end;
	char out[16];

	assert_int_equal(umount2(at, MNT_DETACH), 0);
	(void)close(server);
	rigops_enter(s, 0);
	rig_run(&s->rig, run, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	rigops_stop(s);
}

/* [ops] looks at a path itself: it is refused there and then. */
static void
abuse_F12_a_path(void **state)
{
	char at[256];
	struct rig_spawn run = {
		.argv = ARGV("true"), .profile = "script", .paths = ARGV(at)
	};
	struct rig_result res;
	struct rigops s;
	int64_t begun;
	int server;

	(void)state;
	start(&s, at, &server);
	rigops_enter(&s, 0);
	begun = clock_mono_ms();
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, "P5 paths");
	assert_int_equal(res.a.err, EACCES);
	assert_true(clock_mono_ms() - begun < RIG_MS / 4);
	stop(&s, &run, at, server);
}

/* A program's way there is its own; others are served while it hangs. */
static void
abuse_F12_a_start(void **state)
{
	char at[256];
	const struct rig_spawn run = { .argv = ARGV("true"), .cwd = at };
	struct rig_result res;
	struct rigops s;
	int server;

	(void)state;
	start(&s, at, &server);
	rigops_enter(&s, 0);
	rig_spawn_send(&s.rig, &run);
	rigops_control(&s, 1);
	rig_spawn_answer(&s.rig, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, "P7 deadline");
	stop(&s, &run, at, server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_F12_a_path),
		cmocka_unit_test(abuse_F12_a_start),
	};

	return cmocka_run_group_tests_name("mounts", tests, begin,
	    rigops_no_accounts);
}
