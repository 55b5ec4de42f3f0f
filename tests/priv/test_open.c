/* SPDX-License-Identifier: MIT */
/*
 * Open spare runs: in a root of its own a start with paths that nobody has
 * asked for takes one, which sees what is asked for, as it is then, and nothing
 * of any other run's.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/priv/rigahead.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

static char out[1 << 12];

/* False where this host has no views that lack anything. */
static bool
has_roots(const struct rig *r)
{
	return (r->hello.features & PRIV_F_USERNS) != 0 && getuid() != 0;
}

/* A place for programs, two directories and a word in each. */
static void
begin_words(struct rig *r, char dirs[2][128])
{
	unsigned i;

	rig_prepare_in(r, "/var/tmp");
	rig_launch(r, NULL);
	rig_daemon(r);
	rig_ops(r);
	rig_login(r);
	for (i = 0; i < 2; i++) {
		snprintf(dirs[i], 128, "%s/words%u", r->dir, i);
		rigahead_word(dirs[i], i == 0 ? "one" : "two");
	}
}

/* What nobody has asked for before takes the open one, and that is all. */
static void
another_path_takes_the_open_one(void **state)
{
	struct rig_spawn s = { .argv = ARGV("cat"), .profile = "agent" };
	char dirs[2][128];
	pid_t spare, open;
	struct rig r;

	(void)state;
	begin_words(&r, dirs);
	s.cwd = dirs[0];
	s.paths = ARGV(dirs[0]);
	(void)rigahead_start(&r, &s);
	spare = rigahead_wait(&r, 1);
	if (has_roots(&r)) {
		open = rigahead_wait_named(&r, RIGAHEAD_OPEN, 1);
		s.cwd = dirs[1];
		s.paths = ARGV(dirs[1]);
		assert_int_equal(rigahead_start(&r, &s), open);
		assert_true(rig_alive(spare));
		/*
		 * There are one more of the one, and another one of the other.
		 */
		(void)rigahead_wait(&r, 2);
		assert_int_not_equal(rigahead_wait_named(&r, RIGAHEAD_OPEN, 1),
		    open);
	}
	s.cwd = dirs[0];
	s.paths = ARGV(dirs[0]);
	assert_int_equal(rigahead_start(&r, &s), spare);
	rig_stop(&r);
}

/* It is shown what this request asks for, as it is now, and not the last's. */
static void
abuse_I24_an_open_one_sees_what_is_asked(void **state)
{
	struct rig_spawn s = { .profile = "agent" };
	char dirs[2][128], moved[160];
	const char *const word[] = { "cat", "word", NULL };
	const char *const hidden[] = { "/bin/sh", "-c",
		"cat word; test ! -e \"$0\"", dirs[0], NULL };
	struct rig r;

	(void)state;
	begin_words(&r, dirs);
	s.cwd = dirs[0];
	s.paths = ARGV(dirs[0]);
	s.argv = word;
	rig_done(&r, &s, out, sizeof(out));
	assert_string_equal(out, "one");
	(void)rigahead_wait_named(&r, RIGAHEAD_OPEN, has_roots(&r) ? 1 : 0);
	snprintf(moved, sizeof(moved), "%s/moved", r.dir);
	assert_int_equal(rename(dirs[1], moved), 0);
	rigahead_word(dirs[1], "new");
	s.cwd = dirs[1];
	s.paths = ARGV(dirs[1]);
	s.argv = has_roots(&r) ? hidden : word;
	rig_done(&r, &s, out, sizeof(out));
	assert_string_equal(out, "new");
	rig_stop(&r);
}

static ino_t
space_of(pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* It may still mount, in namespaces of its own that nobody else is in. */
static void
abuse_E01_an_open_one_is_apart(void **state)
{
	static const char *const spaces[] = { "user", "pid", "mnt", "ipc",
		"net" };
	const struct rig_spawn s = {
		.argv = ARGV("cat"), .profile = "agent", .net = PRIV_NET_NONE
	};
	struct rig_result res;
	struct rigops o;
	char text[128];
	pid_t open;
	size_t i;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	rigops_enter(&o, 0);
	rig_spawn(&o.rig, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	if ((o.rig.hello.features & PRIV_F_USERNS) != 0) {
		open = rigahead_wait_named(&o.rig, RIGAHEAD_OPEN, 1);
		rigops_status(open, "Uid", text);
		assert_int_equal(strtoul(text, NULL, 10), o.who[0].uid);
		rigops_status(open, "CapBnd", text);
		assert_int_equal(strtoul(text, NULL, 16), 0);
		/* As any other, and the root that it is to be rid of. */
		assert_int_equal(rigahead_fds(open), 7);
		for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
			assert_int_not_equal(space_of(open, spaces[i]),
			    space_of(getpid(), spaces[i]));
			assert_int_not_equal(space_of(open, spaces[i]),
			    space_of((pid_t)res.a.pid, spaces[i]));
		}
	}
	rig_close(&res);
	rigops_stop(&o);
}

/* It has all of the host's mounts still, as they were when it was made. */
static void
an_open_one_ends_with_what_is_mounted(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "agent" };
	char dir[] = "/var/tmp/rdv-mount-XXXXXX";
	struct rigops o;
	pid_t open;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	rigops_enter(&o, 0);
	(void)rigahead_start(&o.rig, &s);
	(void)rigahead_wait(&o.rig, 1);
	if ((o.rig.hello.features & PRIV_F_USERNS) != 0) {
		open = rigahead_wait_named(&o.rig, RIGAHEAD_OPEN, 1);
		assert_non_null(mkdtemp(dir));
		assert_int_equal(mount("rdv", dir, "tmpfs", 0, NULL), 0);
		assert_int_equal(umount2(dir, MNT_DETACH), 0);
		assert_int_equal(rmdir(dir), 0);
		rig_gone(open);
		/* The other has what it shows, and no more. */
		assert_int_equal(rigahead_spares(&o.rig).n, 1);
	}
	rigops_stop(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_path_takes_the_open_one),
		cmocka_unit_test(abuse_I24_an_open_one_sees_what_is_asked),
		cmocka_unit_test(abuse_E01_an_open_one_is_apart),
		cmocka_unit_test(an_open_one_ends_with_what_is_mounted),
	};

	return cmocka_run_group_tests_name("open", tests, rigops_accounts,
	    rigops_no_accounts);
}
