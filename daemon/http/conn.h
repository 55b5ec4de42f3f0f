/* SPDX-License-Identifier: MIT */
#ifndef RDV_CONN_H
#define RDV_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "lib/buf.h"

struct evbuffer;
struct http_server;
struct iovec;
struct loop_watch;
struct peer;

/*
 * A connection as bytes. Whoever speaks over it, HTTP, a WebSocket or a stream,
 * is its user and gets these calls; none of them finds the connection freed.
 */
struct conn_ops {
	/*
	 * Returns how many bytes it took. The rest is offered again with what
	 * comes later, or after conn_kick().
	 */
	size_t (*input)(void *user, const char *p, size_t len);
	/*
	 * The peer sends no more. True: something is still to be answered;
	 * NULL means never.
	 */
	bool (*eof)(void *user);
	/* The kernel took output. */
	void (*moved)(void *user);
	/* About once a second. */
	void (*tick)(void *user, int64_t now_ms);
	/* The server is going down; may be NULL. */
	void (*drain)(void *user);
	/* The last call. */
	void (*gone)(void *user);
};

struct http_conn {
	TAILQ_ENTRY(http_conn) entry;
	struct http_server *server;
	const struct conn_ops *ops; /* NULL after gone() */
	void *user;
	struct peer *peer;
	uid_t person; /* as http_req has it */
	pid_t pid;
	uint64_t id;
	int fd;
	struct loop_watch *rd, *wr; /* wr: made when first needed */
	struct evbuffer *out;
	struct buf in;	   /* read and not yet taken */
	int64_t moved_ms;  /* when the kernel last took a byte */
	int64_t linger_ms; /* deadline while closing politely, or 0 */
	int64_t left_ms;   /* found gone while nothing was read, or 0 */
	size_t lingered;   /* bytes thrown away meanwhile */
	bool kicked, reading, writing;
	bool known;  /* one of its requests had a credential that counts */
	bool held;   /* the user does not want input */
	bool eof;    /* the peer sends no more */
	bool ending; /* close when all output is gone */
	bool dead;   /* to be freed by the loop */
};

/* Takes over `fd`; the peer's count is already raised. */
struct http_conn *
conn_new(struct http_server *s, int fd, struct peer *peer, pid_t pid);
/* From the server alone, which ends; calls gone(). */
void conn_free(struct http_conn *c);
/* Changes the user; the old one gets no further call, not even gone(). */
void
conn_take_over(struct http_conn *c, const struct conn_ops *ops, void *user);
/* Queues bytes; they leave together when the current callbacks are done. */
void conn_write(struct http_conn *c, const void *p, size_t len);
/*
 * The same for pieces that belong together. With nothing in front of them they
 * go to the kernel at once, and only what that does not take is copied.
 */
void conn_write_pieces(struct http_conn *c, struct iovec *piece, unsigned n);
/*
 * The same for a whole message: with nothing in front of it, the first one of a
 * turn goes to the kernel at once, and only what that does not take is queued.
 */
void conn_send(struct http_conn *c, const void *p, size_t len);
size_t conn_queued(const struct http_conn *c);
/* How long the kernel has taken nothing while bytes were queued, else 0. */
int64_t conn_stalled_ms(const struct http_conn *c, int64_t now_ms);
/* Stops and starts reading. */
void conn_hold(struct http_conn *c, bool on);
/* Offers input that was left, after the current callbacks are done. */
void conn_kick(struct http_conn *c);
/* gone() and an orderly close once all output has left. */
void conn_end(struct http_conn *c);
/* gone() and the end at once, output or not. */
void conn_drop(struct http_conn *c);
void conn_tick(struct http_conn *c, int64_t now_ms);

#endif
