/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_WS_H
#define RDV_CLI_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The client's end of a WebSocket on a connected, non-blocking descriptor:
 * upgrade request, then messages. Never blocks: the owner polls for
 * ws_events() and calls ws_turn().
 */
struct ws;

struct ws_ops {
	void (*open)(void *arg);
	void (*text)(const char *p, size_t len, void *arg);
	void (*binary)(const uint8_t *p, size_t len, void *arg);
};

struct ws_conf {
	int fd; /* taken over */
	const char *target;
	const char *token; /* NULL: none is shown */
	const char *page;  /* "HOST:PORT" of the page it is for; NULL: none */
	const char *subprotocol;
	const struct ws_ops *ops;
	void *arg;
};

/* NULL when the request could not be sent at once; the fd is closed then. */
struct ws *ws_new(const struct ws_conf *conf);
void ws_free(struct ws *ws);
int ws_fd(const struct ws *ws);
/* Events to poll for; without `reading` the peer is made to wait. */
short ws_events(const struct ws *ws, bool reading);
/*
 * Does what can be done now; takes at most some 256 KiB, so that a flood does
 * not keep its owner from the keyboard. 0, or RDV_E_UNAVAILABLE when the
 * connection is over: ws_code() and ws_refusal() tell how.
 */
int ws_turn(struct ws *ws, short revents);
bool ws_is_open(const struct ws *ws);
void ws_send_text(struct ws *ws, const char *p, size_t len);
void ws_send_binary(struct ws *ws, const void *p, size_t len);
size_t ws_queued(const struct ws *ws);
/* Asks the peer to end; ws_turn() tells when it has. */
void ws_close(struct ws *ws, unsigned code);
/* The peer's close code, or 1006 when there was none. */
unsigned ws_code(const struct ws *ws);
/* HTTP status and body of a refused upgrade; 0 and "" otherwise. */
int ws_refusal(struct ws *ws, const char **body, size_t *len);

#endif
