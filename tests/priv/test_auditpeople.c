/* SPDX-License-Identifier: MIT */
/*
 * The record of what is done with tokens in system mode: whose, which, and by
 * whose leave; and nothing of it without (abuse O07).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

/* The directory's files are not all text. */
static const char *
find(const char *want)
{
	return memmem(text, sizeof(text), want, strlen(want));
}

static unsigned
count(const char *want)
{
	const char *p = text, *const end = text + sizeof(text);
	unsigned n = 0;

	while ((p = memmem(p, (size_t)(end - p), want, strlen(want))) != NULL) {
		p += strlen(want);
		n++;
	}
	return n;
}

/* What is told after an act may come a little later. */
static void
expect(const struct rigops *s, const char *want)
{
	const int64_t deadline = rig_deadline();

	for (read_log(s); find(want) == NULL; read_log(s)) {
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
	char why[PRIV_WHY_MAX + 1];
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
	expect(&s, "act=login phase=before shown=token ");
	snprintf(want, sizeof(want),
	    "act=login phase=after shown=token uid=%u grant=1 result=done",
	    uid);
	expect(&s, want);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, "none"),
	    PRIV_DENIED);
	expect(&s, "act=login phase=refused shown=token result=denied");
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[0].uid,
			     s.service),
	    PRIV_DONE);
	snprintf(want, sizeof(want),
	    "act=login phase=after shown=service uid=%u grant=2 result=done",
	    s.who[0].uid);
	expect(&s, want);
	assert_int_equal(rig_revoke(&s.rig, sum), PRIV_NO_SUCH);
	snprintf(want, sizeof(want),
	    "act=revoke phase=refused uid=%u grant=2 token=%s result=no-such",
	    s.who[0].uid, hex);
	expect(&s, want);
	assert_int_equal(count("act=revoke phase=before"), 0);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, token),
	    PRIV_DONE);
	assert_int_equal(rig_revoke(&s.rig, sum), PRIV_DONE);
	snprintf(want, sizeof(want),
	    "act=revoke phase=before uid=%u grant=3 token=%s", uid, hex);
	expect(&s, want);
	snprintf(want, sizeof(want),
	    "act=revoke phase=after token=%s result=done", hex);
	expect(&s, want);
	/* Its proof is used up, so this is judged and nothing more. */
	assert_int_equal(rig_enroll(&s.rig, uid, sum, 0, why), PRIV_DENIED);
	snprintf(want, sizeof(want),
	    "act=enroll phase=refused uid=%u token=%s result=denied", uid, hex);
	expect(&s, want);
	assert_int_equal(count("act=enroll phase=before"), 1);
	/* The token itself is nowhere. */
	assert_null(find(token));
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

/* The log alone is on a disk that is full. */
static void
start_on_full_disk(struct rigops *s, char fill[160])
{
	static char zeros[1 << 16];
	char dir[128];
	int fd;

	rigops_prepare(s);
	snprintf(dir, sizeof(dir), "%s/audit", s->rig.dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
	    0);
	assert_int_equal(mount("rdv-test", dir, "tmpfs", 0,
			     "size=4m,mode=0700"),
	    0);
	rigops_launch(s, NULL);
	rigops_enter(s, 1);
	snprintf(fill, 160, "%s/fill", dir);
	fd = open(fill, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, zeros, sizeof(zeros)) > 0)
		;
	assert_int_equal(errno, ENOSPC);
	(void)close(fd);
}

/* Makes and revokes until no room can be taken: it comes in steps. */
static enum priv_result
until_refused(struct rigops *s, uint8_t sum[PRIV_HASH_LEN],
    char why[PRIV_WHY_MAX + 1], char proof[256])
{
	char token[RIGOPS_TEXT];
	enum priv_result result = PRIV_DONE;
	int i;

	for (i = 0; i < 60 && result == PRIV_DONE; i++) {
		rigops_token(s, token, sum);
		rigops_proof(s, 1, sum, proof);
		result = rig_enroll(&s->rig, s->who[1].uid, sum, 0, why);
		if (result == PRIV_DONE)
			assert_int_equal(rig_revoke(&s->rig, sum), PRIV_DONE);
	}
	return result;
}

/* A token is one more that may begin things; to end one stays possible. */
static void
abuse_D09_no_token_on_full_disk(void **state)
{
	char fill[160], proof[256], why[PRIV_WHY_MAX + 1], token[RIGOPS_TEXT];
	uint8_t old[PRIV_HASH_LEN], sum[PRIV_HASH_LEN];
	struct rigops s;

	(void)state;
	rigops_need();
	start_on_full_disk(&s, fill);
	rigops_enrol(&s, 1, 0, token, old);
	assert_int_equal(until_refused(&s, sum, why, proof), PRIV_FAILED);
	assert_non_null(strstr(why, "no room for more records"));
	assert_int_equal(access(proof, F_OK), 0);
	assert_int_equal(rig_revoke(&s.rig, old), PRIV_DONE);
	assert_int_equal(unlink(fill), 0);
	expect(&s, "act=enroll phase=refused");
	assert_int_equal(rig_enroll(&s.rig, s.who[1].uid, sum, 0, why),
	    PRIV_DONE);
	(void)snprintf(fill, sizeof(fill), "%s/audit", s.rig.dir);
	assert_int_equal(umount2(fill, MNT_DETACH), 0);
	rigops_stop(&s);
}

static void
also(struct rigops *s, const char *line)
{
	const size_t used = strlen(s->policy);

	snprintf(s->policy + used, sizeof(s->policy) - used, "%s", line);
}

/* A new policy is told with the digests of both; a wrong one, with the old. */
static void
abuse_F17_policy_on_record(void **state)
{
	char first[SHA256_TEXT], second[SHA256_TEXT], want[512];
	uint8_t sum[SHA256_LEN];
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	sha256(s.policy, strlen(s.policy), sum);
	str_hex(first, sum, sizeof(sum));
	also(&s, "max_runs = 3\n");
	sha256(s.policy, strlen(s.policy), sum);
	str_hex(second, sum, sizeof(sum));
	rigops_reload(&s, 3);
	snprintf(want, sizeof(want),
	    "act=policy phase=news before=%s after=%s result=done", first,
	    second);
	expect(&s, want);
	also(&s, "nothing = 3\n");
	rigops_tell(&s, 3);
	snprintf(want, sizeof(want),
	    "act=policy phase=refused before=%s result=denied "
	    "why=\"policy:6: default.nothing: no such key",
	    second);
	expect(&s, want);
	assert_int_equal(count("act=policy"), 2);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_token),
		cmocka_unit_test(abuse_O07_tokens),
		cmocka_unit_test(abuse_F17_policy_on_record),
		cmocka_unit_test(abuse_D09_no_token_on_full_disk),
	};

	return cmocka_run_group_tests_name("auditpeople", tests,
	    rigops_accounts, rigops_no_accounts);
}
