/* SPDX-License-Identifier: MIT */
/*
 * Addresses of this host, told from all others without asking a resolver: what
 * is sent there in the clear must not leave it.
 */
#include "cli/loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/portowner.h"
#include "lib/err.h"
#include "lib/str.h"

#define HTTP	  "http://"
#define HTTPS	  "https://"
#define HTTP_PORT 80

static const struct {
	const char *name;
	bool six;
} hosts[] = {
	{ "127.0.0.1", false },
	{ "localhost", false },
	{ "[::1]", true },
};

/* "NAME" or "NAME:PORT" of one of them. */
static bool
host_known(struct loopback *at)
{
	const char *end;
	uint64_t port;
	size_t i, n;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		n = strlen(hosts[i].name);
		if (strncmp(at->host, hosts[i].name, n) != 0)
			continue;
		end = at->host + n;
		port = HTTP_PORT;
		if (*end == ':' && !str_to_u64(end + 1, 1, 65535, &port))
			return false;
		if (*end != ':' && *end != '\0')
			continue;
		at->port = (uint16_t)port;
		at->six = hosts[i].six;
		return true;
	}
	return false;
}

int
loopback_parse(struct loopback *at, const char *url, const char **rest,
    char *why, size_t whysize)
{
	struct loopback l = { .port = 0 };
	size_t n;

	if (str_starts(url, HTTPS)) {
		(void)snprintf(why, whysize,
		    "rdv speaks no TLS; open it in a browser, or where its "
		    "rdv runs with http://127.0.0.1:PORT in front");
		return RDV_E_INVALID;
	}
	if (!str_starts(url, HTTP)) {
		(void)snprintf(why, whysize, "it does not begin with " HTTP);
		return RDV_E_INVALID;
	}
	url += strlen(HTTP);
	n = strcspn(url, "/");
	if (n < sizeof(l.host))
		memcpy(l.host, url, n);
	if (n >= sizeof(l.host) || !host_known(&l)) {
		(void)snprintf(why, whysize,
		    "only this host's own (127.0.0.1, localhost, [::1]) is "
		    "asked, since it is in the clear; for another host make a "
		    "tunnel: ssh -L PORT:127.0.0.1:PORT HOST");
		return RDV_E_INVALID;
	}
	*at = l;
	*rest = url + n;
	return 0;
}

static socklen_t
address(const struct loopback *at, struct sockaddr_storage *out)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(at->port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(at->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	if (at->six)
		memcpy(out, &six, sizeof(six));
	else
		memcpy(out, &four, sizeof(four));
	return at->six ? sizeof(six) : sizeof(four);
}

/* SO_SNDTIMEO bounds connect(2) too. Keys are small and want to go at once. */
static int
dial(const struct loopback *at, int *fd, int64_t timeout_ms, char *why,
    size_t whysize)
{
	struct timeval tv = { .tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000 };
	struct sockaddr_storage to;
	socklen_t len = address(at, &to);
	const int one = 1;
	int s;

	s = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s != -1) {
		(void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
		(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one,
		    sizeof(one));
	}
	if (s == -1 || connect(s, (struct sockaddr *)&to, len) == -1 ||
	    fcntl(s, F_SETFL, O_NONBLOCK) == -1) {
		(void)snprintf(why, whysize, "%s: %s", at->host,
		    strerror(errno));
		if (s != -1)
			(void)close(s);
		return RDV_E_UNAVAILABLE;
	}
	*fd = s;
	return 0;
}

/* Before and after: who was connected to may have let go of the port since. */
int
loopback_dial(const struct loopback *at, int *fd, int64_t timeout_ms, char *why,
    size_t whysize)
{
	int rc = portowner_judge(at, why, whysize);

	if (rc == 0)
		rc = dial(at, fd, timeout_ms, why, whysize);
	if (rc == 0) {
		rc = portowner_judge(at, why, whysize);
		if (rc != 0)
			(void)close(*fd);
	}
	return rc == RDV_E_NOT_FOUND ? RDV_E_UNAVAILABLE : rc;
}
