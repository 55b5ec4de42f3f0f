/* SPDX-License-Identifier: MIT */
/*
 * rdvd, taken over, wants to act for people it has no token of: it claims, it
 * guesses, it enrols tokens of its own making, and lays traps where proofs are.
 * Each refusal has the same with the guard off beside it,
 * and each test somebody who is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/str.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

static char why[PRIV_WHY_MAX + 1];

/* A claim is no proof, and neither is a hash, which rdvd has in its rows. */
static void
abuse_E01_claims(void **state)
{
	char text[RIGOPS_TEXT], hex[65];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops s;
	uid_t a, b;

	(void)state;
	rigops_start(&s, NULL);
	a = s.who[0].uid;
	b = s.who[1].uid;
	rigops_enrol(&s, 0, 0, text, sum);
	str_hex(hex, sum, sizeof(sum));
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_UID, a, ""),
	    PRIV_UNSUPPORTED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_UID, 0, ""),
	    PRIV_UNSUPPORTED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, hex),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, ""),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, s.service),
	    PRIV_DENIED);
	/* A token is its owner's, whoever rdvd says that is. */
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, b, text),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, a, text),
	    PRIV_DONE);
	assert_int_equal(s.rig.login.uid, a);
	text[10] ^= 1;
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DENIED);
	rig_expect_log(&s.rig, "denied op=LOGIN");
	rigops_control(&s, 1);
	rigops_stop(&s);
	rigops_start(&s, "login uid");
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_UID, s.who[0].uid, ""),
	    PRIV_DONE);
	rigops_stop(&s);
}

/* nginx stands for those alone for whom the web may act. */
static void
abuse_E01_service(void **state)
{
	char path[256];
	struct rigops s;
	uid_t a, b;

	(void)state;
	rigops_start(&s, NULL);
	a = s.who[0].uid;
	b = s.who[1].uid;
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, a, "guess"),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, a, ""),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, b, s.service),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, 0, s.service),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, 12, s.service),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, a, s.service),
	    PRIV_DONE);
	assert_int_equal(s.rig.login.uid, a);
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	/* Gone with its file, without a word to [ops]. */
	snprintf(path, sizeof(path), "%s/service-token", s.state);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, a, s.service),
	    PRIV_DENIED);
	rigops_stop(&s);
	rigops_start(&s, "login web");
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[1].uid,
			     s.service),
	    PRIV_DONE);
	rigops_stop(&s);
}

/* What stands in the proof's place; `path` is where it belongs. */
static void
trap_none(struct rigops *s, const char *path)
{
	(void)s;
	assert_int_equal(unlink(path), 0);
}

static void
trap_owner(struct rigops *s, const char *path)
{
	assert_int_equal(chown(path, s->who[1].uid, s->who[1].gid), 0);
}

static void
trap_root(struct rigops *s, const char *path)
{
	(void)s;
	assert_int_equal(chown(path, 0, 0), 0);
	/* So that it can be read, and the owner is what refuses it. */
	assert_int_equal(chmod(path, 0604), 0);
}

static void
trap_mode(struct rigops *s, const char *path)
{
	(void)s;
	assert_int_equal(chmod(path, 0644), 0);
}

/* In the home of the first person. */
static void
elsewhere(const struct rigops *s, char path[300])
{
	snprintf(path, 300, "%.200s/other", s->who[0].home);
}

static void
trap_hard_link(struct rigops *s, const char *path)
{
	char other[300];

	elsewhere(s, other);
	assert_int_equal(link(path, other), 0);
}

static void
trap_symlink(struct rigops *s, const char *path)
{
	char other[300];

	elsewhere(s, other);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
}

static void
trap_fifo(struct rigops *s, const char *path)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(chown(path, s->who[0].uid, s->who[0].gid), 0);
}

static void
trap_directory(struct rigops *s, const char *path)
{
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0600), 0);
	assert_int_equal(chown(path, s->who[0].uid, s->who[0].gid), 0);
}

/* The directory of proofs is a link to where the proof is. */
static void
trap_linked_directory(struct rigops *s, const char *path)
{
	char dir[300], other[300];

	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path),
	    path);
	elsewhere(s, other);
	assert_int_equal(rename(dir, other), 0);
	assert_int_equal(symlink(other, dir), 0);
}

static void
write_over(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static void
trap_empty(struct rigops *s, const char *path)
{
	(void)s;
	write_over(path, "", O_TRUNC);
}

static void
trap_one_digit(struct rigops *s, const char *path)
{
	(void)s;
	write_over(path, "x", 0);
}

static void
trap_more(struct rigops *s, const char *path)
{
	(void)s;
	write_over(path, "\n", O_APPEND);
}

/* ENROLL for the first person after what `trap` has done to the proof. */
static enum priv_result
trapped(struct rigops *s, void (*trap)(struct rigops *s, const char *path))
{
	char text[RIGOPS_TEXT], path[256];
	uint8_t sum[PRIV_HASH_LEN];
	enum priv_result result;

	rigops_token(s, text, sum);
	rigops_proof(s, 0, sum, path);
	trap(s, path);
	result = rig_enroll(&s->rig, s->who[0].uid, sum, 0, why);
	/* And LOGIN says the same. */
	assert_int_equal(rigops_login(s, PRIV_LOGIN_TOKEN, 0, text) ==
			     PRIV_DONE,
	    result == PRIV_DONE);
	return result;
}

static const struct trap {
	void (*set)(struct rigops *s, const char *path);
	const char *why;
	const char *mutant; /* with which it is taken; NULL: the kernel's own */
} traps[] = {
	{ trap_none, "No such file", "proof" },
	{ trap_owner, "Permission denied", "proof" },
	{ trap_root, "not the account's own", "proof owner+proof mode" },
	{ trap_mode, "not of mode 0600", "proof mode" },
	{ trap_hard_link, "more than one name", "proof links" },
	{ trap_symlink, "symbolic links", "proof" },
	{ trap_fifo, "not a regular file", "proof" },
	{ trap_directory, "not a regular file", "proof" },
	{ trap_linked_directory, "symbolic links", "proof" },
	{ trap_empty, "says something else", "proof text" },
	{ trap_one_digit, "says something else", "proof text" },
	{ trap_more, "says something else", "proof text" },
};

static void
abuse_F01_F08_F09_proofs(void **state)
{
	struct rigops s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(traps) / sizeof(traps[0]); i++) {
		rigops_start(&s, NULL);
		assert_int_equal(trapped(&s, traps[i].set), PRIV_DENIED);
		if (strstr(why, traps[i].why) == NULL)
			fail_msg("%zu: \"%s\" without \"%s\"", i, why,
			    traps[i].why);
		rig_expect_log(&s.rig, "denied op=ENROLL");
		rigops_control(&s, 1);
		rigops_stop(&s);
		rigops_start(&s, traps[i].mutant);
		assert_int_equal(trapped(&s, traps[i].set), PRIV_DONE);
		rigops_stop(&s);
	}
}

/* A proof of one makes no token of another, and makes none twice. */
static void
abuse_E01_enroll(void **state)
{
	char text[RIGOPS_TEXT], path[256];
	uint8_t sum[PRIV_HASH_LEN];
	const int64_t now = clock_wall_ms();
	struct rigops s;
	struct rig *r = &s.rig;
	uid_t a, b;

	(void)state;
	rigops_start(&s, NULL);
	a = s.who[0].uid;
	b = s.who[1].uid;
	rigops_token(&s, text, sum);
	rigops_proof(&s, 0, sum, path);
	assert_int_equal(rig_enroll(r, b, sum, 0, why), PRIV_DENIED);
	assert_int_equal(rig_enroll(r, 0, sum, 0, why), PRIV_DENIED);
	assert_int_equal(rig_enroll(r, 12, sum, 0, why), PRIV_DENIED);
	assert_non_null(strstr(why, "not served"));
	assert_int_equal(rig_enroll(r, a, sum, now - 1, why), PRIV_DENIED);
	assert_int_equal(rig_enroll(r, a, sum, -1, why), PRIV_DENIED);
	/* Nothing of that has used the proof up; this does. */
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(rig_enroll(r, a, sum, 0, why), PRIV_DONE);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(rig_enroll(r, a, sum, 0, why), PRIV_DENIED);
	/* Whoever gets at the hash takes nothing over with it. */
	rigops_proof(&s, 1, sum, NULL);
	assert_int_equal(rig_enroll(r, b, sum, 0, why), PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DONE);
	assert_int_equal(r->login.uid, a);
	rigops_control(&s, 1);
	rigops_stop(&s);
}

static void
bounded(void **state)
{
	char text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops s;
	int i;

	(void)state;
	rigops_start(&s, NULL);
	for (i = 0; i < 64; i++)
		rigops_enrol(&s, 0, 0, text, sum);
	rigops_token(&s, text, sum);
	rigops_proof(&s, 0, sum, NULL);
	assert_int_equal(rig_enroll(&s.rig, s.who[0].uid, sum, 0, why),
	    PRIV_BUSY);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DENIED);
	rigops_control(&s, 1);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_claims),
		cmocka_unit_test(abuse_E01_service),
		cmocka_unit_test(abuse_F01_F08_F09_proofs),
		cmocka_unit_test(abuse_E01_enroll),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests_name("enroll", tests, rigops_accounts,
	    rigops_no_accounts);
}
