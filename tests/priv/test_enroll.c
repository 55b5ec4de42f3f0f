/* SPDX-License-Identifier: MIT */
/*
 * rdvd, taken over, wants to act for people it has no token of: it claims, it
 * guesses, it enrols tokens of its own making, lays traps where proofs are, and
 * keeps what has ended. Each refusal has the same with the guard off beside it,
 * and each test somebody who is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/str.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static char out[1 << 16];
static char why[PRIV_WHY_MAX + 1];

static enum priv_result
spawn(struct rigops *s)
{
	const struct rig_spawn run = { .argv = ARGV("true") };
	struct rig_result res;
	struct priv_exit end;

	rig_spawn(&s->rig, &run, &res);
	rig_close(&res);
	if (res.a.result != PRIV_DONE)
		return (enum priv_result)res.a.result;
	rig_exit(&s->rig, res.a.handle, &end);
	assert_int_equal(rig_ack(&s->rig, res.a.handle), PRIV_DONE);
	return PRIV_DONE;
}

static void
positive_control(struct rigops *s, unsigned person)
{
	const struct rig_spawn run = { .argv = ARGV("id", "-u") };
	struct priv_exit end;
	char uid[16];

	rigops_enter(s, person);
	rig_run(&s->rig, &run, out, sizeof(out), &end);
	snprintf(uid, sizeof(uid), "%u\n", s->who[person].uid);
	assert_string_equal(out, uid);
}

/* A token of that person's, enrolled. */
static void
enrol(struct rigops *s, unsigned person, int64_t expires,
    char text[RIGOPS_TEXT], uint8_t sum[PRIV_HASH_LEN])
{
	rigops_token(s, text, sum);
	rigops_proof(s, person, sum, NULL);
	assert_int_equal(rig_enroll(&s->rig, s->who[person].uid, sum, expires,
			     why),
	    PRIV_DONE);
}

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
	enrol(&s, 0, 0, text, sum);
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
	positive_control(&s, 1);
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
	assert_int_equal(spawn(&s), PRIV_DONE);
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
		positive_control(&s, 1);
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
	positive_control(&s, 1);
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
		enrol(&s, 0, 0, text, sum);
	rigops_token(&s, text, sum);
	rigops_proof(&s, 0, sum, NULL);
	assert_int_equal(rig_enroll(&s.rig, s.who[0].uid, sum, 0, why),
	    PRIV_BUSY);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DENIED);
	positive_control(&s, 1);
	rigops_stop(&s);
}

/* A token that ends takes along what was given for it, and nothing else. */
static enum priv_result
after_revoke(const char *mutant)
{
	char text[2][RIGOPS_TEXT];
	uint8_t sum[2][PRIV_HASH_LEN], stolen[PRIV_GRANT_LEN];
	enum priv_result result;
	struct rigops s;

	rigops_start(&s, mutant);
	enrol(&s, 0, 0, text[0], sum[0]);
	enrol(&s, 0, 0, text[1], sum[1]);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text[0]),
	    PRIV_DONE);
	memcpy(stolen, s.rig.login.grant, sizeof(stolen));
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text[1]),
	    PRIV_DONE);
	assert_int_equal(rig_revoke(&s.rig, sum[0]), PRIV_DONE);
	assert_int_equal(rig_revoke(&s.rig, sum[0]), PRIV_NO_SUCH);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text[0]),
	    PRIV_DENIED);
	assert_int_equal(spawn(&s), PRIV_DONE);
	memcpy(s.rig.login.grant, stolen, sizeof(stolen));
	result = spawn(&s);
	if (result == PRIV_DENIED)
		assert_int_equal(rig_revoke(&s.rig, sum[1]), PRIV_DENIED);
	rigops_stop(&s);
	return result;
}

static void
abuse_E09_revoked(void **state)
{
	char text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops s;

	(void)state;
	rigops_need();
	assert_int_equal(after_revoke(NULL), PRIV_DENIED);
	assert_int_equal(after_revoke("grant of token"), PRIV_DONE);
	/* Another's is not there to be revoked. */
	rigops_start(&s, NULL);
	enrol(&s, 0, 0, text, sum);
	rigops_enter(&s, 1);
	assert_int_equal(rig_revoke(&s.rig, sum), PRIV_NO_SUCH);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DONE);
	rigops_stop(&s);
}

/* LOGIN until it is refused: the time at which it was. */
static bool
refused_in_time(struct rigops *s, const char *text)
{
	const int64_t deadline = clock_mono_ms() + 3000;

	while (rigops_login(s, PRIV_LOGIN_TOKEN, 0, text) == PRIV_DONE) {
		/* A grant that is not used takes a place. */
		rigops_reconnect(s);
		if (rig_late(deadline))
			return false;
	}
	return true;
}

static void
abuse_E09_expired(void **state)
{
	char text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];
	int64_t deadline;
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	enrol(&s, 0, clock_wall_ms() + 700, text, sum);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DONE);
	/* The grant ends no later than the token. */
	assert_true(s.rig.login.ttl_ms <= 700);
	assert_int_equal(spawn(&s), PRIV_DONE);
	deadline = rig_deadline();
	while (spawn(&s) == PRIV_DONE)
		assert_false(rig_late(deadline));
	assert_true(refused_in_time(&s, text));
	positive_control(&s, 1);
	rigops_stop(&s);
	rigops_start(&s, "token expiry");
	enrol(&s, 0, clock_wall_ms() + 100, text, sum);
	assert_false(refused_in_time(&s, text));
	rigops_stop(&s);
}

/* A grant that has ended stays so: by LOGOUT, and with its connection. */
static void
abuse_E09_replay(void **state)
{
	struct priv_logout m;
	uint8_t ended[PRIV_GRANT_LEN];
	struct priv_plain_answer a;
	struct seqpkt_fds fds;
	struct priv_header h;
	struct rigops s;
	struct buf b;

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 0);
	memcpy(ended, s.rig.login.grant, sizeof(ended));
	memcpy(m.grant, ended, sizeof(ended));
	buf_init(&b, SEQPKT_MAX);
	priv_put_logout(&b, rig_id(&s.rig), &m);
	rig_send(&s.rig, b.data, b.len);
	buf_done(&b);
	rig_answer(&s.rig, &b, &h, &fds);
	assert_true(priv_get_plain_answer(&b, &a));
	buf_done(&b);
	assert_int_equal(a.result, PRIV_DONE);
	assert_int_equal(spawn(&s), PRIV_DENIED);
	rigops_enter(&s, 0);
	assert_int_equal(spawn(&s), PRIV_DONE);
	memcpy(ended, s.rig.login.grant, sizeof(ended));
	rigops_reconnect(&s);
	assert_int_equal(spawn(&s), PRIV_DENIED);
	positive_control(&s, 1);
	rigops_stop(&s);
}

/* Whether a grant of a person works after [main] sent `served`. */
static enum priv_result
after_reload(const char *mutant, unsigned person, unsigned served)
{
	const struct rig_spawn run = { .argv = ARGV("cat") };
	struct rig_result res;
	enum priv_result result;
	struct priv_exit end;
	struct rigops s;

	rigops_start(&s, mutant);
	rigops_enter(&s, person);
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rigops_reload(&s, served);
	/* What runs goes on, can be signalled and tells its end. */
	assert_true(rig_alive((pid_t)res.a.pid));
	assert_int_equal(rig_signal(&s.rig, res.a.handle, SIGTERM, false),
	    PRIV_DONE);
	rig_exit(&s.rig, res.a.handle, &end);
	assert_int_equal(end.status, SIGTERM);
	rig_close(&res);
	result = spawn(&s);
	/* Taken back in, an account begins anew. */
	rigops_reload(&s, 3);
	assert_int_equal(spawn(&s), result);
	positive_control(&s, person);
	rigops_stop(&s);
	return result;
}

static void
abuse_E09_withdrawn(void **state)
{
	char text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops s;

	(void)state;
	rigops_need();
	assert_int_equal(after_reload(NULL, 0, 2), PRIV_DENIED);
	assert_int_equal(after_reload(NULL, 0, 0), PRIV_DENIED);
	assert_int_equal(after_reload(NULL, 1, 2), PRIV_DONE);
	/* Its tokens are of no use either, until it is served again. */
	rigops_start(&s, NULL);
	enrol(&s, 0, 0, text, sum);
	rigops_reload(&s, 2);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[0].uid,
			     s.service),
	    PRIV_DENIED);
	rigops_reload(&s, 3);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DONE);
	rigops_stop(&s);
}

/* With the guard off the grant outlives its account, and works again. */
static void
withdrawal_bites(void **state)
{
	struct rigops s;

	(void)state;
	rigops_start(&s, "served reload");
	rigops_enter(&s, 0);
	rigops_reload(&s, 2);
	rigops_reload(&s, 3);
	assert_int_equal(spawn(&s), PRIV_DONE);
	rigops_stop(&s);
}

/* Half a list is none: the last one stands. */
static void
reload_not_understood(void **state)
{
	const char what = CTL_ACCOUNTS;
	struct seqpkt_fds fds = { .n = 1 };
	struct rigops s;
	char path[256];

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 0);
	snprintf(path, sizeof(path), "%s/service-token", s.state);
	fds.fd[0] = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(seqpkt_send(s.main, &what, 1, &fds), 0);
	(void)close(fds.fd[0]);
	rig_expect_log(&s.rig, "accounts from [main] are not usable");
	assert_int_equal(spawn(&s), PRIV_DONE);
	positive_control(&s, 1);
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
		cmocka_unit_test(abuse_E09_revoked),
		cmocka_unit_test(abuse_E09_expired),
		cmocka_unit_test(abuse_E09_replay),
		cmocka_unit_test(abuse_E09_withdrawn),
		cmocka_unit_test(withdrawal_bites),
		cmocka_unit_test(reload_not_understood),
	};

	return cmocka_run_group_tests_name("enroll", tests, rigops_accounts,
	    rigops_no_accounts);
}
