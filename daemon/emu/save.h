/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_SAVE_H
#define RDV_EMU_SAVE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct emu;
struct emu_load;
struct emu_save;

/*
 * All of an emulator as bytes and back, piece by piece so that nobody waits for
 * all of it. A cell that is like its neighbours takes one byte, none takes more
 * than 19; as output for a terminal (emu_restore) it may be 40 and has to be
 * emulated again. The beginning of a character that is not complete is left
 * out, as with emu_restore().
 */
/* The emulator stays the caller's, as it is, until emu_save_free(). */
struct emu_save *emu_save_new(const struct emu *e);
/*
 * Puts pieces until `out` holds `len` bytes or all is put; a piece is less than
 * EMU_SAVE_PIECE. Once `max` bytes are put in all, lines above the screen are
 * left out, the oldest first. False: that was all.
 */
#define EMU_SAVE_PIECE 32768
bool emu_save_step(struct emu_save *s, struct buf *out, size_t len, size_t max);
void emu_save_free(struct emu_save *s);

struct emu_load *emu_load_new(unsigned cols, unsigned rows);
/*
 * Takes the whole pieces there are off the front of `in`, whatever is in them.
 * 0: there are more to come; 1: that was all; or -EBADMSG.
 */
int emu_load_step(struct emu_load *l, struct buf *in);
/* What was loaded, the caller's from now on, once emu_load_step() was 1. */
struct emu *emu_load_take(struct emu_load *l);
void emu_load_free(struct emu_load *l);

#endif
