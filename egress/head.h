/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_HEAD_H
#define RDV_EGRESS_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egress/judge.h"

#define HEAD_MAX 8192

/* How long the body of a request is; see egress/body.h. */
enum body_kind { BODY_NONE, BODY_LENGTH, BODY_CHUNKED };

/* A request to a proxy: "CONNECT HOST:PORT", or one for http://HOST/... */
struct head {
	bool connect;
	char shown[264]; /* HOST:PORT as it was asked for */
	struct target target;
	enum body_kind body;
	uint64_t length;
	/* Of what is no CONNECT: the head that the host is to get. */
	char out[HEAD_MAX + 512];
	size_t outlen;
};

/*
 * Parses what a connection begins with; pure. The bytes that the head takes; 0
 * when more are to come; or minus a status of HTTP with a sentence in *why.
 * Strict: what another parser could take for something else is refused
 * (RFC 9112).
 */
int head_parse(const char *p, size_t len, struct head *h, const char **why);

#endif
