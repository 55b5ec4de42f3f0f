/* SPDX-License-Identifier: MIT */
#ifndef RDV_BUF_H
#define RDV_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Bytes with a hard maximum. Puts fail softly: the first one that would pass
 * the maximum sets `failed`, and so does every later one, so a caller builds a
 * whole message and checks buf_ok() once. Gets consume from the front or fail
 * the same way; buf_end() is true when all was consumed and nothing failed.
 */
struct buf {
	uint8_t *data;
	size_t len; /* bytes held */
	size_t off; /* bytes already consumed by gets */
	size_t cap;
	size_t max;
	bool failed;
	bool secret; /* wiped when freed or grown */
	bool fixed;  /* data belongs to somebody else; read only */
};

void buf_init(struct buf *b, size_t max);
void buf_init_secret(struct buf *b, size_t max);
/* For reading `len` bytes at `p`, which must outlive the buf. */
void buf_wrap(struct buf *b, const void *p, size_t len);
void buf_done(struct buf *b);
void buf_reset(struct buf *b);
bool buf_ok(const struct buf *b);
bool buf_end(const struct buf *b);
size_t buf_left(const struct buf *b);

/* Makes room for `len` bytes to come, so that they need no growing. */
void buf_reserve(struct buf *b, size_t len);
void buf_put(struct buf *b, const void *p, size_t len);
void buf_put_u8(struct buf *b, uint8_t v);
/* All integers little endian on the wire of privproto. */
void buf_put_u16(struct buf *b, uint16_t v);
void buf_put_u32(struct buf *b, uint32_t v);
void buf_put_u64(struct buf *b, uint64_t v);
/* u16 length, then the bytes, no NUL. Longer than 65535 fails. */
void buf_put_str(struct buf *b, const char *s);
void buf_put_text(struct buf *b, const char *s); /* bytes of s, no length */
void buf_put_dec(struct buf *b, int64_t v);	 /* as text */
/* Appends `len` bytes for the caller to write; NULL when they are too many. */
uint8_t *buf_room(struct buf *b, size_t len);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* NUL-terminates without counting it; "" when failed or empty. */
const char *buf_cstr(struct buf *b);

bool buf_get(struct buf *b, void *p, size_t len);
bool buf_get_u8(struct buf *b, uint8_t *v);
bool buf_get_u16(struct buf *b, uint16_t *v);
bool buf_get_u32(struct buf *b, uint32_t *v);
bool buf_get_u64(struct buf *b, uint64_t *v);
/*
 * A string of at most `max` bytes without NUL inside, copied into `out` of
 * `max + 1` bytes and terminated.
 */
bool buf_get_str(struct buf *b, char *out, size_t max);
/* The same, returning an xmalloc'ed copy, or NULL on failure. */
char *buf_get_strdup(struct buf *b, size_t max);

#endif
