/* SPDX-License-Identifier: MIT */
/*
 * Deleting a tree: all of it and nothing beside it, little by little, whatever
 * lies in it and whoever moves it about.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git-worker/erase.h"
#include "lib/clock.h"
#include "tests/unit/lib/tmpdir.h"

#define DEEP   300
#define RACES  300
#define NO_END UINT64_MAX

static char dir[64], top[PATH_MAX], tree[PATH_MAX + 8];
static int dirfd_;

static void
sh(const char *command)
{
	char line[2 * PATH_MAX];

	pid_t pid;
	int status;

	(void)snprintf(line, sizeof line, "cd %s && { %s\n}", top, command);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		fail_msg("%s", command);
}

static int
setup(void **state)
{
	(void)state;
	dirfd_ = tmpdir_new(dir);
	if (realpath(dir, top) == NULL)
		return 1;
	(void)snprintf(tree, sizeof tree, "%s/tree", top);
	/* What stands beside it, and may be pointed to from inside. */
	sh("mkdir keep && echo mine >keep/canary && chmod 750 keep && "
	   "mkdir -p tree/a/b && echo x >tree/a/b/x");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sh("chmod -R u+rwX .");
	close(dirfd_);
	tmpdir_remove(dir);
	return 0;
}

static struct erase_id
id_now(void)
{
	struct erase_id id;

	assert_int_equal(erase_identify(tree, &id), 0);
	return id;
}

/* All at once; what it was must be known. */
static struct erase
gone(void)
{
	const struct erase_id id = id_now();
	struct erase e = { .max_files = NO_END, .max_bytes = NO_END };
	int err = erase_tree(tree, &id, &e);

	if (err != 0 || e.more)
		fail_msg("%d %s", err, e.why);
	assert_int_equal(access(tree, F_OK), -1);
	sh("test \"$(cat keep/canary)\" = mine && "
	   "test \"$(stat -c %a keep)\" = 750 && test \"$(ls)\" = keep");
	return e;
}

static void
abuse_F10_no_link_is_followed(void **state)
{
	(void)state;
	sh("ln -s ../keep tree/dir && ln -s ../../keep/canary tree/a/file && "
	   "ln keep/canary tree/hard && ln -s nowhere tree/none && "
	   "mkfifo tree/fifo");
	assert_int_equal(gone().files, 8);
}

/* A second name of a file outside: the name goes, the file is as it was. */
static void
abuse_F08_a_hard_link_is_a_name(void **state)
{
	(void)state;
	sh("chmod 400 keep/canary && ln keep/canary tree/hard && "
	   "ln keep/canary tree/a/b/hard && chmod 0 tree/a/b && "
	   "truncate -s 8T tree/sparse");
	(void)gone();
	sh("test \"$(stat -c '%a %h %s' keep/canary)\" = '400 1 5'");
}

static void
what_is_closed_is_its_owners(void **state)
{
	(void)state;
	sh("chmod 400 tree/a/b/x && chmod 500 tree/a/b && chmod 0 tree/a && "
	   "chmod 0 tree");
	assert_int_equal(gone().files, 3);
}

static void
odd_names_are_names(void **state)
{
	(void)state;
	sh("cd tree && touch -- -rf ' ' '*' \"$(printf '\\n')x\" ... "
	   "\"$(printf '\\377')\" && mkdir .git ..config && "
	   "touch $(printf 'n%.0s' $(seq 255))");
	(void)gone();
}

static void
deeper_than_there_are_descriptors(void **state)
{
	int fd, up;

	(void)state;
	fd = open(tree, O_DIRECTORY | O_RDONLY);
	for (int i = 0; i < DEEP; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		up = openat(fd, "d", O_DIRECTORY | O_RDONLY);
		assert_true(up >= 0);
		close(fd);
		fd = up;
	}
	close(fd);
	(void)gone();
}

static void
abuse_F11_another_one_is_not_touched(void **state)
{
	struct erase_id id = id_now(), was;
	struct erase e = { .max_files = NO_END, .max_bytes = NO_END };

	(void)state;
	sh("mv tree old && mkdir tree && echo new >tree/new && chmod 0 tree");
	assert_int_equal(erase_tree(tree, &id, &e), -ESTALE);
	sh("test \"$(stat -c %a tree)\" = 0 && chmod 700 tree && "
	   "test \"$(cat tree/new)\" = new");
	/* A link to the right one is another thing as well. */
	sh("rm -r tree && ln -s old tree");
	assert_int_equal(erase_tree(tree, &id, &e), -ESTALE);
	sh("test -e old/a/b/x && rm tree && mv old tree");
	/* Its inode is used again. */
	was = id;
	was.born ^= id.born != 0;
	was.ino ^= id.born == 0;
	assert_int_equal(erase_tree(tree, &was, &e), -ESTALE);
	assert_int_equal(e.files, 0);
	/* The disk came back under another number. */
	was = id;
	was.dev ^= id.born != 0;
	assert_int_equal(erase_tree(tree, &was, &e), 0);
	assert_int_equal(e.files, 3);
	sh("test \"$(ls)\" = keep");
	assert_int_equal(erase_tree(tree, &id, &e), 0);
}

static void
abuse_G23_no_more_than_was_allowed(void **state)
{
	const struct erase_id id = id_now();
	struct erase e;
	unsigned rounds = 0, files = 0;

	(void)state;
	sh("cd tree && touch 1 2 3 4 5 6 7 && head -c 100000 /dev/zero >big");
	do {
		e = (struct erase){ .max_files = 4, .max_bytes = 50000 };
		assert_int_equal(erase_tree(tree, &id, &e), 0);
		/* Every round comes on, and none beyond its bounds. */
		assert_true(e.files >= 1 && e.files <= 4);
		assert_true(e.bytes <= 50000 || e.files == 1 ||
			    e.bytes >= 100000);
		files += (unsigned)e.files;
	} while (++rounds < 20 && e.more);
	assert_false(e.more);
	assert_int_equal(files, 11);
	assert_in_range(rounds, 3, 6);
	assert_int_equal(access(tree, F_OK), -1);
}

static void
weighed_it_is_as_before(void **state)
{
	struct erase e = { .max_files = 3, .max_bytes = NO_END };

	(void)state;
	sh("chmod 500 tree/a");
	assert_int_equal(erase_weigh(tree, &e), 0);
	assert_false(e.more);
	assert_int_equal(e.files, 3);
	assert_true(e.bytes > 0);
	e = (struct erase){ .max_files = 1, .max_bytes = NO_END };
	assert_int_equal(erase_weigh(tree, &e), 0);
	assert_true(e.more);
	sh("test \"$(stat -c %a tree/a)\" = 500 && test -e tree/a/b/x");
}

/* Both may take as long as they were told, and come on all the same. */
static void
no_longer_than_was_allowed(void **state)
{
	const struct erase_id id = id_now();
	struct erase e = { .max_files = NO_END, .max_bytes = NO_END };

	(void)state;
	e.until = clock_mono_ms();
	assert_int_equal(erase_weigh(tree, &e), 0);
	assert_true(e.more);
	assert_int_equal(e.files, 1);
	for (int i = 0; i < 3; i++) {
		e = (struct erase){ .max_files = NO_END,
			.max_bytes = NO_END,
			.until = clock_mono_ms() };
		assert_int_equal(erase_tree(tree, &id, &e), 0);
		assert_int_equal(e.files, 1);
	}
	e.until = clock_mono_ms() + 60000;
	assert_int_equal(erase_tree(tree, &id, &e), 0);
	assert_false(e.more);
	assert_int_equal(access(tree, F_OK), -1);
}

/* Where the disk that it lay on is not mounted now it is not gone. */
static void
what_cannot_be_seen_is_not_gone(void **state)
{
	struct erase_id id = id_now(), was = id;
	struct erase e = { .max_files = NO_END, .max_bytes = NO_END };
	char away[PATH_MAX + 16];

	(void)state;
	sh("mv tree old");
	was.dev ^= 1;
	assert_int_equal(erase_tree(tree, &was, &e), -ENODEV);
	assert_non_null(strstr(e.why, "not mounted"));
	/* Nor is what lay in a directory that is not there itself. */
	(void)snprintf(away, sizeof away, "%s/none/tree", top);
	assert_int_equal(erase_tree(away, &id, &e), -ENOENT);
	assert_int_equal(erase_tree(tree, &id, &e), 0);
	sh("rm -r old");
}

/* Of the names that deep directories get there may be some already. */
static void
its_own_names_are_taken(void **state)
{
	char line[2 * PATH_MAX];

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)snprintf(line, sizeof line,
		    "d=tree/.rdv-deep-%d-%d && for i in $(seq 120); do "
		    "d=$d/d; done && mkdir -p $d",
		    (int)getpid(), i);
		sh(line);
	}
	(void)gone();
}

/* In a mount namespace of its own, for which root or a user namespace is. */
static int
mounted(void)
{
	struct erase_id id;
	struct erase e = { .max_files = NO_END, .max_bytes = NO_END };
	char in[PATH_MAX + 16], from[PATH_MAX + 16];

	(void)snprintf(in, sizeof in, "%s/a/b", tree);
	(void)snprintf(from, sizeof from, "%s/keep", top);
	if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(from, in, NULL, MS_BIND, NULL) < 0)
		return 77;
	if (erase_identify(tree, &id) != 0 || erase_tree(tree, &id, &e) != -EIO)
		return 1;
	return strstr(e.why, "mounted") != NULL ? 0 : 2;
}

static void
abuse_F12_no_mount_is_entered(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(mounted());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	sh("test \"$(cat keep/canary)\" = mine");
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

/* For ever: a directory in the tree is one, and then a link out of it. */
static void
swap(void)
{
	char at[PATH_MAX + 16], away[PATH_MAX + 16];

	(void)snprintf(at, sizeof at, "%s/a", tree);
	(void)snprintf(away, sizeof away, "%s/away", top);
	for (;;) {
		if (rename(at, away) == 0 && symlink("../keep", at) == 0)
			(void)unlink(at);
		(void)rename(away, at);
	}
}

static void
abuse_F10_swapped_while_it_goes(void **state)
{
	struct erase e;
	struct erase_id id;
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		swap();
	for (int i = 0; i < RACES; i++) {
		sh("{ mkdir -p tree/a tree/c && "
		   "touch tree/a/1 tree/a/2 tree/c/3; } 2>/dev/null || true");
		if (erase_identify(tree, &id) != 0)
			continue;
		e = (struct erase){ .max_files = NO_END, .max_bytes = NO_END };
		(void)erase_tree(tree, &id, &e);
		assert_int_equal(faccessat(dirfd_, "keep/canary", F_OK, 0), 0);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	sh("test \"$(cat keep/canary)\" = mine");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_F10_no_link_is_followed),
		T(abuse_F08_a_hard_link_is_a_name),
		T(what_is_closed_is_its_owners),
		T(odd_names_are_names),
		T(deeper_than_there_are_descriptors),
		T(abuse_F11_another_one_is_not_touched),
		T(abuse_G23_no_more_than_was_allowed),
		T(weighed_it_is_as_before),
		T(no_longer_than_was_allowed),
		T(what_cannot_be_seen_is_not_gone),
		T(its_own_names_are_taken),
		T(abuse_F12_no_mount_is_entered),
		T(abuse_F10_swapped_while_it_goes),
	};

	return CHECK_RUN("worker/erase", tests);
}
