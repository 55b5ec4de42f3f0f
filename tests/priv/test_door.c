/* SPDX-License-Identifier: MIT */
/*
 * The way of a run to rdvd: it leads to whoever holds the other end and to
 * nobody else, has the run's token beside it, and is in no run that did not ask
 * for it or cannot have it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/priv/rigahead.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define PYTHON "/usr/bin/python3"
/* Brings the token to the door and waits for a word from there. */
#define CALL                                                               \
	ARGV(PYTHON, "-c",                                                 \
	    "import os, socket\n"                                          \
	    "s = socket.socket(socket.AF_UNIX)\n"                          \
	    "s.connect(os.environ['RDV_API_SOCKET'])\n"                    \
	    "s.sendall(open(os.environ['RDV_TOKEN_FILE'], 'rb').read())\n" \
	    "s.shutdown(socket.SHUT_WR)\n"                                 \
	    "print(s.recv(64).decode(), flush=True)\n"                     \
	    "s.recv(1)")

static char out[1 << 12];

struct scene {
	struct rig r;
	char work[128], other[128];
	const char *paths[2], *others[2];
	bool roots;
};

static void
begin(struct scene *s, const char *mutant)
{
	memset(s, 0, sizeof(*s));
	if (access(PYTHON, X_OK) != 0)
		skip();
	rig_prepare_in(&s->r, "/var/tmp");
	rig_launch(&s->r, mutant);
	rig_daemon(&s->r);
	rig_ops(&s->r);
	rig_login(&s->r);
	snprintf(s->work, sizeof(s->work), "%s/work", s->r.dir);
	assert_int_equal(mkdir(s->work, 0700), 0);
	snprintf(s->other, sizeof(s->other), "%s/other", s->r.dir);
	assert_int_equal(mkdir(s->other, 0700), 0);
	s->paths[0] = s->work;
	s->others[0] = s->other;
	s->roots = (s->r.hello.features & PRIV_F_USERNS) != 0 && getuid() != 0;
}

static struct rig_spawn
agent(const struct scene *s, const char *const *argv, const char *token)
{
	return (struct rig_spawn){ .profile = "agent",
		.argv = argv,
		.cwd = "/",
		.paths = s->paths,
		.talk = true,
		.token = token };
}

/* Who comes to it, by what is said there; to be closed. */
static int
answer(int door, const char *token)
{
	char got[128];
	int fd;

	assert_true(rig_readable(door));
	fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	(void)rig_read_all(fd, got, sizeof(got));
	assert_string_equal(got, token);
	assert_int_equal(send(fd, "come in", 7, MSG_NOSIGNAL), 7);
	return fd;
}

static int
door_of(const struct rig_result *res)
{
	assert_int_equal(res->a.result, PRIV_DONE);
	assert_true((res->a.guards & PRIV_G_DOOR) != 0);
	assert_int_equal(res->fds.n, 4);
	return res->fds.fd[3];
}

/* The last answer is that of the door: its program ends by that. */
static void
end_call(struct scene *s, struct rig_result *res, int fd)
{
	struct priv_exit e;

	(void)close(fd);
	(void)rig_read_all(res->fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "come in\n");
	rig_exit(&s->r, res->a.handle, &e);
	assert_int_equal(e.status, 0);
	assert_int_equal(rig_ack(&s->r, res->a.handle), PRIV_DONE);
	rig_close(res);
}

static void
call(struct scene *s, const char *token, const char *const *paths)
{
	struct rig_spawn spawn = agent(s, CALL, token);
	struct rig_result res;
	int fd;

	spawn.paths = paths;
	rig_spawn(&s->r, &spawn, &res);
	fd = answer(door_of(&res), token);
	end_call(s, &res, fd);
}

/* Both of what a run may have beside its own: five descriptors at most. */
static void
goes_beside_a_list(void **state)
{
	struct rig_result res;
	struct rig_spawn spawn;
	struct scene s;
	int fd;

	(void)state;
	begin(&s, NULL);
	if (!s.roots) {
		rig_stop(&s.r);
		skip();
	}
	spawn = agent(&s, CALL, "token");
	spawn.net = PRIV_NET_LIST;
	spawn.hosts = ARGV("127.0.0.2:1");
	rig_spawn(&s.r, &spawn, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(res.a.hold.net, PRIV_NET_LIST);
	assert_int_equal(res.fds.n, 5);
	fd = answer(res.fds.fd[4], "token");
	end_call(&s, &res, fd);
	rig_stop(&s.r);
}

/* One made for it, one that was made before, and an open one. */
static void
leads_to_us(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, NULL);
	if (s.roots) {
		call(&s, "rdv_first", s.paths);
		(void)rigahead_wait(&s.r, 1);
		call(&s, "rdv_second", s.paths);
		(void)rigahead_wait_named(&s.r, RIGAHEAD_OPEN, 1);
		call(&s, "rdv_third", s.others);
	}
	rig_stop(&s.r);
}

/* Whatever a request says: what does not lead there is not said. */
static void
tells_where_it_is(void **state)
{
	struct rig_spawn spawn;
	struct priv_exit e;
	struct scene s;

	(void)state;
	begin(&s, NULL);
	spawn = agent(&s,
	    ARGV("/bin/sh", "-c",
		"echo $RDV_API_SOCKET $RDV_TOKEN_FILE; ls /run/rdv; cd "
		"/run/rdv; "
		"stat -c '%a %F %u' api.sock token .; ./rdv args x; id -u; id "
		"-u; id -u; "
		"cat /run/rdv/token"),
	    "rdv_abc");
	spawn.env = ARGV("RDV_API_SOCKET=/base/api.sock");
	rig_run(&s.r, &spawn, out, sizeof(out), &e);
	if (s.roots) {
		char want[400];
		const unsigned u = getuid();

		snprintf(want, sizeof(want),
		    "/run/rdv/api.sock /run/rdv/token\napi.sock\nrdv\ntoken"
		    "\n"
		    "600 socket %u\n400 regular file %u\n700 directory %u\n78\n"
		    "%u\n%u\n%u\nrdv_abc",
		    u, u, u, u, u, u);
		assert_string_equal(out, want);
	} else {
		assert_non_null(strstr(out, "/base/api.sock\n"));
	}
	rig_stop(&s.r);
}

/* Nothing of it where nobody asked, also in what was made before. */
static void
is_not_there_unasked(void **state)
{
	struct rig_spawn spawn;
	struct rig_result res;
	struct priv_exit e;
	struct scene s;

	(void)state;
	begin(&s, NULL);
	spawn = agent(&s,
	    ARGV("/bin/sh", "-c",
		"echo $RDV_API_SOCKET $RDV_TOKEN_FILE; ls -A /run/rdv 2>&1"),
	    NULL);
	for (unsigned i = 0; i < 2; i++) {
		rig_spawn(&s.r, &spawn, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		assert_int_equal(res.fds.n, 3);
		assert_int_equal(res.a.guards & PRIV_G_DOOR, 0);
		assert_int_equal(res.a.hold.lacked & PRIV_G_DOOR, 0);
		(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
		if (s.roots)
			assert_string_equal(out, "\nrdv\n");
		rig_exit(&s.r, res.a.handle, &e);
		assert_int_equal(rig_ack(&s.r, res.a.handle), PRIV_DONE);
		rig_close(&res);
		(void)rigahead_wait(&s.r, 1);
	}
	rig_stop(&s.r);
}

static void
expect_denied(struct scene *s, const struct rig_spawn *spawn, const char *why)
{
	struct rig_result res;

	rig_spawn(&s->r, spawn, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	assert_string_equal(res.a.why, why);
	assert_int_equal(res.fds.n, 0);
}

/* I08: no other profile has one, and no token brings anything else along. */
static void
abuse_I08_no_other_has_one(void **state)
{
	static const char *const profiles[] = { "login", "script", "lsp", "git",
		"push" };
	struct rig_spawn spawn;
	struct scene s;

	(void)state;
	begin(&s, NULL);
	spawn = agent(&s, ARGV("true"), "rdv_abc");
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		spawn.profile = profiles[i];
		spawn.paths = i == 0 ? NULL : s.paths;
		expect_denied(&s, &spawn, "token: this profile has no door");
	}
	spawn.profile = "agent";
	spawn.token = "rdv abc";
	expect_denied(&s, &spawn, "token: not of printable characters");
	spawn.token = "rdv\nabc";
	expect_denied(&s, &spawn, "token: not of printable characters");
	rig_stop(&s.r);
}

/* A host that cannot give it: that is on record, and the run goes on. */
static void
is_lacked(void **state)
{
	struct rig_spawn spawn;
	struct rig_result res;
	struct scene s;

	(void)state;
	begin(&s, "no userns");
	spawn = agent(&s, ARGV("/bin/sh", "-c", "echo -$RDV_TOKEN_FILE-"),
	    "rdv_abc");
	rig_spawn(&s.r, &spawn, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(res.fds.n, 3);
	assert_int_equal(res.a.guards & PRIV_G_DOOR, 0);
	assert_int_equal(res.a.hold.lacked & PRIV_G_DOOR, PRIV_G_DOOR);
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "--\n");
	rig_close(&res);
	rig_stop(&s.r);
}

/* I08: it leads one run to us, and nothing in there is the run's to change. */
static void
abuse_I08_only_its_own(void **state)
{
	struct rig_result first, second;
	struct rig_spawn spawn;
	struct priv_exit e;
	struct scene s;
	int one, two;

	(void)state;
	begin(&s, NULL);
	if (!s.roots) {
		rig_stop(&s.r);
		skip();
	}
	spawn = agent(&s, CALL, "rdv_one");
	rig_spawn(&s.r, &spawn, &first);
	spawn.token = "rdv_two";
	rig_spawn(&s.r, &spawn, &second);
	one = answer(door_of(&first), "rdv_one");
	two = answer(door_of(&second), "rdv_two");
	end_call(&s, &first, one);
	end_call(&s, &second, two);
	spawn.argv = ARGV("/bin/sh", "-c",
	    "cd /run/rdv; for c in 'echo x >token' 'echo x >new' 'mkdir new' "
	    "'rm -f token' 'rm -f api.sock' 'mv token other' 'ln -s x new' "
	    "'cp /bin/true new' 'cp /bin/true rdv'; do "
	    "(eval \"$c\") 2>/dev/null && echo $c; done; ls; cat token");
	rig_run(&s.r, &spawn, out, sizeof(out), &e);
	assert_string_equal(out, "api.sock\nrdv\ntoken\nrdv_two");
	rig_stop(&s.r);
}

/* A path of a request covers nothing of it. */
static void
abuse_I08_not_covered(void **state)
{
	struct rig_spawn spawn;
	struct rig_result res;
	struct scene s;

	(void)state;
	begin(&s, NULL);
	spawn = agent(&s, ARGV("true"), NULL);
	spawn.paths = ARGV("/run");
	if (s.roots) {
		rig_spawn(&s.r, &spawn, &res);
		assert_int_equal(res.a.result, PRIV_FAILED);
		assert_string_equal(res.a.stage, "P5 paths");
		assert_int_equal(res.a.err, EXDEV);
	}
	rig_stop(&s.r);
}

static void
take_again(struct scene *s, struct rig_result *res)
{
	struct priv_inventory_answer a;

	assert_int_equal(rig_inventory(&s->r, 0, &a, &res->fds), PRIV_DONE);
	res->a.result = PRIV_DONE;
	res->a.handle = a.handle;
	res->a.guards = a.guards;
}

/* Who has come meanwhile waits for the next rdvd, and has the same door. */
static void
outlives_rdvd(void **state)
{
	struct rig_spawn spawn;
	struct rig_result res;
	struct scene s;
	int fd;

	(void)state;
	begin(&s, NULL);
	if (!s.roots) {
		rig_stop(&s.r);
		skip();
	}
	spawn = agent(&s, CALL, "rdv_abc");
	rig_spawn(&s.r, &spawn, &res);
	assert_true(rig_readable(door_of(&res)));
	rig_close(&res);
	rig_kill_daemon(&s.r);
	rig_daemon(&s.r);
	rig_ops(&s.r);
	rig_login(&s.r);
	take_again(&s, &res);
	fd = answer(door_of(&res), "rdv_abc");
	end_call(&s, &res, fd);
	rig_stop(&s.r);
}

/* The same of an [ops] that is killed: [main] has kept it. */
static void
outlives_ops(void **state)
{
	struct rig_spawn spawn;
	struct rig_result res;
	struct scene s;
	int fd;

	(void)state;
	begin(&s, NULL);
	if (!s.roots) {
		rig_stop(&s.r);
		skip();
	}
	spawn = agent(&s, CALL, "rdv_abc");
	rig_spawn(&s.r, &spawn, &res);
	assert_true(rig_readable(door_of(&res)));
	rig_close(&res);
	assert_int_equal(kill((pid_t)s.r.hello.pid, SIGKILL), 0);
	rig_ops(&s.r);
	rig_login(&s.r);
	take_again(&s, &res);
	fd = answer(door_of(&res), "rdv_abc");
	end_call(&s, &res, fd);
	rig_stop(&s.r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leads_to_us),
		cmocka_unit_test(goes_beside_a_list),
		cmocka_unit_test(tells_where_it_is),
		cmocka_unit_test(is_not_there_unasked),
		cmocka_unit_test(abuse_I08_no_other_has_one),
		cmocka_unit_test(is_lacked),
		cmocka_unit_test(abuse_I08_only_its_own),
		cmocka_unit_test(abuse_I08_not_covered),
		cmocka_unit_test(outlives_rdvd),
		cmocka_unit_test(outlives_ops),
	};

	return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
