/* SPDX-License-Identifier: MIT */
/*
 * In rdvd's place: hands everything [main] gave it, descriptors, arguments and
 * environment, to the test that listens on BASE/relay.sock, and then lives
 * until told what to exit with. So the test itself speaks as the daemon. In
 * system mode descriptor 3 is all there is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

extern char **environ;

static int
dial(const char *base)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/relay.sock", base);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		_exit(99);
	return fd;
}

/* "pid\n", a line per argument, one of descriptors, one per variable. */
static size_t
describe(char *out, size_t size, char **argv)
{
	size_t n = (size_t)snprintf(out, size, "%d\n", getpid());
	char **p;
	int fd;

	for (p = argv; *p != NULL && n < size; p++)
		n += (size_t)snprintf(out + n, size - n, "%s\n", *p);
	n += (size_t)snprintf(out + n, size - n, "fds");
	for (fd = 0; fd < 1024 && n < size; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			n += (size_t)snprintf(out + n, size - n, " %d", fd);
	n += (size_t)snprintf(out + n, size - n, "\n");
	for (p = environ; *p != NULL && n < size; p++)
		n += (size_t)snprintf(out + n, size - n, "env %s\n", *p);
	return n < size ? n : size;
}

static void
hand_over(int relay, char *text, size_t len, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { text, len };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(nfds * sizeof(int)) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	if (sendmsg(relay, &msg, 0) < 0)
		_exit(99);
}

int
main(int argc, char **argv)
{
	const int fds[] = { 3, 4, 5 };
	const size_t nfds = fcntl(4, F_GETFD) < 0 ? 1 : 3;
	unsigned char status = 1;
	char text[8192];
	size_t len;
	int relay, i;

	if (argc < 3 || strcmp(argv[1], "--base") != 0)
		return 99;
	/* Before there are descriptors of our own. */
	len = describe(text, sizeof(text), argv);
	relay = dial(argv[2]);
	hand_over(relay, text, len, fds, nfds);
	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--ready-fd") == 0)
			(void)!write(6, "ready", 5);
	for (i = 0; i < (int)nfds; i++)
		(void)close(fds[i]);
	if (read(relay, &status, 1) != 1)
		return 1;
	return status;
}
