/* SPDX-License-Identifier: MIT */
#ifndef RDV_TERMSEQ_H
#define RDV_TERMSEQ_H

#include <stddef.h>
#include <stdint.h>

/* One of so many bytes or more is taken for none. */
#define TERMSEQ_MAX 64

/* What begins with an ESC is to a terminal. */
enum termseq {
	TERMSEQ_OPEN,	 /* more has to come */
	TERMSEQ_NONE,	 /* nothing known: text */
	TERMSEQ_COLOURS, /* it draws and moves nothing */
	TERMSEQ_MOVES,	 /* something else */
	TERMSEQ_LEAVES,	 /* it sets the cursor to another line */
};

/*
 * The first `len` bytes, at least one, of which the first is an ESC and all but
 * the last one were TERMSEQ_OPEN. As colours count the sets of characters,
 * which terminfo's sgr0 has beside them, and erasing to the end of the line,
 * which grep puts behind them.
 */
enum termseq termseq_look(const uint8_t *p, size_t len);

#endif
