/* SPDX-License-Identifier: MIT */
/*
 * Packets with descriptors between our processes. SOCK_SEQPACKET keeps a packet
 * and its descriptors together, which a stream does not. The invariant: a
 * descriptor that the kernel installed in this process is either returned to
 * the caller or closed before the call returns.
 */
#include "lib/seqpkt.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * More room than there may be descriptors: the kernel installs what fits, so
 * with too little room a flood shows as MSG_CTRUNC and with this one as a
 * count.
 */
#define CONTROL(n) \
	(CMSG_SPACE((n) * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)))

union control {
	struct cmsghdr align;
	char bytes[CONTROL(2 * SEQPKT_FDS_MAX)];
};

/* One message of the kernel's has 253 of them at most. */
union control_many {
	struct cmsghdr align;
	char bytes[CONTROL(SEQPKT_MANY_MAX + 4)];
};

/* What is taken from a packet, and where to. */
struct got {
	void *control;
	size_t size;
	int *fd;
	unsigned max, n;
	bool lost;
};

int
seqpkt_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, fds) < 0)
		return -errno;
	return 0;
}

static int
send_with(int sock, const void *p, size_t len, const int *fd, unsigned n)
{
	struct iovec iov = { .iov_base = (void *)p, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	const size_t size = n * sizeof(int);
	union control_many control;

	memset(&control, 0, CMSG_SPACE(size));
	msg.msg_control = &control;
	msg.msg_controllen = CMSG_SPACE(size);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.align), fd, size);
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Not by sendmsg(2), which who sends no descriptors may not have. */
static int
send_without(int sock, const void *p, size_t len)
{
	while (send(sock, p, len, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* An empty packet would look like end of file to the peer. */
static int
send_packet(int sock, const void *p, size_t len, const int *fd, unsigned n)
{
	if (len == 0)
		return -EINVAL;
	if (len > SEQPKT_MAX)
		return -EMSGSIZE;
	return n > 0 ? send_with(sock, p, len, fd, n)
		     : send_without(sock, p, len);
}

int
seqpkt_send(int sock, const void *p, size_t len, const struct seqpkt_fds *fds)
{
	if (fds == NULL)
		return send_packet(sock, p, len, NULL, 0);
	if (fds->n > SEQPKT_FDS_MAX)
		return -EINVAL;
	return send_packet(sock, p, len, fds->fd, fds->n);
}

int
seqpkt_send_many(int sock, const void *p, size_t len,
    const struct seqpkt_many *fds)
{
	if (fds->n > SEQPKT_MANY_MAX)
		return -EINVAL;
	return send_packet(sock, p, len, fds->fd, fds->n);
}

/*
 * Takes the descriptors of one SCM_RIGHTS message over into `got`. False when
 * they are too many; those in excess are closed here.
 */
static bool
collect(struct cmsghdr *c, struct got *got)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;
	bool fits = true;
	int fd;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (got->n < got->max) {
			got->fd[got->n++] = fd;
		} else {
			(void)close(fd);
			fits = false;
		}
	}
	return fits;
}

/* Walks all control messages even after a bad one: each may hold rights. */
static bool
walk(struct msghdr *msg, struct got *got)
{
	struct cmsghdr *c;
	bool good = true;

	for (c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			good = false;
		else if (!collect(c, got))
			good = false;
	}
	return good;
}

static long
receive(int sock, void *p, size_t size, struct got *got, int flags)
{
	struct iovec iov = { .iov_base = p,
		.iov_len = size < SEQPKT_MAX ? size : SEQPKT_MAX };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = got->control,
		.msg_controllen = got->size };
	ssize_t n;
	bool good;
	long err;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	good = walk(&msg, got);
	got->lost = (msg.msg_flags & MSG_CTRUNC) != 0;
	if (msg.msg_flags & MSG_TRUNC)
		err = -EMSGSIZE;
	else if (!good || (got->lost && got->max != SEQPKT_MANY_MAX))
		err = -EBADMSG;
	else
		err = (long)n;
	/* Zero is an error to this end: the end of file brings none. */
	if (err <= 0 || got->lost)
		while (got->n > 0)
			(void)close(got->fd[--got->n]);
	return err;
}

long
seqpkt_recv(int sock, void *p, size_t size, struct seqpkt_fds *fds)
{
	union control control;
	struct got got = { .n = 0 };
	long n;

	if (fds != NULL)
		got = (struct got){ .control = &control,
			.size = sizeof(control),
			.fd = fds->fd,
			.max = SEQPKT_FDS_MAX };
	n = receive(sock, p, size, &got, 0);
	if (fds != NULL)
		fds->n = got.n;
	return n;
}

long
seqpkt_recv_many(int sock, void *p, size_t size, struct seqpkt_many *fds)
{
	union control_many control;
	struct got got = { .control = &control,
		.size = sizeof(control),
		.fd = fds->fd,
		.max = SEQPKT_MANY_MAX };
	long n = receive(sock, p, size, &got, 0);

	fds->n = got.n;
	fds->lost = n > 0 && got.lost;
	return n;
}

long
seqpkt_peek(int sock, void *p, size_t size)
{
	struct got got = { .n = 0 };

	return receive(sock, p, size, &got, MSG_PEEK);
}

void
seqpkt_fds_close(struct seqpkt_fds *fds)
{
	while (fds->n > 0)
		(void)close(fds->fd[--fds->n]);
}

void
seqpkt_many_close(struct seqpkt_many *fds)
{
	while (fds->n > 0)
		(void)close(fds->fd[--fds->n]);
}

void
seqpkt_many_take(struct seqpkt_many *fds, unsigned n, struct seqpkt_fds *out)
{
	memcpy(out->fd, fds->fd, n * sizeof(*out->fd));
	out->n = n;
	fds->n -= n;
	memmove(fds->fd, fds->fd + n, fds->n * sizeof(*fds->fd));
}
