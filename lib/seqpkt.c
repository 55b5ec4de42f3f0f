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
 * More room than SEQPKT_FDS_MAX needs: the kernel installs what fits, so with
 * too little room a flood shows as MSG_CTRUNC and with this one as a count.
 */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(2 * SEQPKT_FDS_MAX * sizeof(int)) +
		   CMSG_SPACE(sizeof(struct ucred))];
};

int
seqpkt_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, fds) < 0)
		return -errno;
	return 0;
}

int
seqpkt_send(int sock, const void *p, size_t len, const struct seqpkt_fds *fds)
{
	struct iovec iov = { .iov_base = (void *)p, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;
	size_t size;

	/* An empty packet would look like end of file to the peer. */
	if (len == 0 || (fds != NULL && fds->n > SEQPKT_FDS_MAX))
		return -EINVAL;
	if (len > SEQPKT_MAX)
		return -EMSGSIZE;
	if (fds != NULL && fds->n > 0) {
		size = fds->n * sizeof(int);
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(size);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.align), fds->fd, size);
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * Takes the descriptors of one SCM_RIGHTS message over into `got`. False when
 * they are too many; those in excess are closed here.
 */
static bool
collect(struct cmsghdr *c, struct seqpkt_fds *got)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int), i;
	bool fits = true;
	int fd;

	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (got->n < SEQPKT_FDS_MAX) {
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
walk(struct msghdr *msg, struct seqpkt_fds *got)
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
receive(int sock, void *p, size_t size, struct seqpkt_fds *fds, int flags)
{
	struct iovec iov = { .iov_base = p,
		.iov_len = size < SEQPKT_MAX ? size : SEQPKT_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct seqpkt_fds got = { .n = 0 };
	union control control;
	ssize_t n;
	bool good;
	long err;

	if (fds != NULL) {
		fds->n = 0;
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	good = walk(&msg, &got);
	if (msg.msg_flags & MSG_TRUNC)
		err = -EMSGSIZE;
	else if (!good || (msg.msg_flags & MSG_CTRUNC))
		err = -EBADMSG;
	else
		err = (long)n;
	/* Zero is an error to this end: the end of file brings none. */
	if (err <= 0)
		seqpkt_fds_close(&got);
	else if (fds != NULL)
		*fds = got;
	return err;
}

long
seqpkt_recv(int sock, void *p, size_t size, struct seqpkt_fds *fds)
{
	return receive(sock, p, size, fds, 0);
}

long
seqpkt_peek(int sock, void *p, size_t size)
{
	return receive(sock, p, size, NULL, MSG_PEEK);
}

void
seqpkt_fds_close(struct seqpkt_fds *fds)
{
	while (fds->n > 0)
		(void)close(fds->fd[--fds->n]);
}
