/* SPDX-License-Identifier: MIT */
#ifndef RDV_STREAM_H
#define RDV_STREAM_H

#include <stddef.h>
#include <stdint.h>

struct http_req;
struct stream;

/*
 * A response without end: server-sent events (text/event-stream), NDJSON, or
 * bytes of another type. `closed` is the last callback. A heartbeat (": \n\n"
 * for SSE, "\n" for NDJSON, none among bytes) goes out after 15 s of silence. A
 * peer that takes nothing for 30 s while bytes are queued is closed.
 */
struct stream_ops {
	void (*drained)(struct stream *s, void *arg); /* queue is empty */
	void (*closed)(struct stream *s, void *arg);
};

/*
 * Answers 200 with chunked coding; `r` is gone afterwards. NULL, and no
 * callback ever, when the client has left (r->conn is NULL).
 */
struct stream *stream_open(struct http_req *r, const char *type,
    const struct stream_ops *ops, void *arg);
void stream_write(struct stream *s, const void *p, size_t len);
size_t stream_queued(const struct stream *s);
/* Ends the response cleanly; `closed` follows. */
void stream_close(struct stream *s);
/* Ends it in the middle, so that its reader sees that something is missing. */
void stream_break(struct stream *s);

#endif
