/* SPDX-License-Identifier: MIT */
#ifndef RDV_DIGEST_H
#define RDV_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_LEN  32
#define DIGEST_TEXT (2 * DIGEST_LEN + 1)

/* SHA-256 of `len` bytes. */
void digest_of(const void *p, size_t len, uint8_t out[DIGEST_LEN]);
/*
 * The same over several pieces, each with its length in front: never the same
 * for ("ab", "c") and ("a", "bc"). The last pointer is NULL.
 */
void digest_texts(char out[DIGEST_TEXT], const char *const *texts,
    const void *tail, size_t taillen);

#endif
