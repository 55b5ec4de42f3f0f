/* SPDX-License-Identifier: MIT */
#ifndef RDV_SHOWTEXT_H
#define RDV_SHOWTEXT_H

#include <stddef.h>

struct buf;

/*
 * Text of somebody else's for the eyes of who decides about it: what is shown
 * has one meaning; nothing in it is unseen, moves the cursor, or pushes the
 * rest out of sight. Such a character becomes U+27E8, "U+202E" or a name (LF,
 * TAB, ESC), U+27E9. Of one that comes more than 8 times there are 8, and
 * behind them U+27E8, U+00D7, how many there are, U+27E9. Those two brackets
 * are shown by their numbers, and what is no UTF-8 byte by byte: "0xFF".
 */
#define SHOWTEXT_LINES	   0x01u /* it has more than one line */
#define SHOWTEXT_CONTROL   0x02u /* others of C0, DEL, C1 */
#define SHOWTEXT_BIDI	   0x04u /* turns the direction of text */
#define SHOWTEXT_INVISIBLE 0x08u /* has no width, or is a blank by looks */
#define SHOWTEXT_PADDING   0x10u /* one character very often */
#define SHOWTEXT_SCRIPTS   0x20u /* a word of letters of two scripts */
#define SHOWTEXT_LOOKALIKE 0x40u /* a word that looks like Latin and is not */
#define SHOWTEXT_INVALID   0x80u /* no UTF-8, or not a character */

struct showtext_flag {
	unsigned bit;
	const char *name; /* NULL ends the table */
};
extern const struct showtext_flag showtext_flags[];

/* Appends to `out`; the flags of it. */
unsigned showtext(struct buf *out, const char *text, size_t len);
/*
 * The same of words: each as a shell would need it quoted, so that its bounds
 * are seen.
 */
unsigned showtext_argv(struct buf *out, const char *const *argv);

#endif
