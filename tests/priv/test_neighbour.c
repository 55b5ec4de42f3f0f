/* SPDX-License-Identifier: MIT */
/*
 * Who may write a directory above the one that a run starts in swaps it for a
 * link, all the time (abuse F02, F18). Where a run starts is a name, entered as
 * its account; what it may read there was opened and judged before. And with a
 * repository of his own he has nobody's git look into that (G09).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define NEIGHBOUR 54321
#define ROUNDS	  200
#define BASE	  "/var/tmp"

static char top[64], out[4096];

static const char *
in(const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *p = path[turn++ % 4];

	(void)snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(in(name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/*
 * What is asked for is "shared/dir/w"; "own" is the same account's, has a
 * directory of the same name, and nobody has asked for it.
 */
static void
lay_out(void)
{
	static const char *const dirs[] = { "shared", "shared/dir",
		"shared/dir/w", "own", "own/w" };

	(void)snprintf(top, sizeof(top), BASE "/rdv-neighbour-XXXXXX");
	assert_non_null(mkdtemp(top));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		assert_int_equal(mkdir(in(dirs[i]), 0700), 0);
	put("shared/dir/w/f", "asked for\n");
	put("own/w/f", "secret\n");
	assert_int_equal(symlink(in("own"), in("shared/link")), 0);
	assert_int_equal(lchown(in("shared/link"), NEIGHBOUR, NEIGHBOUR), 0);
}

static void
tidy(void)
{
	static const char *const files[] = { "shared/link", "shared/dir/w/f",
		"own/w/f" };
	static const char *const dirs[] = { "shared/dir/w", "shared/dir",
		"shared", "own/w", "own", "." };
	struct stat st;

	/* As the racer has left it. */
	assert_int_equal(lstat(in("shared/dir"), &st), 0);
	if (S_ISLNK(st.st_mode))
		assert_int_equal(renameat2(AT_FDCWD, in("shared/dir"), AT_FDCWD,
				     in("shared/link"), RENAME_EXCHANGE),
		    0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_int_equal(unlink(in(files[i])), 0);
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]) - 1; i++)
		assert_int_equal(rmdir(in(dirs[i])), 0);
	assert_int_equal(rmdir(top), 0);
}

static pid_t
race(const char *one, const char *other)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	while (pid == 0) {
		(void)renameat2(AT_FDCWD, in(one), AT_FDCWD, in(other),
		    RENAME_EXCHANGE);
		for (volatile unsigned i = (unsigned)random() % 65536; i > 0;
		     i--)
			continue;
		if (getppid() == 1)
			_exit(0);
	}
	return pid;
}

struct seen {
	unsigned asked, closed, refused, secret;
};

/* The path is granted by the name that it was asked for under, as the start. */
static void
start_once(struct rig *r, struct seen *n)
{
	const char *const argv[] = { "/bin/cat", "f", NULL };
	const char *const paths[] = { in("shared/dir/w"), NULL };
	const struct rig_spawn s = { .profile = "script",
		.cwd = paths[0],
		.argv = argv,
		.paths = paths };
	struct rig_result res;
	struct priv_exit e;

	rig_spawn(r, &s, &res);
	if (res.a.result != PRIV_DONE) {
		n->refused++;
		return;
	}
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	rig_exit(r, res.a.handle, &e);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	n->asked += strcmp(out, "asked for\n") == 0;
	n->secret += strstr(out, "secret") != NULL;
	n->closed += out[0] == '\0';
}

static void
need_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("what another account owns needs root\n");
	skip();
}

/* A swap between judgement and start, which is what is tried. */
static bool
has_met(const struct seen *n, const char *mutant)
{
	return (mutant != NULL ? n->secret : n->closed) > 0;
}

static struct seen
start_many(const char *mutant)
{
	const int64_t end = rig_deadline();
	struct seen n = { 0, 0, 0, 0 };
	struct rig r;
	pid_t pid;

	need_root();
	lay_out();
	rig_start(&r, mutant);
	start_once(&r, &n);
	assert_int_equal(n.asked, 1);
	pid = race("shared/dir", "shared/link");
	for (unsigned i = 0; i < ROUNDS || !has_met(&n, mutant); i++) {
		assert_true(i < ROUNDS || !rig_late(end));
		start_once(&r, &n);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_stop(&r);
	tidy();
	print_message("# a start below a neighbour: %u as asked, %u with "
		      "nothing to read, %u refused, %u elsewhere\n",
	    n.asked, n.closed, n.refused, n.secret);
	return n;
}

static void
abuse_F02_F18_where_a_run_starts(void **state)
{
	struct seen n;

	(void)state;
	n = start_many(NULL);
	assert_int_equal(n.secret, 0);
	assert_true(n.asked > 1 && n.refused > 0);
}

static void
abuse_F02_F18_where_a_run_starts_bites(void **state)
{
	(void)state;
	assert_true(start_many("landlock").secret > 0);
}

/* No race is needed for it: the directory with the link in it is his. */
static void
abuse_F02_F18_a_directory_of_his(void **state)
{
	const char *const argv[] = { "/bin/cat", "f", NULL };
	const char *paths[] = { NULL, NULL };
	struct rig_spawn s = {
		.profile = "script", .argv = argv, .paths = paths
	};
	struct rig_result res;
	struct priv_exit e;
	struct rig r;

	(void)state;
	need_root();
	lay_out();
	rig_start(&r, NULL);
	assert_int_equal(mkdir(in("shared/his"), 0755), 0);
	assert_int_equal(chown(in("shared/his"), NEIGHBOUR, NEIGHBOUR), 0);
	assert_int_equal(symlink(in("own"), in("shared/his/dir")), 0);
	paths[0] = s.cwd = in("shared/his/dir/w");
	/* The control: whose run it is may lead it. */
	rig_run(&r, &s, out, sizeof(out), &e);
	assert_string_equal(out, "secret\n");
	assert_int_equal(lchown(in("shared/his/dir"), NEIGHBOUR, NEIGHBOUR), 0);
	paths[0] = s.cwd = in("shared/his/dir/w");
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	rig_stop(&r);
	assert_int_equal(unlink(in("shared/his/dir")), 0);
	assert_int_equal(rmdir(in("shared/his")), 0);
	tidy();
}

static const char *const repo[] = { "", "/.git", "/.git/objects", "/.git/refs",
	"/.git/HEAD", "/.git/config" };

/* As much of one as git takes for one; it says whose it is. */
static void
make_repo(const char *name, uid_t owner)
{
	char path[64], text[64];

	for (size_t i = 0; i < 6; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", name, repo[i]);
		(void)snprintf(text, sizeof(text),
		    i == 4 ? "ref: refs/heads/%s\n" : "[test]\n\twho = %s\n",
		    name);
		if (i < 4)
			assert_int_equal(mkdir(in(path), 0755), 0);
		else
			put(path, text);
		assert_int_equal(chown(in(path), owner, owner), 0);
	}
}

static void
remove_repo(const char *name)
{
	char path[64];

	for (size_t i = 6; i-- > 0;) {
		(void)snprintf(path, sizeof(path), "%s%s", name, repo[i]);
		assert_int_equal(remove(in(path)), 0);
	}
}

static void
look_once(struct rig *r, struct seen *n)
{
	const char *const argv[] = { "git", "config", "--get", "test.who",
		NULL };
	const char *const paths[] = { in("main"), NULL };
	const struct rig_spawn s = {
		.profile = "git", .cwd = paths[0], .argv = argv, .paths = paths
	};
	struct rig_result res;
	struct priv_exit e;

	rig_spawn(r, &s, &res);
	if (res.a.result != PRIV_DONE) {
		assert_non_null(strstr(res.a.why,
		    "belongs to another account"));
		n->refused++;
		return;
	}
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	rig_exit(r, res.a.handle, &e);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	n->asked += strcmp(out, "main\n") == 0;
	n->secret += strcmp(out, "evil\n") == 0;
	n->closed += out[0] == '\0';
}

/*
 * A directory and no link: whoever may write above ours can put his own in its
 * place. git asks whose it is by its name, so it is asked before by descriptor.
 */
static struct seen
look_many(uid_t owner)
{
	const int64_t end = rig_deadline();
	struct seen n = { 0, 0, 0, 0 };
	struct rig r;
	pid_t pid;

	need_root();
	(void)snprintf(top, sizeof(top), BASE "/rdv-neighbour-XXXXXX");
	assert_non_null(mkdtemp(top));
	make_repo("main", geteuid());
	make_repo("evil", owner);
	rig_start(&r, NULL);
	look_once(&r, &n);
	assert_int_equal(n.asked, 1);
	pid = race("main", "evil");
	for (unsigned i = 0; i < ROUNDS || n.refused + n.secret == 0; i++) {
		assert_true(i < ROUNDS || !rig_late(end));
		look_once(&r, &n);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_stop(&r);
	remove_repo("main");
	remove_repo("evil");
	assert_int_equal(rmdir(top), 0);
	print_message(
	    "# git below a neighbour: %u ours, %u none, %u refused, %u his\n",
	    n.asked, n.closed, n.refused, n.secret);
	return n;
}

static void
abuse_F02_G09_whose_repository_it_is(void **state)
{
	struct seen n;

	(void)state;
	n = look_many(NEIGHBOUR);
	assert_int_equal(n.secret, 0);
	assert_true(n.asked > 1 && n.refused > 0);
	/* Control: another of our own is looked into. */
	assert_true(look_many(geteuid()).secret > 0);
}

/* One that lies in what is granted, by its name and by a link's. */
static void
abuse_G09_below_what_is_granted(void **state)
{
	static const char *const names[] = { "mine", "his", "link" };
	const char *const argv[] = { "git", "config", "--get", "test.who",
		NULL };
	const char *paths[] = { NULL, NULL };
	struct rig_spawn s = { .profile = "git", .argv = argv, .paths = paths };
	char cwd[256], all[256];
	struct rig_result res;
	struct rig r;

	(void)state;
	need_root();
	(void)snprintf(top, sizeof(top), BASE "/rdv-neighbour-XXXXXX");
	assert_non_null(mkdtemp(top));
	make_repo("mine", geteuid());
	make_repo("his", NEIGHBOUR);
	assert_int_equal(symlink("his", in("link")), 0);
	(void)snprintf(all, sizeof(all), "%s", top);
	paths[0] = all;
	rig_start(&r, NULL);
	for (size_t i = 0; i < 3; i++) {
		struct priv_exit e;

		(void)snprintf(cwd, sizeof(cwd), "%s", in(names[i]));
		s.cwd = cwd;
		rig_spawn(&r, &s, &res);
		if (i > 0) {
			assert_int_equal(res.a.result, PRIV_DENIED);
			assert_non_null(strstr(res.a.why, "another account"));
			continue;
		}
		assert_int_equal(res.a.result, PRIV_DONE);
		(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
		assert_string_equal(out, "mine\n");
		rig_exit(&r, res.a.handle, &e);
		assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
		rig_close(&res);
	}
	rig_stop(&r);
	assert_int_equal(unlink(in("link")), 0);
	remove_repo("mine");
	remove_repo("his");
	assert_int_equal(rmdir(top), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_F02_F18_where_a_run_starts),
		cmocka_unit_test(abuse_F02_F18_where_a_run_starts_bites),
		cmocka_unit_test(abuse_F02_F18_a_directory_of_his),
		cmocka_unit_test(abuse_F02_G09_whose_repository_it_is),
		cmocka_unit_test(abuse_G09_below_what_is_granted),
	};

	return CHECK_RUN("neighbour", tests);
}
