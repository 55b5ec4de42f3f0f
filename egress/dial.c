/* SPDX-License-Identifier: MIT */
/*
 * From a name to a connection. The name is resolved once, and what is judged is
 * the address that is dialled then, so a second answer of whoever the name
 * belongs to changes nothing (abuse I11). An address that stands in the list
 * itself is dialled whatever it is.
 */
#include "egress/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "egress/here.h"
#include "lib/clock.h"

/* For one address; with all of them no longer than a client waits. */
#define CONNECT_MS 10000
#define ALL_MS	   30000

static int
failed(struct dial_error *e, bool refused, const char *what, const char *why)
{
	e->refused = refused;
	(void)snprintf(e->why, sizeof(e->why), "%s%s", what, why);
	return -1;
}

static void
set_port(struct sockaddr *sa, uint16_t port)
{
	if (sa->sa_family == AF_INET)
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
	else
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
}

/* Services of this host trust what comes from it, by a public name, too. */
static const char *
judge(const struct target *t, const struct addrinfo *a)
{
	const char *what = t->literal ? NULL : judge_address(a->ai_addr);

	if (what == NULL && !t->literal && here_is(a->ai_addr))
		what = "an address of this host";
	return what;
}

/* 0 or an errno. */
static int
await_connect(int fd, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	const int64_t left = until - clock_mono_ms();
	socklen_t len = sizeof(int);
	int n, err = 0;

	do
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	return err;
}

static int
connect_to(const struct addrinfo *a, int64_t until, int *err)
{
	const int64_t own = clock_mono_ms() + CONNECT_MS;
	const int on = 1;
	int fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*err = fd < 0 ? errno : 0;
	if (*err == 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		*err = errno != EINPROGRESS
			   ? errno
			   : await_connect(fd, own < until ? own : until);
	if (*err == 0) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		return fd;
	}
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Those that may not be dialled are left out; the last reason is kept. */
static int
dial_one_of(const struct target *t, struct addrinfo *list, struct dial_error *e)
{
	const int64_t until = clock_mono_ms() + ALL_MS;
	const char *what = NULL, *no;
	int fd = -1, err = 0;

	for (struct addrinfo *a = list; a != NULL && fd < 0; a = a->ai_next) {
		if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
			continue;
		set_port(a->ai_addr, t->port);
		no = judge(t, a);
		if (no == NULL)
			fd = connect_to(a, until, &err);
		else
			what = no;
	}
	if (fd >= 0)
		return fd;
	if (err == 0 && what != NULL)
		return failed(e, true, "its name leads to ", what);
	return failed(e, false, "",
	    err != 0 ? strerror(err) : "its name has no address");
}

int
dial(const struct target *t, struct dial_error *e)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = t->literal ? AI_NUMERICHOST : 0 };
	struct addrinfo *list = NULL;
	int fd, err = getaddrinfo(t->name, NULL, &hints, &list);

	if (err != 0)
		return failed(e, false, "its name: ", gai_strerror(err));
	fd = dial_one_of(t, list, e);
	freeaddrinfo(list);
	return fd;
}
