/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORD_H
#define RDV_WORD_H

#include <stdint.h>

/* Text judged eight bytes at a time; nearly all of it is plain. */
#define WORD_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Not zero when one of the bytes is no ASCII. */
static inline uint64_t
word_wide(uint64_t w)
{
	return w & WORD_EACH(0x80);
}

/*
 * Not zero when one of the bytes is no ASCII, a control byte but DEL, '"' or
 * '\'. Taking away 0x20, or 1 of what is 0 where such a byte stands, sets the
 * top bit of the lowest of them; what that borrows from those above it changes
 * nothing any more.
 */
static inline uint64_t
word_odd(uint64_t w)
{
	return word_wide(w | (w - WORD_EACH(0x20)) |
			 ((w ^ WORD_EACH('"')) - WORD_EACH(1)) |
			 ((w ^ WORD_EACH('\\')) - WORD_EACH(1)));
}

#endif
