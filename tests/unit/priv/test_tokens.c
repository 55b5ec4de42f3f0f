/* SPDX-License-Identifier: MIT */
/* The token store: hashes only, durable, bounded, each uid's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "priv-helper/scratch.h"
#include "priv-helper/tokens.h"
#include "tests/unit/check.h"

#define NOW 1000000

static char dir[64], store[80];
static struct tokens t;
static char why[256];

static int
begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/rdv-tokens-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(store, sizeof(store), "%s/state", dir);
	return tokens_open(&t, store, why, sizeof(why));
}

static int
end(void **state)
{
	(void)state;
	tokens_close(&t);
	scratch_remove(dir, geteuid());
	return 0;
}

static void
reopen(void)
{
	tokens_close(&t);
	assert_int_equal(tokens_open(&t, store, why, sizeof(why)), 0);
}

static struct token
token(uid_t uid, unsigned n, int64_t expires)
{
	struct token made = { .uid = uid, .expires = expires };

	memcpy(made.sha256, &n, sizeof(n));
	made.sha256[31] = 1;
	return made;
}

static int
add(uid_t uid, unsigned n, int64_t expires)
{
	const struct token made = token(uid, n, expires);

	return tokens_add(&t, &made, NOW);
}

/* The uid of a live one, 0: none. */
static uid_t
owner(unsigned n, int64_t now)
{
	const struct token wanted = token(0, n, 0);
	const struct token *found = tokens_find(&t, wanted.sha256, now);

	return found != NULL ? found->uid : 0;
}

static int
drop(uid_t uid, unsigned n)
{
	const struct token wanted = token(0, n, 0);

	return tokens_remove(&t, uid, wanted.sha256, NOW);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", store, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static void
kept_over_a_restart(void **state)
{
	(void)state;
	assert_int_equal(add(1001, 1, 0), 0);
	assert_int_equal(add(1002, 2, NOW + 5), 0);
	assert_int_equal(owner(1, NOW), 1001);
	reopen();
	assert_int_equal(owner(1, NOW), 1001);
	assert_int_equal(owner(2, NOW), 1002);
	assert_int_equal(owner(3, NOW), 0);
	/* Expired to the millisecond, whatever the file still says. */
	assert_int_equal(owner(2, NOW + 4), 1002);
	assert_int_equal(owner(2, NOW + 5), 0);
	assert_int_equal(drop(1001, 1), 0);
	assert_int_equal(owner(1, NOW), 0);
	reopen();
	assert_int_equal(owner(1, NOW), 0);
	assert_int_equal(owner(2, NOW), 1002);
}

static void
each_uid_has_its_own(void **state)
{
	(void)state;
	assert_int_equal(add(1001, 1, 0), 0);
	/* Nobody takes another's over by enrolling the same hash. */
	assert_int_equal(add(1002, 1, 0), RDV_E_EXISTS);
	assert_int_equal(drop(1002, 1), RDV_E_NOT_FOUND);
	assert_int_equal(owner(1, NOW), 1001);
}

/* Of one account as many as it may have; another is none the worse for it. */
static void
bounded(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < TOKENS_EACH; i++)
		assert_int_equal(add(1001, i, i == 0 ? NOW + 1 : 0), 0);
	assert_int_equal(add(1001, 999, 0), RDV_E_FULL);
	assert_int_equal(add(1002, 999, 0), 0);
	/* Ended ones make room. */
	assert_int_equal(drop(1001, 5), 0);
	assert_int_equal(add(1001, 1000, 0), 0);
	t.list[3].expires = NOW;
	assert_int_equal(add(1001, 1001, 0), 0);
	assert_int_equal(add(1001, 1002, 0), RDV_E_FULL);
}

static void
closed_to_others(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	assert_int_equal(add(1001, 1, 0), 0);
	snprintf(path, sizeof(path), "%s/" TOKENS_FILE, store);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	tokens_close(&t);
	assert_int_equal(tokens_open(&t, store, why, sizeof(why)),
	    RDV_E_DENIED);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(chmod(store, 0711), 0);
	assert_int_equal(tokens_open(&t, store, why, sizeof(why)), -EPERM);
	assert_non_null(strstr(why, "needs 0700"));
	assert_int_equal(chmod(store, 0700), 0);
	assert_int_equal(tokens_open(&t, store, why, sizeof(why)), 0);
	assert_int_equal(owner(1, NOW), 1001);
}

#define HEX "0101010101010101010101010101010101010101010101010101010101010101"

/* Half a file would be half of the accounts: refused, and left as it is. */
static void
not_understood(void **state)
{
	static const char *const bad[] = { "1001 " HEX " 0", "0 " HEX " 0\n",
		"-1 " HEX " 0\n", "4294967295 " HEX " 0\n", "1001 " HEX "\n",
		"1001 " HEX " 0 \n", "1001  " HEX " 0\n", "1001 01 0\n",
		"1001 " HEX " -1\n", "\n", "1001 " HEX " 0\n\n",
		"1001 " HEX " x\n" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(TOKENS_FILE, bad[i], 0600);
		tokens_close(&t);
		assert_int_equal(tokens_open(&t, store, why, sizeof(why)),
		    RDV_E_MALFORMED);
		assert_int_equal(t.dir, -1);
	}
	write_file(TOKENS_FILE, "1001 " HEX " 0\n", 0600);
	assert_int_equal(tokens_open(&t, store, why, sizeof(why)), 0);
	assert_int_equal(t.n, 1);
}

/* What cannot be written is not there; what cannot be removed is refused. */
static void
disk_full(void **state)
{
	char path[128];

	(void)state;
	assert_int_equal(add(1001, 1, 0), 0);
	/* A directory of that name cannot be replaced by a file. */
	snprintf(path, sizeof(path), "%s/" TOKENS_FILE, store);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_true(add(1001, 2, 0) < 0);
	assert_int_equal(owner(2, NOW), 0);
	assert_int_equal(owner(1, NOW), 1001);
	assert_true(drop(1001, 1) < 0);
	assert_int_equal(owner(1, NOW), 0);
}

static bool
is_service(const char *text, int64_t now)
{
	uint8_t sum[SHA256_LEN];

	sha256(text, strlen(text), sum);
	return tokens_is_service(&t, sum, now);
}

static void
service_token(void **state)
{
	uint8_t sum[SHA256_LEN];
	char hex[SHA256_TEXT], line[128];
	size_t i;

	(void)state;
	assert_false(is_service("", NOW));
	assert_false(is_service("new", NOW));
	write_file(TOKENS_SERVICE, "new\n", 0600);
	assert_true(is_service("new", NOW));
	assert_false(is_service("old", NOW));
	assert_false(is_service("new\n", NOW));
	sha256("old", 3, sum);
	for (i = 0; i < SHA256_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	snprintf(line, sizeof(line), "%s %d\n", hex, NOW + 10);
	write_file(TOKENS_SERVICE_UNTIL, line, 0600);
	assert_true(is_service("old", NOW + 9));
	assert_false(is_service("old", NOW + 10));
	assert_true(is_service("new", NOW + 10));
	/* Nothing that others can read or that is empty is one. */
	write_file(TOKENS_SERVICE, "new\n", 0644);
	assert_false(is_service("new", NOW));
	write_file(TOKENS_SERVICE, "\n", 0600);
	assert_false(is_service("", NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_over_a_restart, begin,
		    end),
		cmocka_unit_test_setup_teardown(each_uid_has_its_own, begin,
		    end),
		cmocka_unit_test_setup_teardown(bounded, begin, end),
		cmocka_unit_test_setup_teardown(closed_to_others, begin, end),
		cmocka_unit_test_setup_teardown(not_understood, begin, end),
		cmocka_unit_test_setup_teardown(disk_full, begin, end),
		cmocka_unit_test_setup_teardown(service_token, begin, end),
	};

	return CHECK_RUN("tokens", tests);
}
