/* SPDX-License-Identifier: MIT */
/*
 * The record of what is done with tokens in system mode: whose, which, and by
 * whose leave; and nothing of it without (abuse O07).
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/sha256.h"
#include "lib/str.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

static char text[1 << 18];

/* All that is in the directory of the log, keys included. */
static void
read_log(const struct rigops *s)
{
	char dir[128], path[512];
	const struct dirent *e;
	size_t used = 0;
	ssize_t n;
	DIR *d;
	int fd;

	snprintf(dir, sizeof(dir), "%s/audit", s->rig.dir);
	d = opendir(dir);
	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		while ((n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
			used += (size_t)n;
		(void)close(fd);
	}
	if (d != NULL)
		(void)closedir(d);
	text[used] = '\0';
}

/* What is told after an act may come a little later. */
static void
expect(const struct rigops *s, const char *want)
{
	const int64_t deadline = rig_deadline();

	for (read_log(s);
	     memmem(text, sizeof(text), want, strlen(want)) == NULL;
	     read_log(s)) {
		if (!rig_late(deadline))
			continue;
		print_message("not there: %s\n", want);
		fail();
	}
}

static void
every_token(void **state)
{
	char token[RIGOPS_TEXT], hex[SHA256_TEXT], want[256];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops s;
	unsigned uid;

	(void)state;
	rigops_start(&s, NULL);
	uid = s.who[1].uid;
	rigops_enrol(&s, 1, 0, token, sum);
	str_hex(hex, sum, sizeof(sum));
	snprintf(want, sizeof(want),
	    "act=enroll phase=before uid=%u token=%s expires=0", uid, hex);
	expect(&s, want);
	snprintf(want, sizeof(want),
	    "act=enroll phase=after uid=%u token=%s result=done", uid, hex);
	expect(&s, want);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, token),
	    PRIV_DONE);
	expect(&s, "act=login phase=before by=token ");
	snprintf(want, sizeof(want),
	    "act=login phase=after by=token uid=%u grant=1 result=done", uid);
	expect(&s, want);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, "none"),
	    PRIV_DENIED);
	expect(&s, "act=login phase=refused by=token result=denied");
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[0].uid,
			     s.service),
	    PRIV_DONE);
	snprintf(want, sizeof(want),
	    "act=login phase=after by=service uid=%u grant=2 result=done",
	    s.who[0].uid);
	expect(&s, want);
	assert_int_equal(rig_revoke(&s.rig, sum), PRIV_NO_SUCH);
	snprintf(want, sizeof(want),
	    "act=revoke phase=before uid=%u grant=2 token=%s", s.who[0].uid,
	    hex);
	expect(&s, want);
	snprintf(want, sizeof(want),
	    "act=revoke phase=after token=%s result=no-such", hex);
	expect(&s, want);
	/* The token itself is nowhere. */
	assert_null(memmem(text, sizeof(text), token, strlen(token)));
	rigops_stop(&s);
}

static bool
is_refused(enum priv_result result, const char *why)
{
	if (result == PRIV_DONE)
		return false;
	assert_int_equal(result, PRIV_FAILED);
	if (why != NULL)
		assert_int_equal(strncmp(why, "audit: ", 7), 0);
	return true;
}

static void
abuse_O07_tokens(void **state)
{
	const int64_t deadline = rig_deadline();
	char why[PRIV_WHY_MAX + 1], token[RIGOPS_TEXT], path[256];
	uint8_t old[PRIV_HASH_LEN], sum[PRIV_HASH_LEN];
	struct rigops s;
	uid_t uid;

	(void)state;
	rigops_start(&s, NULL);
	uid = s.who[1].uid;
	rigops_enrol(&s, 1, 0, token, old);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, token),
	    PRIV_DONE);
	rigops_token(&s, token, sum);
	rigops_proof(&s, 1, sum, path);
	assert_int_equal(kill(s.auditor, SIGSTOP), 0);
	assert_true(is_refused(rig_enroll(&s.rig, uid, sum, 0, why), why));
	assert_int_equal(access(path, F_OK), 0);
	assert_true(is_refused(rig_revoke(&s.rig, old), NULL));
	assert_int_equal(kill(s.auditor, SIGCONT), 0);
	while (is_refused(rig_enroll(&s.rig, uid, sum, 0, why), why))
		assert_false(rig_late(deadline));
	assert_int_equal(access(path, F_OK), -1);
	/* Both tokens are there: the old one was not revoked. */
	assert_int_equal(rig_revoke(&s.rig, sum), PRIV_DONE);
	assert_int_equal(rig_revoke(&s.rig, old), PRIV_DONE);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token),
		cmocka_unit_test(abuse_O07_tokens),
	};

	return cmocka_run_group_tests_name("auditpeople", tests,
	    rigops_accounts, rigops_no_accounts);
}
