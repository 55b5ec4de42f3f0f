/* SPDX-License-Identifier: MIT */
/*
 * What has ended stays so, whatever rdvd has kept of it: a token that was
 * revoked or has expired, a grant after LOGOUT, on another connection, or of an
 * account that is served no more (abuse E09).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

/* Of a token: enough for a login and a start on a loaded machine. */
#define SHORT_MS 2000

/* A token that ends takes along what was given for it, and nothing else. */
static enum priv_result
after_revoke(const char *mutant)
{
	char text[2][RIGOPS_TEXT];
	uint8_t sum[2][PRIV_HASH_LEN], stolen[PRIV_GRANT_LEN];
	enum priv_result result;
	struct rigops s;

	rigops_start(&s, mutant);
	rigops_enrol(&s, 0, 0, text[0], sum[0]);
	rigops_enrol(&s, 0, 0, text[1], sum[1]);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text[0]),
	    PRIV_DONE);
	memcpy(stolen, s.rig.login.grant, sizeof(stolen));
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text[1]),
	    PRIV_DONE);
	assert_int_equal(rig_revoke(&s.rig, sum[0]), PRIV_DONE);
	assert_int_equal(rig_revoke(&s.rig, sum[0]), PRIV_NO_SUCH);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text[0]),
	    PRIV_DENIED);
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	memcpy(s.rig.login.grant, stolen, sizeof(stolen));
	result = rigops_spawn(&s);
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
	rigops_enrol(&s, 0, 0, text, sum);
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
	rigops_enrol(&s, 0, clock_wall_ms() + SHORT_MS, text, sum);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DONE);
	/* The grant ends no later than the token. */
	assert_true(s.rig.login.ttl_ms <= SHORT_MS);
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	deadline = rig_deadline();
	while (rigops_spawn(&s) == PRIV_DONE)
		assert_false(rig_late(deadline));
	assert_true(refused_in_time(&s, text));
	rigops_control(&s, 1);
	rigops_stop(&s);
	rigops_start(&s, "token expiry");
	rigops_enrol(&s, 0, clock_wall_ms() + 100, text, sum);
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
	assert_int_equal(rigops_spawn(&s), PRIV_DENIED);
	rigops_enter(&s, 0);
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	memcpy(ended, s.rig.login.grant, sizeof(ended));
	rigops_reconnect(&s);
	assert_int_equal(rigops_spawn(&s), PRIV_DENIED);
	rigops_control(&s, 1);
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
	result = rigops_spawn(&s);
	/* Taken back in, an account begins anew. */
	rigops_reload(&s, 3);
	assert_int_equal(rigops_spawn(&s), result);
	rigops_control(&s, person);
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
	rigops_enrol(&s, 0, 0, text, sum);
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
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
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
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	rigops_control(&s, 1);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E09_revoked),
		cmocka_unit_test(abuse_E09_expired),
		cmocka_unit_test(abuse_E09_replay),
		cmocka_unit_test(abuse_E09_withdrawn),
		cmocka_unit_test(withdrawal_bites),
		cmocka_unit_test(reload_not_understood),
	};

	return cmocka_run_group_tests_name("ended", tests, rigops_accounts,
	    rigops_no_accounts);
}
