/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSH_TLS_H
#define RDV_PUSH_TLS_H

#include <stddef.h>

struct tls_to {
	const char *host;    /* whose certificate it has to be */
	const char *ca_file; /* who may vouch for it, as PEM */
};

/*
 * Sends `req` over TLS on `fd`, which it closes, and reads up to the end of the
 * answer's head, or `size` bytes. How many, or -1 with a sentence in `why`.
 */
long tls_exchange(int fd, const struct tls_to *to, const void *req, size_t len,
    char *head, size_t size, char *why, size_t whysize);

#endif
