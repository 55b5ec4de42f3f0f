/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_OUT_H
#define RDV_EMU_OUT_H

#include "daemon/emu/state.h"

struct buf;

/* What was put so far, as the terminal that reads it stands. */
struct emu_out {
	const struct emu *e;
	struct buf *b;
	struct cell pen;
	uint32_t link;
	bool no_links;	 /* text for a person: its colours only */
	unsigned x, y;	 /* the cursor; x is `cols` where the next wraps */
	uint32_t row_bg; /* what the cells of its row are filled with */
};

/* Sequences that make the pen that of the cell. */
void emu_put_pen(struct emu_out *o, const struct cell *c);
/* The colour a pen has for underlines while it underlines nothing. */
void emu_put_underline(struct emu_out *o, const struct ext *x);
void emu_put_plain(struct emu_out *o);
/* The character of a cell with its marks. */
void emu_put_text(struct emu_out *o, uint32_t ch);

/* How far it has come that all is put as output (emu_restore). */
struct emu_all {
	struct emu_out o;
	const struct line *before;
	unsigned next; /* line, from the oldest that is put */
	unsigned fit;  /* of the main screen and above, with room for them */
	bool on_alt;
};

void emu_all_begin(struct emu_all *p, const struct emu *e, unsigned lines,
    struct buf *out);
/* One line, or what comes behind the last. False: that was all. */
bool emu_all_more(struct emu_all *p);
/* A row of the screen that is on, as emu_text() puts it. */
void emu_text_line(struct emu_out *o, unsigned y, bool sgr);

#endif
