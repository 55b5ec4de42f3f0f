/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_CELL_H
#define RDV_EMU_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Cells have the bits of those of xterm.js (src/common/buffer/Constants.ts), so
 * that both can be compared.
 */
#define CELL_CODE     0x1fffffu /* code point, or an id of `marked` */
#define CELL_MARKED   0x200000u /* a character with combining marks */
#define CELL_CONTENT  0x3fffffu
#define CELL_WIDTH(n) ((uint32_t)(n) << 22)
#define CELL_COLOUR   0x3ffffffu /* of fg and bg: kind and value */
#define COLOUR_16     0x1000000u
#define COLOUR_256    0x2000000u
#define COLOUR_RGB    0x3000000u
#define FG_INVERSE    0x4000000u
#define FG_BOLD	      0x8000000u
#define FG_UNDERLINE  0x10000000u
#define FG_BLINK      0x20000000u
#define FG_INVISIBLE  0x40000000u
#define FG_STRIKE     0x80000000u
#define BG_ITALIC     0x4000000u
#define BG_DIM	      0x8000000u
#define BG_EXTENDED   0x10000000u /* `ext` says more */
#define BG_PROTECTED  0x20000000u
#define BG_OVERLINE   0x40000000u

struct cell {
	uint32_t ch;
	uint32_t fg, bg;
	uint32_t ext; /* id of `exts`, 0 without BG_EXTENDED */
};

#define EMU_MARKS 15 /* on one character at most */

/* Underline and link: rare, so a cell has only their number. */
struct ext {
	uint32_t style, colour, link; /* link: id of `links` */
};

/*
 * Cells from `used` on are as if nothing was ever written to them. Most of a
 * line is: they are neither looked at nor, above the screen, there.
 */
struct line {
	unsigned len; /* columns */
	unsigned used;
	unsigned room; /* cells there are */
	bool wrapped;  /* goes on from the line above */
	struct cell cell[];
};

/* Cells before `end` may have been written to. */
static inline void
line_use(struct line *l, unsigned end)
{
	if (l->used < end)
		l->used = end;
}

/* A cursor that can be taken back. */
struct saved {
	unsigned x;
	long y; /* moves up with the lines, as in xterm.js */
	uint32_t fg, bg;
	uint8_t charset;
	bool is_set;
};

/* Byte strings with small numbers from 1 on. */
struct intern {
	uint8_t *bytes;
	size_t len, max;
	uint32_t *at;	/* id - 1: where its string begins */
	uint32_t *slot; /* open addressing, ids */
	uint32_t n, n_max;
};
void intern_init(struct intern *t, uint32_t n_max, size_t bytes_max);
void intern_done(struct intern *t);
/* 0 when there is no room. Each slot it looks at is one of `work`. */
#define INTERN_PROBES 16
uint32_t intern_id(struct intern *t, const void *p, size_t len, size_t *work);
const uint8_t *intern_get(const struct intern *t, uint32_t id, size_t *len);

#endif
