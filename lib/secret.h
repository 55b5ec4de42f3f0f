/* SPDX-License-Identifier: MIT */
#ifndef RDV_SECRET_H
#define RDV_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT 37 /* 36 characters and a NUL */

/* Wipes and frees; NULL is fine. */
void secret_free(void *p, size_t len);
void secret_wipe(void *p, size_t len);
/* Time depends on `len` only. */
bool secret_equal(const void *a, const void *b, size_t len);
/* Kernel randomness (getrandom(2)); dies when there is none. */
void secret_random(void *p, size_t len);
/* UUIDv7 (RFC 9562 section 5.7), monotonic within this process. */
void uuid_v7(char out[UUID_TEXT]);
/* Any UUID in canonical lower-case text form. */
bool uuid_valid(const char *s);

#endif
