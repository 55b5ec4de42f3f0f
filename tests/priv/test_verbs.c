/* SPDX-License-Identifier: MIT */
/*
 * rdvd, taken over, asks well-formed questions it has no business to ask (abuse
 * E01), asks too many, or does not listen: [ops] says no, says so in the audit
 * log, and keeps its table of descriptors as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char out[1 << 16];

/* Descriptors sent to it one by one would fill its table if they stayed. */
static void
test_table_does_not_grow(void **state)
{
	struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct rig r;
	int i;

	(void)state;
	rig_prepare(&r);
	r.nofile = 64;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	/* Every way to be refused, many times over. */
	for (i = 0; i < 100; i++) {
		s.cwd = "/nonexistent";
		s.profile = "login";
		s.paths = NULL;
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_FAILED);
		s.profile = "script";
		s.paths = ARGV("/nonexistent-path");
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_FAILED);
		assert_string_equal(res.a.stage, "P5 paths");
		s.cwd = "relative";
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_DENIED);
	}
	rig_serves(&r);
	rig_stop(&r);
}

static enum priv_result
login_as(struct rig *r, uint8_t kind, uint32_t uid, const char *secret)
{
	struct priv_login m = { .kind = kind, .uid = uid };
	struct priv_login_answer a;

	snprintf(m.secret, sizeof(m.secret), "%s", secret);
	rig_ask_login(r, &m, &a);
	if (a.result != PRIV_DONE) {
		assert_true(a.why[0] != '\0');
		assert_string_equal(a.home, "");
	}
	return a.result;
}

static void
abuse_E01_login(void **state)
{
	const uint32_t me = getuid();
	struct rig r;
	int i, granted = 0;

	(void)state;
	rig_start(&r, NULL);
	assert_int_equal(login_as(&r, PRIV_LOGIN_UID, me, ""), PRIV_DONE);
	assert_int_equal(login_as(&r, PRIV_LOGIN_UID, me + 1, ""), PRIV_DENIED);
	assert_int_equal(login_as(&r, PRIV_LOGIN_UID, ~0u, ""), PRIV_DENIED);
	assert_int_equal(login_as(&r, PRIV_LOGIN_TOKEN, me, "rdv_x"),
	    PRIV_UNSUPPORTED);
	assert_int_equal(login_as(&r, PRIV_LOGIN_SERVICE, me, ""),
	    PRIV_UNSUPPORTED);
	rig_expect_log(&r, "denied op=LOGIN");
	/* Bounded, and the bound is told. */
	for (i = 0; i < 200; i++)
		if (login_as(&r, PRIV_LOGIN_UID, me, "") == PRIV_DONE)
			granted++;
	assert_int_equal(granted, 62);
	assert_int_equal(login_as(&r, PRIV_LOGIN_UID, me, ""), PRIV_BUSY);
	rig_serves(&r);
	rig_stop(&r);
}

/* rdvd alone knows the tokens of user mode; there is nothing to enrol. */
static void
abuse_E01_tokens(void **state)
{
	uint8_t sha256[PRIV_HASH_LEN] = { 1 };
	char why[PRIV_WHY_MAX + 1];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	assert_int_equal(rig_enroll(&r, getuid(), sha256, 0, why),
	    PRIV_UNSUPPORTED);
	assert_non_null(strstr(why, "user mode"));
	assert_int_equal(rig_revoke(&r, sha256), PRIV_UNSUPPORTED);
	rig_serves(&r);
	rig_stop(&r);
}

static void
expect_denied(struct rig *r, const struct rig_spawn *s)
{
	struct rig_result res;

	rig_spawn(r, s, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	assert_true(res.a.why[0] != '\0');
	assert_int_equal(res.fds.n, 0);
	assert_int_equal(res.a.handle, 0);
}

static void
abuse_E01_spawn(void **state)
{
	struct rig_spawn s = { .argv = ARGV("true") };
	uint8_t grant[PRIV_GRANT_LEN];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	memcpy(grant, r.login.grant, sizeof(grant));
	r.login.grant[31] ^= 1;
	expect_denied(&r, &s);
	memset(r.login.grant, 0, sizeof(grant));
	expect_denied(&r, &s);
	memcpy(r.login.grant, grant, sizeof(grant));
	s.profile = "root";
	expect_denied(&r, &s);
	s.profile = "";
	expect_denied(&r, &s);
	s.profile = NULL;
	s.cwd = "tmp";
	expect_denied(&r, &s);
	s.cwd = "/tmp/../etc";
	expect_denied(&r, &s);
	s.cwd = NULL;
	s.argv = ARGV("");
	expect_denied(&r, &s);
	s.argv = ARGV("true");
	s.paths = ARGV("/tmp");
	expect_denied(&r, &s);
	s.paths = NULL;
	/* A profile with a program of its own runs no other. */
	s.profile = "git";
	s.argv = ARGV("/bin/sh", "-c", "id");
	expect_denied(&r, &s);
	s.argv = ARGV("/tmp/git");
	expect_denied(&r, &s);
	rig_serves(&r);
	rig_stop(&r);
}

/* A confined run may not be given rdv's own state or the whole home. */
static void
abuse_E01_roots(void **state)
{
	char server[256], trash[256], worktrees[256], link[256];
	char agents[256], home[256];
	struct rig_spawn s = { .argv = ARGV("true"), .profile = "script" };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	snprintf(server, sizeof(server), "%s/server", r.base);
	snprintf(trash, sizeof(trash), "%s/server/trash", r.base);
	snprintf(worktrees, sizeof(worktrees), "%s/worktrees", r.base);
	snprintf(link, sizeof(link), "%s/link", r.dir);
	assert_int_equal(mkdir(trash, 0700), 0);
	assert_int_equal(mkdir(worktrees, 0700), 0);
	assert_int_equal(symlink(r.base, link), 0);
	s.paths = ARGV("/");
	expect_denied(&r, &s);
	s.paths = ARGV("/tmp");
	expect_denied(&r, &s);
	s.paths = ARGV(r.base);
	expect_denied(&r, &s);
	s.paths = ARGV(server);
	expect_denied(&r, &s);
	s.paths = ARGV(worktrees, link);
	expect_denied(&r, &s);
	s.paths = ARGV("/proc/self/cwd");
	rig_spawn(&r, &s, &res);
	assert_int_not_equal(res.a.result, PRIV_DONE);
	s.paths = ARGV("relative/path");
	expect_denied(&r, &s);
	/* Through a link in the middle: judged by where it leads. */
	snprintf(link, sizeof(link), "%s/link/server", r.dir);
	s.paths = ARGV(link);
	expect_denied(&r, &s);
	s.paths = ARGV(worktrees, trash);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	/* One agent's home, never those of all of them. */
	snprintf(agents, sizeof(agents), "%s/agents", r.base);
	snprintf(home, sizeof(home), "%s/agents/CODEX", r.base);
	assert_int_equal(mkdir(agents, 0700), 0);
	assert_int_equal(mkdir(home, 0700), 0);
	s.paths = ARGV(agents);
	expect_denied(&r, &s);
	s.paths = ARGV(home);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	rig_stop(&r);
}

/* And the helper's: no descriptors left means a refusal, and then room. */
static void
test_table_full(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	struct rig_result res[16];
	struct priv_exit end;
	struct rig r;
	int i, started = 0, busy = 0;

	(void)state;
	rig_prepare(&r);
	r.nofile = 64;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	for (i = 0; i < 16; i++) {
		rig_spawn(&r, &s, &res[i]);
		if (res[i].a.result == PRIV_DONE)
			started++;
		else if (res[i].a.result == PRIV_BUSY)
			busy++;
	}
	assert_int_equal(started, 4);
	assert_int_equal(busy, 12);
	for (i = 0; i < started; i++) {
		rig_close(&res[i]);
		rig_exit(&r, res[i].a.handle, &end);
		assert_int_equal(rig_ack(&r, res[i].a.handle), PRIV_DONE);
	}
	rig_serves(&r);
	rig_stop(&r);
}

/* Asks without ever reading an answer: others are not the worse for it. */
static void
test_deaf_daemon(void **state)
{
	const struct priv_inventory m = { .most = SEQPKT_MANY_MAX };
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct rig r;
	struct buf b;
	unsigned sent = 0;
	int err = 0;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	rig_close(&res);
	while (err == 0 && sent < 100000) {
		buf_init(&b, SEQPKT_MAX);
		priv_put_inventory(&b, rig_id(&r), &m);
		err = seqpkt_send(r.ops, b.data, b.len, NULL);
		buf_done(&b);
		sent += err == 0;
	}
	/* [ops] stopped reading, so ours is full; it has not died of it. */
	assert_int_equal(err, -EAGAIN);
	assert_true(rig_alive((pid_t)r.hello.pid));
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_serves(&r);
	rig_stop(&r);
}

/* And when it does read, every answer is there. */
static void
test_slow_daemon(void **state)
{
	const struct priv_inventory m = { .most = SEQPKT_MANY_MAX };
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	struct priv_header h;
	struct rig r;
	struct buf b;
	unsigned sent, got;

	(void)state;
	rig_start(&r, NULL);
	for (sent = 0; sent < 200; sent++) {
		buf_init(&b, SEQPKT_MAX);
		priv_put_inventory(&b, rig_id(&r), &m);
		if (seqpkt_send(r.ops, b.data, b.len, NULL) != 0)
			break;
		buf_done(&b);
	}
	for (got = 0; got < sent; got++) {
		rig_answer(&r, &b, &h, &fds);
		assert_int_equal(h.op, PRIV_INVENTORY);
		assert_true(priv_get_inventory_answer(&b, &a));
		assert_int_equal(a.result, PRIV_NO_SUCH);
		buf_done(&b);
	}
	rig_serves(&r);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_login),
		cmocka_unit_test(abuse_E01_tokens),
		cmocka_unit_test(abuse_E01_spawn),
		cmocka_unit_test(abuse_E01_roots),
		cmocka_unit_test(test_table_does_not_grow),
		cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_deaf_daemon),
		cmocka_unit_test(test_slow_daemon),
	};

	return CHECK_RUN("verbs", tests);
}
