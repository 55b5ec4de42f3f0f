/* SPDX-License-Identifier: MIT */
#ifndef RDV_UTF8_H
#define RDV_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Output as JSON text. How many of `len` bytes to give now, so that no
 * character is cut: with `last` all of them.
 */
size_t utf8_whole(const uint8_t *p, size_t len, bool last);
/*
 * Appends the bytes as the inside of a JSON string: what is not UTF-8 becomes
 * U+FFFD, one for each maximal part (Unicode chapter 3, D93b).
 */
void utf8_put_json(struct buf *b, const uint8_t *p, size_t len);
/*
 * One character from the front: its length and value, or the length of the
 * part that is none and U+FFFD.
 */
size_t utf8_next(const uint8_t *p, size_t len, uint32_t *ch);
/* Appends one character. */
void utf8_put(struct buf *b, uint32_t ch);

#endif
