/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are this host's. Not those of its interfaces alone: whole
 * networks may be routed to it. Nor does a socket's own address tell, for that
 * is another one of this host where it has several in one network. So the
 * kernel is asked what it would do, rtnetlink(7).
 */
#include "egress/here.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/* An address of either family as RTA_DST. */
struct ask {
	struct nlmsghdr h;
	struct rtmsg r;
	struct rtattr a;
	unsigned char ip[16];
};

struct answer {
	struct nlmsghdr h;
	struct rtmsg r;
	char rest[1024];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int fd = -1;

int
here_open(void)
{
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return fd < 0 ? -errno : 0;
}

/* A v4 address in a v6 one is dialled as that. */
static void
put_address(struct ask *q, const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const void *ip = &in->sin_addr;
	size_t len = 4;

	if (sa->sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		ip = in6->sin6_addr.s6_addr + 12;
	} else if (sa->sa_family == AF_INET6) {
		ip = &in6->sin6_addr;
		len = 16;
	}
	memcpy(q->ip, ip, len);
	q->r.rtm_family = len == 4 ? AF_INET : AF_INET6;
	q->r.rtm_dst_len = (unsigned char)(8 * len);
	q->a.rta_type = RTA_DST;
	q->a.rta_len = (unsigned short)RTA_LENGTH(len);
	q->h.nlmsg_len = (uint32_t)(offsetof(struct ask, ip) + len);
}

/* Its length, or less when there is none. The kernel answers at once. */
static ssize_t
exchange(struct ask *q, struct answer *a)
{
	static uint32_t seq;
	ssize_t n;

	(void)pthread_mutex_lock(&lock);
	q->h.nlmsg_seq = ++seq;
	n = send(fd, q, q->h.nlmsg_len, 0);
	/* Of another question it would be an answer to the wrong address. */
	while (n > 0 && (n = recv(fd, a, sizeof(*a), 0)) > 0)
		if (a->h.nlmsg_seq == q->h.nlmsg_seq)
			break;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

bool
here_is(const struct sockaddr *sa)
{
	struct ask q = { .h = { .nlmsg_type = RTM_GETROUTE,
			     .nlmsg_flags = NLM_F_REQUEST } };
	struct answer a;
	ssize_t n;

	put_address(&q, sa);
	n = exchange(&q, &a);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return true;
	/* No way there at all, then. */
	if (a.h.nlmsg_type == NLMSG_ERROR)
		return false;
	return a.h.nlmsg_type != RTM_NEWROUTE || a.r.rtm_type == RTN_LOCAL ||
	       a.r.rtm_type == RTN_ANYCAST;
}
