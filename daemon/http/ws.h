/* SPDX-License-Identifier: MIT */
#ifndef RDV_WS_H
#define RDV_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_req;
struct ws;

/*
 * A WebSocket (RFC 6455) by libwslay over the connection of a request. The
 * callbacks may send and close; `closed` is the last one and after it `ws` is
 * gone. Pings are answered and sent (every 20 s, closed after two missed)
 * inside. Messages larger than `max` end the connection with 1009.
 */
struct ws_ops {
	void (*message)(struct ws *ws, bool text, const uint8_t *p, size_t len,
	    void *arg);
	/* Output queue fell below half of `low` bytes: time to send more. */
	void (*drained)(struct ws *ws, void *arg);
	void (*closed)(struct ws *ws, unsigned code, void *arg);
};

struct ws_conf {
	const char *subprotocol; /* chosen from the offer, or NULL */
	size_t max;
	size_t low;
};

/*
 * Answers 101 and takes the connection over; `r` is gone afterwards. NULL, and
 * no callback ever, when the client has left (r->conn is NULL), which cannot be
 * before the dispatcher has returned once.
 */
struct ws *ws_accept(struct http_req *r, const struct ws_conf *conf,
    const struct ws_ops *ops, void *arg);
/* True when Sec-WebSocket-Protocol offers `name`. */
bool ws_offers(const struct http_req *r, const char *name);

void ws_text(struct ws *ws, const char *s, size_t len);
/* Two pieces become one binary message: header and payload. */
void ws_binary(struct ws *ws, const void *head, size_t headlen,
    const void *payload, size_t len);
/* Bytes not yet taken by the kernel. */
size_t ws_queued(const struct ws *ws);
/* Milliseconds since the kernel last took a byte while some were queued. */
int64_t ws_stalled_ms(const struct ws *ws);
/*
 * Sends a close frame; `closed` follows when the peer answers or in 5 s, with
 * this code. Nothing is received or sent any more.
 */
void ws_close(struct ws *ws, unsigned code, const char *reason);
/* Stops reading from the peer: back-pressure for input. */
void ws_pause(struct ws *ws, bool on);

#endif
