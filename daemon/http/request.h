/* SPDX-License-Identifier: MIT */
#ifndef RDV_REQUEST_H
#define RDV_REQUEST_H

#include <stdbool.h>
#include <sys/queue.h>

#include "daemon/http/http.h"
#include "lib/buf.h"

struct exchange;
struct http_server;
struct parse;

/*
 * A request from its first header to its reply. It outlives its connection:
 * whoever answers it later still finds it whole.
 */
struct request {
	struct http_req r; /* first: handlers hold a pointer to this */
	LIST_ENTRY(request) entry;
	struct http_server *server; /* NULL once that is freed */
	struct exchange *exchange;  /* NULL once the client is gone */
	struct parse *parse;
	struct buf body;
	bool close; /* no request after this one */
	bool waits; /* for "100 Continue" before it sends the body */
};

struct request *request_new(struct http_server *s);
void request_free(struct request *q);
/* A new id for a log line or an error body: unique, not a secret. */
void request_id(struct http_server *s, char out[37]);

#endif
