/* SPDX-License-Identifier: MIT */
#ifndef RDV_SHA256_H
#define RDV_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN  32
#define SHA256_TEXT 65 /* in hexadecimal, and a NUL */

/* FIPS 180-4. Keeps nothing of what it was given. */
void sha256(const void *p, size_t len, uint8_t out[SHA256_LEN]);

#endif
