/* SPDX-License-Identifier: MIT */
#ifndef RDV_BENCH_H
#define RDV_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* What the measuring programs share; they measure, so they die on any error. */

_Noreturn void bench_die(const char *what);
int64_t bench_ns(void);
/* Connects to a Unix stream socket. */
int bench_connect(const char *path);
/* A listening Unix stream socket, replacing what stood at `path`. */
int bench_listen(const char *path);
void bench_write_all(int fd, const void *p, size_t len);
/* The same, but 0 instead of death when the reader is gone. */
int bench_try_write(int fd, const void *p, size_t len);
/*
 * Sends a WebSocket upgrade for `target` with `headers` ("Name: value\r\n"...)
 * and reads up to the end of the 101 head; bytes after it stay unread.
 */
void bench_ws_open(int fd, const char *target, const char *headers);
/* One masked text or binary frame of at most 65535 bytes. */
void bench_ws_send(int fd, int binary, const void *p, size_t len);
/* Says that we are alive, to who asks. */
void bench_ws_pong(int fd);
/* The value at quantile `q` of `n` samples; sorts them. */
int64_t bench_quantile(int64_t *v, size_t n, double q);
/* A pty running `argv`, raw and without echo when `raw`; master and pid. */
int bench_pty(char *const argv[], int raw, int *pid);
long bench_num(const char *text);

/*
 * Payload bytes of a WebSocket stream without keeping it: feed what was read,
 * get the data bytes of finished and partial data frames. `skip` bytes at the
 * start of each message (rdv.v1's offset) do not count, text frames neither
 * when `skip` is not zero, nor, when `only` is not zero either, messages that
 * begin with another byte.
 */
struct ws_count {
	unsigned skip;
	uint8_t only;
	int other; /* than those that `only` tells */
	unsigned hlen, need;
	uint8_t head[14];
	uint64_t left, skipped;
	int opcode;
	unsigned pings; /* seen so far */
};
uint64_t ws_count_feed(struct ws_count *c, const uint8_t *p, size_t len);

#endif
