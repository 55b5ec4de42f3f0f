/* SPDX-License-Identifier: MIT */
/*
 * The way out: one CONNECT. Whether it is let through is for rdv-egress to say,
 * by the address that it dials; its sentence is told on as it is.
 */
#include "push/proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/egress.h"
#include "push/answer.h"

#define SAID_MAX 2048

__attribute__((format(printf, 4, 5))) static int
fail(int fd, char *why, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(why, size, format, ap);
	va_end(ap);
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static bool
put(int fd, const char *p, size_t n)
{
	ssize_t some;

	while (n > 0) {
		some = send(fd, p, n, MSG_NOSIGNAL);
		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			return false;
		p += some;
		n -= (size_t)some;
	}
	return true;
}

/*
 * All that it says, up to the end of a head, which what follows of the tunnel
 * must not be taken with, or of a refusal, up to its end.
 */
static size_t
hear(int fd, char *said, bool to_end)
{
	size_t n = strlen(said);
	ssize_t some = 1;

	while (n + 1 < SAID_MAX && some > 0 &&
	       (to_end || answer_head(said, n) == 0)) {
		some = recv(fd, said + n, to_end ? SAID_MAX - 1 - n : 1, 0);
		if (some > 0)
			n += (size_t)some;
	}
	said[n] = '\0';
	return n;
}

/* "rdv: a sentence\n", as rdv-egress says it. */
static int
refused(int fd, char *said, char *why, size_t size)
{
	const size_t n = hear(fd, said, true), head = answer_head(said, n);
	char *text = said + (head > 0 ? head : n);

	text[strcspn(text, "\r\n")] = '\0';
	if (strncmp(text, "rdv: ", 5) == 0)
		text += 5;
	return fail(fd, why, size, "%s",
	    *text != '\0' ? text : "the proxy is gone");
}

int
proxy_connect(const char *host, const char *port, char *why, size_t size)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons(EGRESS_PORT),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char said[SAID_MAX];
	struct answer a;
	size_t head;
	int n;

	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return fail(fd, why, size, "no proxy: %s", strerror(errno));
	n = snprintf(said, sizeof(said),
	    "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", host, port, host,
	    port);
	if (n < 0 || (size_t)n >= sizeof(said) || !put(fd, said, (size_t)n))
		return fail(fd, why, size, "the proxy takes nothing");
	said[0] = '\0';
	head = hear(fd, said, false);
	if (answer_head(said, head) == 0 || !answer_parse(said, head, &a) ||
	    a.status != 200)
		return refused(fd, said, why, size);
	return fd;
}
