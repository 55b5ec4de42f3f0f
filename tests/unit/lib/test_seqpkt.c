/* SPDX-License-Identifier: MIT */
/*
 * Packets and descriptors against a peer that lies (abuse E02, E04 to E07). In
 * every case the process ends with the descriptors it had, but for those it
 * was handed on success.
 */
#include "tests/unit/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/seqpkt.h"

static int ends[2]; /* 0: the peer, 1: us */
static unsigned before;

static unsigned
open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int
setup(void **state)
{
	(void)state;
	before = open_fds();
	return seqpkt_pair(ends);
}

static int
teardown(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return open_fds() == before ? 0 : -1;
}

/* `n` descriptors in one control message, as many as a liar likes. */
static ssize_t
send_fds(unsigned n)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE((SEQPKT_MANY_MAX + 1) * sizeof(int))];
	} control;
	char x = 'x';
	struct iovec iov = { &x, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };
	unsigned i;
	int null = open("/dev/null", O_RDONLY);
	ssize_t sent;

	assert_true(null >= 0 && n <= SEQPKT_MANY_MAX + 1);
	memset(&control, 0, sizeof(control));
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	for (i = 0; i < n; i++)
		memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &null,
		    sizeof(int));
	sent = sendmsg(ends[0], &msg, 0);
	close(null);
	return sent;
}

static void
carries_bytes_and_descriptors(void **state)
{
	char in[SEQPKT_MAX], out[SEQPKT_MAX], byte;
	struct seqpkt_fds fds = { .n = 2 }, got;
	int pipes[2];

	(void)state;
	memset(out, 'q', sizeof(out));
	assert_int_equal(pipe(pipes), 0);
	fds.fd[0] = pipes[0];
	fds.fd[1] = pipes[1];
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), -EAGAIN);
	assert_int_equal(seqpkt_send(ends[0], out, sizeof(out), &fds), 0);
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got),
	    SEQPKT_MAX);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(got.n, 2);
	assert_int_equal(write(got.fd[1], "!", 1), 1);
	assert_int_equal(read(got.fd[0], &byte, 1), 1);
	assert_int_equal(byte, '!');
	seqpkt_fds_close(&got);
	assert_int_equal(got.n, 0);
}

static void
abuse_E07_received_are_close_on_exec(void **state)
{
	struct seqpkt_fds got;
	char in[4];

	(void)state;
	assert_int_equal(send_fds(1), 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), 1);
	assert_int_equal(fcntl(got.fd[0], F_GETFD), FD_CLOEXEC);
	seqpkt_fds_close(&got);
	assert_int_equal(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(ends[1], F_GETFD), FD_CLOEXEC);
}

static void
refuses_to_send_what_misleads(void **state)
{
	struct seqpkt_fds fds = { .n = SEQPKT_FDS_MAX + 1 };
	char out[SEQPKT_MAX + 1] = "";
	int err;

	(void)state;
	assert_int_equal(seqpkt_send(ends[0], out, 0, NULL), -EINVAL);
	assert_int_equal(seqpkt_send(ends[0], out, 1, &fds), -EINVAL);
	assert_int_equal(seqpkt_send(ends[0], out, sizeof(out), NULL),
	    -EMSGSIZE);
	do
		err = seqpkt_send(ends[0], out, SEQPKT_MAX, NULL);
	while (err == 0);
	assert_int_equal(err, -EAGAIN);
	/* Unread packets make it a reset first; neither raises SIGPIPE. */
	close(ends[1]);
	assert_int_equal(seqpkt_send(ends[0], out, 1, NULL), -ECONNRESET);
	assert_int_equal(seqpkt_send(ends[0], out, 1, NULL), -EPIPE);
	ends[1] = dup(ends[0]);
}

static void
abuse_E02_lengths_that_lie(void **state)
{
	char in[SEQPKT_MAX + 8], big[SEQPKT_MAX + 8] = "";

	(void)state;
	/* Longer than our buffer, and longer than any packet may be. */
	assert_int_equal(send(ends[0], "12345", 5, 0), 5);
	assert_int_equal(seqpkt_recv(ends[1], in, 4, NULL), -EMSGSIZE);
	assert_int_equal(send(ends[0], big, SEQPKT_MAX + 1, 0), SEQPKT_MAX + 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), -EMSGSIZE);
	/* Two in a row never run together, and none is eaten by the last. */
	assert_int_equal(send(ends[0], "one", 3, 0), 3);
	assert_int_equal(send(ends[0], "seven", 5, 0), 5);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), 3);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), 5);
	assert_memory_equal(in, "seven", 5);
	/* Length zero ends the peer, as its going away does. */
	assert_int_equal(send(ends[0], "", 0, 0), 0);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), 0);
	close(ends[0]);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), 0);
	ends[0] = dup(ends[1]);
}

static void
abuse_E04_one_too_many(void **state)
{
	static const unsigned liars[] = { SEQPKT_FDS_MAX + 1,
		SEQPKT_FDS_MAX + 2, 12, 13, 33, 64 };
	struct seqpkt_fds got;
	unsigned i, now = open_fds();
	char in[4];

	(void)state;
	for (i = 0; i < sizeof(liars) / sizeof(liars[0]); i++) {
		assert_int_equal(send_fds(liars[i]), 1);
		assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got),
		    -EBADMSG);
		assert_int_equal(got.n, 0);
		assert_int_equal(open_fds(), now);
	}
	for (i = 1; i <= SEQPKT_FDS_MAX; i++) {
		assert_int_equal(send_fds(i), 1);
		assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), 1);
		assert_int_equal(got.n, i);
		assert_int_equal(open_fds(), now + i);
		seqpkt_fds_close(&got);
	}
}

/* As many as one packet may bring, in their order; and one more. */
static void
abuse_E04_many(void **state)
{
	struct seqpkt_many out = { .n = SEQPKT_MANY_MAX }, got;
	unsigned i, now = open_fds();
	struct seqpkt_fds first;
	struct stat want, have;
	int pipes[2];
	char in[4];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (i = 0; i < SEQPKT_MANY_MAX; i++)
		out.fd[i] = pipes[i == 1];
	assert_int_equal(seqpkt_send_many(ends[0], "x", 1, &out), 0);
	assert_int_equal(seqpkt_recv_many(ends[1], in, sizeof(in), &got), 1);
	assert_int_equal(got.n, SEQPKT_MANY_MAX);
	assert_int_equal(open_fds(), now + 2 + SEQPKT_MANY_MAX);
	seqpkt_many_take(&got, 2, &first);
	assert_int_equal(first.n, 2);
	assert_int_equal(got.n, SEQPKT_MANY_MAX - 2);
	assert_int_equal(fcntl(first.fd[0], F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(first.fd[1], F_GETFL) & O_ACCMODE, O_WRONLY);
	assert_int_equal(fstat(pipes[0], &want), 0);
	assert_int_equal(fstat(got.fd[0], &have), 0);
	assert_int_equal(want.st_ino, have.st_ino);
	seqpkt_fds_close(&first);
	seqpkt_many_close(&got);
	assert_int_equal(open_fds(), now + 2);
	assert_int_equal(send_fds(SEQPKT_MANY_MAX + 1), 1);
	assert_int_equal(seqpkt_recv_many(ends[1], in, sizeof(in), &got),
	    -EBADMSG);
	assert_int_equal(got.n, 0);
	assert_int_equal(open_fds(), now + 2);
	out.n = SEQPKT_MANY_MAX + 1;
	assert_int_equal(seqpkt_send_many(ends[0], "x", 1, &out), -EINVAL);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}

static void
abuse_E04_none_wanted(void **state)
{
	unsigned now = open_fds();
	char in[4];

	(void)state;
	assert_int_equal(send_fds(1), 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), -EBADMSG);
	assert_int_equal(open_fds(), now);
	assert_int_equal(send(ends[0], "y", 1, 0), 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), NULL), 1);
}

/* Descriptors on a packet that is refused for its length, or is empty. */
static void
abuse_E04_errors_leak_none(void **state)
{
	struct seqpkt_fds fds = { .n = 3, .fd = { 0, 1, 2 } }, got;
	unsigned now = open_fds();
	struct msghdr msg = { 0 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char in[4];

	(void)state;
	assert_int_equal(seqpkt_send(ends[0], "12345", 5, &fds), 0);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), -EMSGSIZE);
	assert_int_equal(got.n, 0);
	assert_int_equal(open_fds(), now);
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	memcpy(CMSG_DATA(&control.align), &ends[0], sizeof(int));
	assert_int_equal(sendmsg(ends[0], &msg, 0), 0);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), 0);
	assert_int_equal(got.n, 0);
	assert_int_equal(open_fds(), now);
}

static void
abuse_E05_descriptor_table_nearly_full(void **state)
{
	struct rlimit old, low;
	struct seqpkt_fds got;
	unsigned now = open_fds();
	char in[4];
	int top;

	(void)state;
	assert_int_equal(send_fds(4), 1);
	top = dup(0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	/* Room for two: the kernel installs those and sets MSG_CTRUNC. */
	low = old;
	low.rlim_cur = (rlim_t)top + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), -EBADMSG);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(got.n, 0);
	assert_int_equal(open_fds(), now);
	assert_int_equal(send_fds(4), 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), 1);
	assert_int_equal(got.n, 4);
	seqpkt_fds_close(&got);
}

/* With room for all, what is missing is this process' own: it can be told. */
static void
abuse_E05_many_without_room(void **state)
{
	struct rlimit old, low;
	struct seqpkt_many got;
	unsigned now = open_fds();
	char in[4];
	int top;

	(void)state;
	assert_int_equal(send_fds(9), 1);
	top = dup(0);
	close(top);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)top + 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(seqpkt_recv_many(ends[1], in, sizeof(in), &got), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_true(got.lost);
	assert_int_equal(got.n, 0);
	assert_int_equal(open_fds(), now);
	assert_int_equal(send_fds(9), 1);
	assert_int_equal(seqpkt_recv_many(ends[1], in, sizeof(in), &got), 1);
	assert_false(got.lost);
	assert_int_equal(got.n, 9);
	seqpkt_many_close(&got);
	assert_int_equal(open_fds(), now);
}

static void
abuse_E06_credentials_before_rights(void **state)
{
	unsigned now = open_fds();
	struct seqpkt_fds got;
	int on = 1, off = 0;
	char in[4];

	(void)state;
	/* With SO_PASSCRED the kernel puts credentials in front of them. */
	assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &on,
			     sizeof(on)),
	    0);
	assert_int_equal(send_fds(2), 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), -EBADMSG);
	assert_int_equal(got.n, 0);
	assert_int_equal(open_fds(), now);
	assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_PASSCRED, &off,
			     sizeof(off)),
	    0);
	assert_int_equal(send_fds(2), 1);
	assert_int_equal(seqpkt_recv(ends[1], in, sizeof(in), &got), 1);
	assert_int_equal(got.n, 2);
	seqpkt_fds_close(&got);
}

#define PAIR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PAIR_TEST(carries_bytes_and_descriptors),
		PAIR_TEST(abuse_E07_received_are_close_on_exec),
		PAIR_TEST(refuses_to_send_what_misleads),
		PAIR_TEST(abuse_E02_lengths_that_lie),
		PAIR_TEST(abuse_E04_one_too_many),
		PAIR_TEST(abuse_E04_many),
		PAIR_TEST(abuse_E04_none_wanted),
		PAIR_TEST(abuse_E04_errors_leak_none),
		PAIR_TEST(abuse_E05_descriptor_table_nearly_full),
		PAIR_TEST(abuse_E05_many_without_room),
		PAIR_TEST(abuse_E06_credentials_before_rights),
	};

	return CHECK_RUN("seqpkt", tests);
}
