/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_PIECE_H
#define RDV_EMU_PIECE_H

/*
 * What is saved: pieces, each a u32 with its kind in the upper byte and its
 * length in the others. What a cell refers to comes before the cell, and is
 * counted from 1 for each kind. Lines of the screens come from the top, those
 * above from the newest, and PIECE_REST is the last. Whoever changes any of it,
 * or what the numbers of modes and cells mean, changes the magic of a
 * checkpoint (daemon/term/ckpt.c).
 */
enum piece {
	PIECE_LINK = 1, /* the bytes of a link */
	PIECE_EXT,	/* struct ext: style, colour, link */
	PIECE_MARKED,	/* what it was without the mark, and the mark */
	PIECE_MAIN,	/* a line of the main screen */
	PIECE_ALT,
	PIECE_ABOVE,
	PIECE_REST
};
#define PIECE_LENGTH 0xffffffu

/* A line: its columns, those used, whether it goes on from the one above. */
#define PIECE_LINE 5
/* Then runs of cells that have a pen in common: flags and how many. */
#define PIECE_RUN 3
#define RUN_PEN	  0x1u /* another pen than before comes first */
#define RUN_WIDE  0x2u /* characters are u32 and not one byte of ASCII */

#endif
