/* SPDX-License-Identifier: MIT */
#ifndef RDV_GATE_H
#define RDV_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/http/http.h"

/* Why a request is refused before anybody else sees it. */
enum gate_why {
	GATE_OK,
	GATE_BYTE, /* control byte, bare CR or bare LF */
	GATE_LINE, /* not "METHOD target HTTP/x.y" */
	GATE_METHOD,
	GATE_TARGET,
	GATE_VERSION,
	GATE_LINE_LONG,
	GATE_HEAD_LONG,
	GATE_MANY, /* header lines */
	GATE_FOLD, /* continuation line */
	GATE_NAME, /* not a token, or a blank before the colon */
	GATE_HOST_NONE,
	GATE_HOST_TWO,
	GATE_HOST,   /* grammar, or not the authority of the target */
	GATE_LENGTH, /* not a number, or twice */
	GATE_CODING, /* a Transfer-Encoding other than chunked */
	GATE_BOTH,   /* Content-Length and Transfer-Encoding */
	GATE_BODY_LONG,
	GATE_CHUNK, /* see chunk.h */
	GATE_EXPECT,
	GATE_UPGRADE, /* to anything but a well-formed WebSocket */
	GATE_WS_VERSION,
	GATE_HEAD_SLOW,
	GATE_BODY_SLOW,
	GATE_PEER,  /* another account */
	GATE_CONNS, /* too many connections */
	GATE_DRAIN, /* the server is going down */
	GATE_MAX
};

struct gate_row {
	int status;
	const char *code;
	const char *sentence; /* needs no escaping in JSON */
	const char *field;    /* one more header line, or NULL */
};

const struct gate_row *gate_row(enum gate_why why);

/*
 * Looks at bytes [*seen, len) of a head that may not be whole yet. Refuses as
 * early as possible; sets *end to the length of the head once it is complete.
 */
enum gate_why gate_scan(const char *p, size_t len, size_t *seen, size_t *end,
    const struct http_limits *lim);

/* What the gate saw; parse.c must come to the same result by itself. */
struct gate_head {
	enum http_method method;
	const char *target;
	size_t target_len;
	const char *host;
	size_t host_len;
	unsigned nheaders;
	bool chunked;
	bool has_length;
	uint64_t length;
};

/* Judges a complete head that gate_scan() passed. Pure. */
enum gate_why gate_head(const char *head, size_t len,
    const struct http_limits *lim, struct gate_head *out);

#endif
