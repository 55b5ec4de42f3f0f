/* SPDX-License-Identifier: MIT */
#ifndef RDV_SEQPKT_H
#define RDV_SEQPKT_H

#include <stdbool.h>
#include <stddef.h>

#define SEQPKT_MAX     16384 /* bytes in one packet */
#define SEQPKT_FDS_MAX 7

struct seqpkt_fds {
	int fd[SEQPKT_FDS_MAX];
	unsigned n;
};

/* Of as many runs as one packet tells of; the kernel takes 253 with one. */
#define SEQPKT_MANY_MAX 252

struct seqpkt_many {
	int fd[SEQPKT_MANY_MAX];
	unsigned n;
	bool lost; /* some came and found no place in this process */
};

/* A close-on-exec, non-blocking SOCK_SEQPACKET pair. 0 or -errno. */
int seqpkt_pair(int fds[2]);
/*
 * Sends one packet with descriptors (NULL: none), which stay the caller's.
 * 0, -EAGAIN when the queue is full, or another -errno.
 */
int
seqpkt_send(int sock, const void *p, size_t len, const struct seqpkt_fds *fds);
int seqpkt_send_many(int sock, const void *p, size_t len,
    const struct seqpkt_many *fds);
/*
 * Receives one packet of at most SEQPKT_MAX bytes into `p`. With `fds` NULL no
 * control buffer is given, so the peer can never hand us a descriptor. Every
 * control message is walked, in any order. Returns the length, 0 at end of file
 * (a zero-length packet looks the same and ends the peer too), -EAGAIN,
 * -EMSGSIZE for a packet longer than the buffer, -EBADMSG for MSG_CTRUNC, an
 * unexpected control message or more than SEQPKT_FDS_MAX descriptors, or
 * another -errno.
 *
 * Unless a length is returned, all received descriptors have been closed and
 * fds->n is 0 (abuse E04-E06).
 */
long seqpkt_recv(int sock, void *p, size_t size, struct seqpkt_fds *fds);
/*
 * The same with room for SEQPKT_MANY_MAX descriptors. There is room for all
 * that the kernel lets anybody send, so MSG_CTRUNC says that this process is at
 * its own limit (EMFILE): the length is returned, fds->lost is set, and none of
 * them is kept.
 */
long seqpkt_recv_many(int sock, void *p, size_t size, struct seqpkt_many *fds);
/* The same and it stays in the queue; a packet with descriptors is -EBADMSG. */
long seqpkt_peek(int sock, void *p, size_t size);
void seqpkt_fds_close(struct seqpkt_fds *fds);
void seqpkt_many_close(struct seqpkt_many *fds);
/* Moves the first `n`, at most SEQPKT_FDS_MAX, over into `out`. */
void
seqpkt_many_take(struct seqpkt_many *fds, unsigned n, struct seqpkt_fds *out);

#endif
