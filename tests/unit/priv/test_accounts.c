/* SPDX-License-Identifier: MIT */
/* Accounts: what the database says of them, and how they travel. */
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "priv-helper/accounts.h"
#include "priv-helper/accountwire.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define WIRE_MAX 65536

static char staff[] = "staff", audio[] = "audio",
	    *alices[] = { staff, audio, NULL };
static struct account two[2] = {
	{ 1001, 100, true, 3ull << 40,
	    { { CTL_WORKTREES, 1001, 7, "[default] max_worktrees_mb (F:2)" },
		{ CTL_TRANSFER, 1001, 0, "" } },
	    "alice", "/home/alice", "/data/alice", "/bin/sh", { 7, 9 }, 2,
	    alices },
	{ 1002, 100, false, 0, { { 0 } }, "bob", "/home/bob", "/home/bob",
	    "/bin/bash", { 0 }, 0, NULL },
};

/* Through a file, as from the child, without its last `cut` bytes. */
static bool
travels(const struct account *list, size_t n, size_t cut, struct accounts *out)
{
	char policy[] = "[access]\n", source[] = "/etc/policy";
	const struct accounts in = { .list = (struct account *)list,
		.n = n,
		.policy = policy,
		.npolicy = strlen(policy),
		.source = source };
	int fd = memfd_create("accounts", MFD_CLOEXEC);
	struct buf b;
	bool ok;

	buf_init(&b, WIRE_MAX);
	accountwire_put(&b, &in);
	assert_true(buf_ok(&b));
	assert_int_equal(write(fd, b.data, b.len - cut), b.len - cut);
	buf_done(&b);
	ok = accounts_take(out, fd) == 0;
	(void)close(fd);
	return ok;
}

static void
all_of_an_account_travels(void **state)
{
	const struct account *p;
	struct accounts a;

	(void)state;
	assert_true(travels(two, 2, 0, &a));
	assert_int_equal(a.n, 2);
	p = accounts_find(&a, 1001);
	assert_non_null(p);
	assert_string_equal(p->name, "alice");
	assert_string_equal(p->home, "/home/alice");
	assert_string_equal(p->real_home, "/data/alice");
	assert_string_equal(p->shell, "/bin/sh");
	assert_int_equal(p->gid, 100);
	assert_true(p->web);
	assert_int_equal(p->output_bytes, 3ull << 40);
	assert_int_equal(p->limits[CTL_WORKTREES].mb, 7);
	assert_int_equal(p->limits[CTL_WORKTREES].uid, 1001);
	assert_string_equal(p->limits[CTL_WORKTREES].by,
	    "[default] max_worktrees_mb (F:2)");
	assert_int_equal(p->limits[CTL_TRANSFER].what, CTL_TRANSFER);
	assert_int_equal(p->limits[CTL_TRANSFER].mb, 0);
	assert_int_equal(p->ngroups, 2);
	assert_int_equal(p->groups[1], 9);
	assert_string_equal(p->named[1], "audio");
	assert_null(p->named[2]);
	assert_string_equal(a.policy, "[access]\n");
	assert_int_equal(a.npolicy, strlen(a.policy));
	assert_string_equal(a.source, "/etc/policy");
	assert_false(accounts_find(&a, 1002)->web);
	assert_null(accounts_find(&a, 1003));
	assert_null(accounts_find(&a, 0));
	accounts_done(&a);
	assert_true(travels(NULL, 0, 0, &a));
	assert_null(accounts_find(&a, 1001));
	accounts_done(&a);
}

static void
refused(size_t which, const struct account *bad)
{
	struct account list[2] = { two[0], two[1] };
	struct accounts a;

	list[which] = *bad;
	assert_false(travels(list, 2, 0, &a));
	assert_null(a.list);
	assert_null(a.policy);
}

static void
nothing_else_is_taken(void **state)
{
	struct account bad;
	struct accounts a;
	size_t cut;

	(void)state;
	for (cut = 1; cut < 40; cut++)
		assert_false(travels(two, 2, cut, &a));
	bad = two[0];
	bad.uid = 0;
	refused(0, &bad);
	bad = two[1];
	bad.uid = two[0].uid;
	refused(1, &bad);
	bad = two[1];
	(void)str_copy(bad.name, "../x", sizeof(bad.name));
	refused(1, &bad);
	bad = two[1];
	(void)str_copy(bad.home, "home", sizeof(bad.home));
	refused(1, &bad);
	bad = two[1];
	(void)str_copy(bad.shell, "", sizeof(bad.shell));
	refused(1, &bad);
	bad = two[1];
	(void)str_copy(bad.real_home, "home", sizeof(bad.real_home));
	refused(1, &bad);
}

/* A directory that stands for "/", with that policy in it. */
static void
make_root(char root[64], const char *text)
{
	int dir = tmpdir_new(root), fd;

	assert_int_equal(mkdirat(dir, "etc", 0755), 0);
	assert_int_equal(mkdirat(dir, "etc/rdv", 0755), 0);
	fd = openat(dir, "etc/rdv/helper.toml",
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	(void)close(dir);
}

/* The status of the child, and with 0 what it has found out. */
static int
ask_in(const char *root, const char *const *never, struct accounts *a)
{
	const struct accounts_rule rule = { root, getuid(), never };
	int fd, status;
	pid_t pid = accounts_ask(&rule, &fd);

	/* Something to look at, for who reads on behind a failure. */
	*a = (struct accounts){ .list = two };
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 0)
		assert_int_equal(accounts_take(a, fd), 0);
	(void)close(fd);
	return WEXITSTATUS(status);
}

static int
asked(const char *policy, const char *const *never, struct accounts *a)
{
	char root[64];
	int status;

	make_root(root, policy);
	status = ask_in(root, never, a);
	tmpdir_remove(root);
	return status;
}

/* Whoever runs the tests has a shell; root has one and is left out. */
static void
the_database_is_asked(void **state)
{
	static const char *const nobody[] = { NULL };
	const struct passwd *pw = getpwuid(getuid());
	const char *own[2] = { NULL };
	struct accounts a;
	char policy[512];

	(void)state;
	assert_int_equal(asked("[access]\ngroups = [\"no-such-group\"]\n"
			       "users = [\"root\", \"nobody\", \"no-such\"]\n",
			     nobody, &a),
	    0);
	assert_int_equal(a.n, 0);
	accounts_done(&a);
	if (pw == NULL || pw->pw_uid == 0) {
		print_message("needs an account with a shell, not root\n");
		skip();
		return;
	}
	own[0] = pw->pw_name;
	(void)snprintf(policy, sizeof(policy),
	    "[access]\nmin_uid = 1\nusers = [\"%s\"]\n"
	    "[user.%s]\nweb = true\n",
	    own[0], own[0]);
	assert_int_equal(asked(policy, nobody, &a), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.list[0].uid, getuid());
	assert_int_equal(a.list[0].gid, pw->pw_gid);
	assert_true(a.list[0].ngroups >= 1);
	assert_true(a.list[0].web);
	assert_non_null(a.list[0].named);
	assert_string_equal(a.policy, policy);
	accounts_done(&a);
	/* Its own accounts never. */
	assert_int_equal(asked(policy, own, &a), 0);
	assert_int_equal(a.n, 0);
	accounts_done(&a);
	/* Not the web, unless it says so. */
	*strstr(policy, "[user") = '\0';
	assert_int_equal(asked(policy, nobody, &a), 0);
	assert_int_equal(a.n, 1);
	assert_false(a.list[0].web);
	accounts_done(&a);
}

static void
no_policy_no_accounts(void **state)
{
	static const char *const nobody[] = { NULL };
	char root[64], path[128];
	struct accounts a;

	(void)state;
	assert_int_equal(asked("[access]\nfriends = true\n", nobody, &a),
	    ACCOUNTS_BAD_POLICY);
	make_root(root, "[access]\n");
	(void)snprintf(path, sizeof(path), "%s/etc/rdv/helper.toml", root);
	assert_int_equal(ask_in(root, nobody, &a), 0);
	accounts_done(&a);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(ask_in(root, nobody, &a), ACCOUNTS_BAD_POLICY);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ask_in(root, nobody, &a), ACCOUNTS_BAD_POLICY);
	tmpdir_remove(root);
	assert_int_equal(ask_in(root, nobody, &a), ACCOUNTS_BAD_POLICY);
}

/* Of the whole policy [main] knows these two. */
static void
times_of_the_service_token(void **state)
{
	static const char *const nobody[] = { NULL };
	const int64_t minute = 60000, day = 24 * 60 * minute;
	struct accounts a;

	(void)state;
	assert_int_equal(asked("[access]\n", nobody, &a), 0);
	assert_int_equal(a.rotation_ms, 30 * day);
	assert_int_equal(a.grace_ms, day);
	accounts_done(&a);
	assert_int_equal(asked("[access]\ntoken_rotation_days = 0\n"
			       "token_grace_minutes = 7\n",
			     nobody, &a),
	    0);
	assert_int_equal(a.rotation_ms, INT64_MAX);
	assert_int_equal(a.grace_ms, 7 * minute);
	accounts_done(&a);
}

static void
a_file_that_is_none(void **state)
{
	uint8_t empty[4 + 2 + 8 + 8 + 4] = { 0 };
	struct accounts a;
	int fd = memfd_create("none", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(accounts_take(&a, fd), RDV_E_MALFORMED);
	assert_int_equal(write(fd, "\1\0\0\0", 4), 4);
	assert_int_equal(accounts_take(&a, fd), RDV_E_MALFORMED);
	/* No text of a policy, no name of it, two times, no account. */
	assert_int_equal(pwrite(fd, empty, sizeof(empty), 0), sizeof(empty));
	assert_int_equal(accounts_take(&a, fd), 0);
	accounts_done(&a);
	empty[13] = 0xff;
	assert_int_equal(pwrite(fd, empty, sizeof(empty), 0), sizeof(empty));
	assert_int_equal(accounts_take(&a, fd), RDV_E_MALFORMED);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_an_account_travels),
		cmocka_unit_test(nothing_else_is_taken),
		cmocka_unit_test(the_database_is_asked),
		cmocka_unit_test(no_policy_no_accounts),
		cmocka_unit_test(times_of_the_service_token),
		cmocka_unit_test(a_file_that_is_none),
	};

	return CHECK_RUN("accounts", tests);
}
