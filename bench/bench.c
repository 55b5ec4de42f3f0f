/* SPDX-License-Identifier: MIT */
/*
 * The few calls every measuring program needs. They must cost the same for
 * rdv and for its peers, so both sides of each comparison go through them.
 */
#include "bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

_Noreturn void
bench_die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

int64_t
bench_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

long
bench_num(const char *text)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || v < 0) {
		errno = EINVAL;
		bench_die(text);
	}
	return v;
}

static void
address(struct sockaddr_un *sa, const char *path)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(sa->sun_path)) {
		errno = ENAMETOOLONG;
		bench_die(path);
	}
	memcpy(sa->sun_path, path, strlen(path));
}

int
bench_connect(const char *path)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address(&sa, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0)
		bench_die(path);
	return fd;
}

int
bench_listen(const char *path)
{
	struct sockaddr_un sa;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address(&sa, path);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    listen(fd, 1024) != 0)
		bench_die(path);
	return fd;
}

int
bench_try_write(int fd, const void *p, size_t len)
{
	const char *s = p;
	ssize_t n;

	while (len > 0) {
		n = write(fd, s, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		s += n;
		len -= (size_t)n;
	}
	return 1;
}

void
bench_write_all(int fd, const void *p, size_t len)
{
	if (!bench_try_write(fd, p, len))
		bench_die("write");
}

void
bench_ws_open(int fd, const char *target, const char *headers)
{
	char buf[4096];
	size_t have = 0;

	snprintf(buf, sizeof(buf),
	    "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
	    target, headers);
	bench_write_all(fd, buf, strlen(buf));
	/* Byte by byte: what follows the head belongs to the frames. */
	while (have < 4 || memcmp(buf + have - 4, "\r\n\r\n", 4) != 0) {
		if (have == sizeof(buf) || read(fd, buf + have, 1) != 1)
			bench_die("upgrade");
		have++;
	}
	if (memcmp(buf, "HTTP/1.1 101", 12) != 0) {
		fprintf(stderr, "%.*s\n", (int)have, buf);
		errno = EPROTO;
		bench_die("upgrade refused");
	}
}

void
bench_ws_send(int fd, int binary, const void *p, size_t len)
{
	uint8_t frame[8 + 65536];
	size_t h = 2;

	frame[0] = binary ? 0x82 : 0x81;
	if (len < 126) {
		frame[1] = (uint8_t)(0x80 | len);
	} else {
		frame[1] = 0x80 | 126;
		frame[2] = (uint8_t)(len >> 8);
		frame[3] = (uint8_t)len;
		h = 4;
	}
	/* A zero mask is a valid mask and leaves the bytes as they are. */
	memset(frame + h, 0, 4);
	h += 4;
	memcpy(frame + h, p, len);
	bench_write_all(fd, frame, h + len);
}

void
bench_ws_pong(int fd)
{
	static const uint8_t frame[] = { 0x8a, 0x80, 0, 0, 0, 0 };

	bench_write_all(fd, frame, sizeof(frame));
}

static int
by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int64_t
bench_quantile(int64_t *v, size_t n, double q)
{
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), by_value);
	return v[(size_t)((double)(n - 1) * q)];
}

int
bench_pty(char *const argv[], int raw, int *pid)
{
	struct termios tio;
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	int master;

	*pid = forkpty(&master, NULL, NULL, &ws);
	if (*pid < 0)
		bench_die("forkpty");
	if (*pid == 0) {
		if (raw && tcgetattr(0, &tio) == 0) {
			cfmakeraw(&tio);
			(void)tcsetattr(0, TCSANOW, &tio);
		}
		execv(argv[0], argv);
		_exit(127);
	}
	(void)fcntl(master, F_SETFD, FD_CLOEXEC);
	return master;
}

/* Bytes a frame header needs once its first two are known. */
static unsigned
header_need(const uint8_t *h)
{
	const unsigned n = h[1] & 0x7f;

	return n == 126 ? 4 : n == 127 ? 10 : 2;
}

static void
header_done(struct ws_count *c)
{
	unsigned i;

	c->left = c->head[1] & 0x7f;
	if (c->need > 2)
		for (c->left = 0, i = 2; i < c->need; i++)
			c->left = c->left << 8 | c->head[i];
	c->opcode = c->head[0] & 0x0f;
	c->pings += c->opcode == 9;
	if (c->opcode != 0)
		c->skipped = c->skip;
	c->hlen = 0;
}

/* Data bytes among the next `n` of the current frame. */
static uint64_t
counted(struct ws_count *c, const uint8_t *p, uint64_t n)
{
	uint64_t s;

	if (c->opcode >= 8 || (c->skip != 0 && c->opcode == 1))
		return 0;
	if (c->only != 0 && c->skipped == c->skip)
		c->other = *p != c->only;
	s = n < c->skipped ? n : c->skipped;
	c->skipped -= s;
	return c->other ? 0 : n - s;
}

uint64_t
ws_count_feed(struct ws_count *c, const uint8_t *p, size_t len)
{
	uint64_t n, sum = 0;

	while (len > 0) {
		if (c->left > 0) {
			n = len < c->left ? len : c->left;
			sum += counted(c, p, n);
			c->left -= n;
			p += n;
			len -= n;
			continue;
		}
		c->head[c->hlen++] = *p++;
		len--;
		if (c->hlen == 2)
			c->need = header_need(c->head);
		if (c->hlen >= 2 && c->hlen == c->need)
			header_done(c);
	}
	return sum;
}
