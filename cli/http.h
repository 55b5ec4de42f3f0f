/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_HTTP_H
#define RDV_CLI_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One HTTP/1.1 response, read piece by piece. The only file of the CLI that
 * sees the parser library.
 */
struct http;

/* Pieces of the body as they come; false ends the reading. */
typedef bool http_body_fn(const char *p, size_t len, void *arg);

struct http *http_new(http_body_fn *body, void *arg);
void http_free(struct http *h);
/*
 * Takes `len` bytes, 0 meaning end of file; `used` tells how many belonged to
 * the response (after a 101 the rest is the other protocol's). 0: more is
 * needed. RDV_E_EXISTS: complete. RDV_E_MALFORMED: no HTTP, or cut short.
 * RDV_E_STATE: the body function said stop.
 */
int http_feed(struct http *h, const char *p, size_t len, size_t *used);
/* 0 until the header is complete. */
int http_status(const struct http *h);
/* Value of one of the headers we look at (http.c), or "". */
const char *http_header(const struct http *h, const char *name);

/* Appends text to a path or query with everything but unreserved as %XX. */
struct buf;
void http_put_escaped(struct buf *b, const char *text);

#endif
