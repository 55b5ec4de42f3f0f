/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSH_ANSWER_H
#define RDV_PUSH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What of an answer decides anything; nothing else of it is looked at. */
struct answer {
	int status;	  /* 200..599 */
	uint32_t retry_s; /* Retry-After in seconds; 0: not said so */
};

/* Bytes up to the empty line behind a head with it, or 0: not there yet. */
size_t answer_head(const char *p, size_t n);
/* A whole head; false when it is none of HTTP/1. */
bool answer_parse(const char *p, size_t n, struct answer *out);

#endif
