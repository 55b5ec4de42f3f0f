/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_H
#define RDV_EMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct emu;

/*
 * What a terminal shows after the bytes of a log. It does what xterm.js 6 does
 * with them, cell by cell, and answers nothing: no byte ever goes back to the
 * program (abuse J02). Memory is bounded by the limits of a size and by
 * EMU_HISTORY; tables of what is rare have bounds of their own, and what finds
 * no room in one is shown plain.
 */
#define EMU_HISTORY 2000 /* lines kept above the screen */
/* Bytes of all lines above the screen: very wide ones are fewer. */
#define EMU_HISTORY_BYTES (8u << 20)

struct emu *emu_new(unsigned cols, unsigned rows);
void emu_free(struct emu *e);
/*
 * Takes bytes until all are taken or `work` is used up: a byte is one, and so
 * is each cell that it changes. Returns how many bytes were taken, at least
 * one.
 */
size_t emu_feed(struct emu *e, const uint8_t *p, size_t len, size_t work);
/* The terminal got another size. */
void emu_resize(struct emu *e, unsigned cols, unsigned rows);
/*
 * How many of the bytes taken last are the beginning of a character: what
 * emu_restore() puts stands for so many bytes less.
 */
size_t emu_partial(const struct emu *e);
/*
 * Output that brings any terminal like it to the same state, with at most so
 * many lines above the screen. Lines behind the one that is too much for the
 * buffer are not looked at. All at once: a seam for tests, the daemon does it
 * in steps.
 */
void emu_restore(const struct emu *e, unsigned lines, struct buf *out);
struct emu_look {
	unsigned cols, rows, x, y; /* the cursor, from 0 */
	bool cursor_hidden, alternate;
	bool app_cursor;   /* DECCKM: arrows send something else */
	const char *title; /* UTF-8; "" when none */
	unsigned history;  /* lines above the screen */
};
void emu_look(const struct emu *e, struct emu_look *out);
/* The names of the modes that are on, separated by spaces. */
void emu_modes(const struct emu *e, struct buf *out);
/*
 * The screen as lines of text, blanks at their ends removed; with `sgr` the
 * colours are in it as escape sequences. It ends as emu_restore() does, and is
 * a seam like it.
 */
void emu_text(const struct emu *e, bool sgr, struct buf *out);

/*
 * So many cells of a row from column `x` on, with their colours, blanks at the
 * end removed. Its pen is the plain one before and afterwards.
 */
void emu_cells(const struct emu *e, unsigned y, unsigned x, unsigned cols,
    struct buf *out);

/*
 * Either of them step by step, since of the largest screens each takes longer
 * than others can wait. Where so many lines above the screen are more than
 * `max` bytes there are fewer, most of those that would fit; the screen alone
 * may have `alone` bytes.
 */
struct emu_put;
struct emu_put *
emu_put_new(const struct emu *e, unsigned lines, size_t max, size_t alone);
struct emu_put *emu_put_text_new(const struct emu *e, bool sgr, size_t max);
/* Some lines, of about so many cells. False: there is nothing more to put. */
bool emu_put_step(struct emu_put *w, size_t cells);
/* All of it, the caller's from now on. False: it is too much. */
bool emu_put_take(struct emu_put *w, struct buf *out);
void emu_put_free(struct emu_put *w);
/* What emu_feed() used up the last time. */
size_t emu_work(const struct emu *e);

#endif
