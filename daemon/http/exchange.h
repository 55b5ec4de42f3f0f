/* SPDX-License-Identifier: MIT */
#ifndef RDV_EXCHANGE_H
#define RDV_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn_ops;
struct http_conn;
struct http_server;
struct request;

enum exchange_state {
	EXCHANGE_HEAD, /* between requests, or within a head */
	EXCHANGE_BODY,
	EXCHANGE_WAIT, /* for the handler's answer */
	EXCHANGE_LEFT, /* the connection belongs to an upgrade */
	EXCHANGE_OVER  /* refused or closing: input means nothing any more */
};

/* The user of a connection that speaks HTTP: one request at a time. */
struct exchange {
	struct http_conn *conn;
	struct http_server *server;
	struct request *req;
	enum exchange_state state;
	size_t seen; /* bytes of an incomplete head already looked at */
	int64_t since_ms;
};

void exchange_start(struct http_conn *c);
/* The request has its answer; the next one may come, unless `close`. */
void exchange_answered(struct exchange *x, bool close);
/* Leaves the connection to an upgrade; `x` is gone when the turn ends. */
void exchange_leave(struct exchange *x, const struct conn_ops *ops, void *user);

#endif
