/* SPDX-License-Identifier: MIT */
/*
 * The attacker: rdvd, taken over, sends what no rdvd would. [ops] either says
 * DENIED and goes on, or ends; it never acts, and its descriptor table does not
 * grow (abuse E01-E06). [main] starts another, so every case ends with the
 * positive control that a proper daemon is served.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char out[1 << 16];

/* A run that leaves a file behind, as a sign that somebody acted. */
static void
canary(const struct rig *r, char *cmd, size_t size)
{
	snprintf(cmd, size, "echo acted > %s/canary", r->dir);
}

static bool
acted(const struct rig *r)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/canary", r->dir);
	return access(path, F_OK) == 0;
}

/*
 * [ops] has ended; the next one is there, has run nothing, and serves. A rig
 * per attack, because restarts in a row are delayed more and more.
 */
static void
expect_end(struct rig *r)
{
	assert_true(rig_closed(r->ops));
	assert_false(acted(r));
	rig_ops(r);
	r->nnotices = 0;
	rig_login(r);
	rig_serves(r);
	rig_stop(r);
}

static void
encode_spawn(struct rig *r, struct buf *b)
{
	char cmd[128];
	char *argv[] = { "/bin/sh", "-c", cmd, NULL };
	struct priv_spawn m = {
		.io = PRIV_IO_PIPES, .cwd = "/", .argv = argv, .argc = 3
	};

	canary(r, cmd, sizeof(cmd));
	memcpy(m.grant, r->login.grant, sizeof(m.grant));
	snprintf(m.profile, sizeof(m.profile), "login");
	buf_init(b, SEQPKT_MAX);
	priv_put_spawn(b, rig_id(r), &m);
	assert_true(buf_ok(b));
}

static void
send_raw(struct rig *r, const void *p, size_t len)
{
	assert_int_equal(send(r->ops, p, len, MSG_NOSIGNAL), len);
}

/* `cut` bytes less than there should be, or one more when negative. */
static void
resized(long cut, bool header_agrees)
{
	struct buf b;
	struct rig r;
	size_t len;

	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	if (cut < 0)
		buf_put_u8(&b, 0);
	len = cut < 0 ? b.len : b.len - (size_t)cut;
	if (header_agrees)
		b.data[12] = (uint8_t)(len - PRIV_HEADER);
	send_raw(&r, b.data, len);
	buf_done(&b);
	expect_end(&r);
}

static void
abuse_E02_lengths(void **state)
{
	long cut;

	(void)state;
	for (cut = 1; cut < 100; cut += 9)
		resized(cut, false);
	for (cut = 1; cut < 80; cut += 11)
		resized(cut, true);
	resized(-1, false);
	resized(-1, true);
}

/* A field of the header set to a lie. */
static void
lie(size_t at, size_t size, uint32_t value)
{
	struct buf b;
	struct rig r;
	size_t i;

	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	for (i = 0; i < size; i++)
		b.data[at + i] = (uint8_t)(value >> 8 * i);
	send_raw(&r, b.data, b.len);
	buf_done(&b);
	expect_end(&r);
}

static void
abuse_E02_header(void **state)
{
	(void)state;
	lie(0, 4, 0); /* magic */
	lie(4, 2, 2); /* version */
	lie(6, 2, 0); /* op */
	lie(6, 2, PRIV_OP_MAX);
	lie(6, 2, 0xffff);
	lie(12, 4, 0); /* length */
	lie(12, 4, 0xffffffff);
	lie(12, 4, 0x80000000);
	lie(16, 1, 1); /* descriptors in a request */
	lie(16, 1, 255);
	lie(17, 1, PRIV_ANSWER); /* kind */
	lie(17, 1, PRIV_NOTICE);
	lie(17, 1, PRIV_KIND_MAX);
}

/* An empty packet looks like the end of the peer: it is treated as one. */
static void
abuse_E02_empty(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	assert_int_equal(send(r.ops, "", 0, MSG_NOSIGNAL), 0);
	assert_true(rig_closed(r.ops));
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_serves(&r);
	rig_stop(&r);
}

static void
wait_for_act(const struct rig *r)
{
	int64_t deadline = rig_deadline();

	while (!acted(r))
		assert_false(rig_late(deadline));
}

/* One packet is one frame: nothing is put together, nothing is taken apart. */
static void
abuse_E02_two_in_one_and_one_in_many(void **state)
{
	struct buf b;
	struct rig r;
	size_t i, len;

	(void)state;
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	len = b.len;
	assert_true(2 * len <= SEQPKT_MAX);
	for (i = 0; i < len; i++)
		buf_put_u8(&b, b.data[i]);
	assert_true(buf_ok(&b));
	send_raw(&r, b.data, 2 * len);
	buf_done(&b);
	expect_end(&r);
	/* It dies of the first byte; who sends the rest is told so. */
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	send_raw(&r, b.data, 1);
	for (i = 1; i < b.len; i++)
		(void)!send(r.ops, b.data + i, 1, MSG_NOSIGNAL);
	buf_done(&b);
	expect_end(&r);
	/* As one, it is done. */
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	send_raw(&r, b.data, b.len);
	buf_done(&b);
	wait_for_act(&r);
	rig_stop(&r);
}

static void
abuse_E02_over_long(void **state)
{
	static uint8_t big[SEQPKT_MAX + 1];
	struct buf b;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	memcpy(big, b.data, b.len);
	buf_done(&b);
	send_raw(&r, big, sizeof(big));
	expect_end(&r);
	/* Garbage, as much as there is room for. */
	memset(big, 0xff, sizeof(big));
	rig_start(&r, NULL);
	send_raw(&r, big, SEQPKT_MAX);
	expect_end(&r);
}

/* One [ops] told of two requests with one id carries out none of the second. */
static bool
replay_is_refused(const char *mutant)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	struct buf b;
	bool refused;

	rig_start(&r, mutant);
	rig_spawn(&r, &s, &res);
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	r.id--;
	encode_spawn(&r, &b);
	send_raw(&r, b.data, b.len);
	buf_done(&b);
	assert_true(rig_readable(r.ops));
	refused = recv(r.ops, out, sizeof(out), MSG_PEEK) <= 0;
	if (refused)
		expect_end(&r);
	else
		rig_cleanup(&r);
	return refused;
}

static void
abuse_E09_replay(void **state)
{
	(void)state;
	assert_true(replay_is_refused(NULL));
	assert_false(replay_is_refused("E09"));
}

static void
say_hello(struct rig *r, const char *build)
{
	struct priv_hello hello = { .pid = 1 };
	struct buf b;

	snprintf(hello.build, sizeof(hello.build), "%s", build);
	buf_init(&b, SEQPKT_MAX);
	priv_put_hello(&b, rig_id(r), PRIV_REQUEST, &hello);
	send_raw(r, b.data, b.len);
	buf_done(&b);
}

static void
start_mute(struct rig *r)
{
	rig_prepare(r);
	rig_launch(r, NULL);
	rig_daemon(r);
	rig_ops(r);
}

static void
test_out_of_state(void **state)
{
	struct rig r;
	struct buf b;

	(void)state;
	/* Anything before HELLO. */
	start_mute(&r);
	encode_spawn(&r, &b);
	send_raw(&r, b.data, b.len);
	buf_done(&b);
	expect_end(&r);
	/* HELLO twice. */
	rig_start(&r, NULL);
	say_hello(&r, RDV_BUILD);
	expect_end(&r);
}

static void
test_other_build(void **state)
{
	struct rig r;

	(void)state;
	start_mute(&r);
	say_hello(&r, "0.0.0-other");
	rig_expect_log(&r, "rdvd is build 0.0.0-other");
	expect_end(&r);
}

static void
send_with_fds(struct rig *r, const void *p, size_t len, const int *fds,
    size_t n, bool creds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(16 * sizeof(int)) +
			   CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec iov = { .iov_base = (void *)p, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control
	};
	struct ucred me = { getpid(), getuid(), getgid() };
	struct cmsghdr *c = (struct cmsghdr *)&control;

	memset(&control, 0, sizeof(control));
	if (creds) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_CREDENTIALS;
		c->cmsg_len = CMSG_LEN(sizeof(me));
		memcpy(CMSG_DATA(c), &me, sizeof(me));
		msg.msg_controllen = CMSG_SPACE(sizeof(me));
		c = (struct cmsghdr *)(control.bytes + msg.msg_controllen);
	}
	if (n > 0) {
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n * sizeof(int));
		msg.msg_controllen += CMSG_SPACE(n * sizeof(int));
	}
	assert_int_equal(sendmsg(r->ops, &msg, MSG_NOSIGNAL), len);
}

static void
with_descriptors(int fd, size_t n)
{
	int fds[16];
	struct buf b;
	struct rig r;
	size_t i;

	for (i = 0; i < n; i++)
		fds[i] = fd;
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	send_with_fds(&r, b.data, b.len, fds, n, false);
	buf_done(&b);
	expect_end(&r);
}

/* Of every type and in every number: none ever arrives. */
static void
abuse_E04_descriptors(void **state)
{
	int types[5], i;

	(void)state;
	types[0] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	types[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	types[2] = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	types[3] = open("/", O_PATH | O_CLOEXEC);
	types[4] = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (i = 0; i < 5; i++) {
		with_descriptors(types[i], 1);
		with_descriptors(types[i], 4);
		(void)close(types[i]);
	}
	with_descriptors(0, 16);
}

/* Credentials are nothing [ops] asked for; the request is judged as it is. */
static void
abuse_E06_credentials(void **state)
{
	struct seqpkt_fds got;
	struct priv_header h;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct buf b;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	send_with_fds(&r, b.data, b.len, NULL, 0, true);
	buf_done(&b);
	rig_answer(&r, &b, &h, &got);
	assert_int_equal(h.op, PRIV_SPAWN);
	buf_done(&b);
	seqpkt_fds_close(&got);
	wait_for_act(&r);
	rig_stop(&r);
	/* Before rights: those end it all the same. */
	rig_start(&r, NULL);
	encode_spawn(&r, &b);
	send_with_fds(&r, b.data, b.len, &null, 1, true);
	buf_done(&b);
	expect_end(&r);
	(void)close(null);
}

/*
 * The daemon's side of E05: its table is all but full when a start's
 * descriptors arrive. The packet is an error, and none of them stays.
 */
static void
abuse_E05_truncated(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	const unsigned before = rig_count_fds();
	struct rlimit old, low;
	struct seqpkt_fds fds;
	struct rig r;
	long n;
	int room;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn_send(&r, &s);
	assert_true(rig_readable(r.ops));
	/* Room for two where three come. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	room = dup(0);
	low.rlim_cur = (rlim_t)room + 2;
	(void)close(room);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	n = seqpkt_recv(r.ops, out, SEQPKT_MAX, &fds);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(n, -EBADMSG);
	assert_int_equal(fds.n, 0);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_serves(&r);
	rig_stop(&r);
	assert_int_equal(rig_count_fds(), before);
}

/* Answers carry no byte that was not put there (abuse E03). */
static void
abuse_E03_padding(void **state)
{
	uint8_t packet[2][SEQPKT_MAX];
	struct rig r;
	struct buf b;
	const struct priv_signal m = { .handle = 7, .sig = 15 };
	long n[2];
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		rig_start(&r, NULL);
		buf_init(&b, SEQPKT_MAX);
		priv_put_signal(&b, 1000, &m);
		rig_send(&r, b.data, b.len);
		buf_done(&b);
		assert_true(rig_readable(r.ops));
		n[i] = seqpkt_recv(r.ops, packet[i], SEQPKT_MAX, NULL);
		assert_true(n[i] > 0);
		rig_stop(&r);
	}
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(packet[0], packet[1], (size_t)n[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E02_lengths),
		cmocka_unit_test(abuse_E02_header),
		cmocka_unit_test(abuse_E02_empty),
		cmocka_unit_test(abuse_E02_two_in_one_and_one_in_many),
		cmocka_unit_test(abuse_E02_over_long),
		cmocka_unit_test(abuse_E03_padding),
		cmocka_unit_test(abuse_E04_descriptors),
		cmocka_unit_test(abuse_E05_truncated),
		cmocka_unit_test(abuse_E06_credentials),
		cmocka_unit_test(abuse_E09_replay),
		cmocka_unit_test(test_out_of_state),
		cmocka_unit_test(test_other_build),
	};

	return CHECK_RUN("attack", tests);
}
