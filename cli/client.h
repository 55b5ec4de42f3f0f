/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLIENT_H
#define RDV_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/http.h"
#include "lib/buf.h"

struct loopback;

/*
 * Requests to rdvd over its Unix socket, or by the page's door on this host,
 * one connection each, with deadlines. A request whose connection breaks before
 * the answer is sent once more when that cannot do anything twice: a GET, or a
 * POST, which always carries an Idempotency-Key. So a restart of rdvd is a
 * pause and not an error.
 */
struct client_request {
	const char *socket;	     /* path */
	const struct loopback *page; /* instead, as a page of it; or NULL */
	char *token; /* NULL: none is shown; wiped once a sink is given any */
	const char *method;
	const char *target; /* path and query */
	const char *accept; /* NULL: application/json */
	const char *body;   /* JSON text, or NULL */
	int64_t timeout_ms; /* for the whole answer; of a stream: of silence */
	http_body_fn *sink; /* takes the body of a 200; NULL: it is kept */
	void *arg;
};

struct client_reply {
	int status;
	struct buf body;
	int64_t retry_after; /* seconds, 0: not said */
	bool stopped;	     /* the sink had enough */
};

/*
 * 0 when there is an answer, whatever its status; RDV_E_UNAVAILABLE or
 * RDV_E_DENIED as sock_open(); RDV_E_TIMEOUT; RDV_E_MALFORMED: no HTTP came, or
 * the connection broke. Each with a sentence in `why`. The reply must be given
 * to client_reply_done() in any case.
 */
int client_do(const struct client_request *rq, struct client_reply *reply,
    char *why, size_t whysize);
void client_reply_done(struct client_reply *reply);

#endif
