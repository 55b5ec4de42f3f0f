/* SPDX-License-Identifier: MIT */
/* Accounts: what the database says of them, and how they travel. */
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "priv-helper/accounts.h"
#include "priv-helper/accountwire.h"
#include "tests/unit/check.h"

#define WIRE_MAX 65536

static struct account two[2] = {
	{ 1001, 100, true, "alice", "/home/alice", "/bin/sh", { 7, 9 }, 2 },
	{ 1002, 100, false, "bob", "/home/bob", "/bin/bash", { 0 }, 0 },
};

/* Through a file, as from the child, without its last `cut` bytes. */
static bool
travels(const struct account *list, size_t n, size_t cut, struct accounts *out)
{
	const struct accounts in = { (struct account *)list, n };
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
	assert_string_equal(p->shell, "/bin/sh");
	assert_int_equal(p->gid, 100);
	assert_true(p->web);
	assert_int_equal(p->ngroups, 2);
	assert_int_equal(p->groups[1], 9);
	assert_false(accounts_find(&a, 1002)->web);
	assert_null(accounts_find(&a, 1003));
	assert_null(accounts_find(&a, 0));
	accounts_done(&a);
	assert_true(travels(NULL, 0, 0, &a));
	assert_null(accounts_find(&a, 1001));
}

static void
refused(size_t which, const struct account *bad)
{
	struct account list[2] = { two[0], two[1] };
	struct accounts a;

	list[which] = *bad;
	assert_false(travels(list, 2, 0, &a));
	assert_null(a.list);
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
}

static int
asked(const char *const *admit, const char *const *never, struct accounts *a)
{
	const struct accounts_rule rule = { admit, never };
	int fd, status, err;
	pid_t pid = accounts_ask(&rule, &fd);

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	err = accounts_take(a, fd);
	(void)close(fd);
	return err;
}

/* Whoever runs the tests has a shell; root has one and is left out. */
static void
the_database_is_asked(void **state)
{
	static const char *const nobody[] = { NULL };
	const char *names[] = { "root", "no-such-account", "@no-such-group",
		"nobody", NULL, NULL };
	const struct passwd *pw = getpwuid(getuid());
	char own[ACCOUNTS_NAME_MAX + 1] = "";
	struct accounts a;

	(void)state;
	assert_int_equal(asked(names, nobody, &a), 0);
	assert_int_equal(a.n, 0);
	if (pw == NULL || pw->pw_uid == 0) {
		print_message("needs an account with a shell, not root\n");
		skip();
		return;
	}
	(void)str_copy(own, pw->pw_name, sizeof(own));
	names[4] = own;
	assert_int_equal(asked(names, nobody, &a), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.list[0].uid, getuid());
	assert_int_equal(a.list[0].gid, pw->pw_gid);
	assert_true(a.list[0].ngroups >= 1);
	accounts_done(&a);
	/* Its own accounts never. */
	assert_int_equal(asked(names, names, &a), 0);
	assert_int_equal(a.n, 0);
}

static void
a_file_that_is_none(void **state)
{
	struct accounts a;
	int fd = memfd_create("none", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(accounts_take(&a, fd), RDV_E_MALFORMED);
	assert_int_equal(write(fd, "\1\0\0\0", 4), 4);
	assert_int_equal(accounts_take(&a, fd), RDV_E_MALFORMED);
	assert_int_equal(pwrite(fd, "\0\0\0\0", 4, 0), 4);
	assert_int_equal(accounts_take(&a, fd), 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_an_account_travels),
		cmocka_unit_test(nothing_else_is_taken),
		cmocka_unit_test(the_database_is_asked),
		cmocka_unit_test(a_file_that_is_none),
	};

	return CHECK_RUN("accounts", tests);
}
