/* SPDX-License-Identifier: MIT */
#ifndef RDV_WIRE_H
#define RDV_WIRE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/*
 * A message as a table of fields, walked by the encoder and by the decoder.
 * `max` is the largest value of a u8, the size of bytes, the longest text or
 * heap string, the longest list. A NULL kind ends the table.
 */
struct wire_field {
	const struct wire_kind *kind;
	size_t at; /* offset of the member */
	size_t max;
	size_t count; /* of a list: offset of its `unsigned` length */
};

extern const struct wire_kind wire_u8;	  /* uint8_t */
extern const struct wire_kind wire_u16;	  /* uint16_t */
extern const struct wire_kind wire_u32;	  /* uint32_t, int32_t */
extern const struct wire_kind wire_u64;	  /* uint64_t, int64_t */
extern const struct wire_kind wire_bytes; /* uint8_t[max] */
extern const struct wire_kind wire_text;  /* char[max + 1] */
extern const struct wire_kind wire_heap;  /* char *, xmalloc'ed */
extern const struct wire_kind wire_list;  /* char **, NULL-terminated */

/* Appends the fields; b->failed when one is out of its bounds. */
void wire_put(struct buf *b, const struct wire_field *f, const void *m);
/*
 * Fills `m` of `size` bytes. False unless all fields were in bounds and the
 * last byte was consumed; `m` is all zero then.
 */
bool wire_get(struct buf *b, const struct wire_field *f, void *m, size_t size);
/* The same, and more may follow in `b`. */
bool
wire_get_next(struct buf *b, const struct wire_field *f, void *m, size_t size);
/* Frees what wire_get() allocated and zeroes those members. */
void wire_drop(const struct wire_field *f, void *m);

#endif
