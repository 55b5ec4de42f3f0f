/* SPDX-License-Identifier: MIT */
#ifndef RDV_EMU_STATE_H
#define RDV_EMU_STATE_H

#include "daemon/emu/cell.h"
#include "daemon/emu/emu.h"

/* What the files of the emulator share. */
#define EMU_TABS 1000 /* TERM_COLS_MAX */
/* The main screen or the alternate one. */
struct screen {
	struct line **line; /* `rows` of them; NULL: not there now */
	unsigned x, y, top, bottom;
	struct saved saved;
	uint8_t tabs[EMU_TABS / 8 + 1];
};

/* Switches of the terminal. */
#define MODE_APP_CURSOR	  0x1u
#define MODE_APP_KEYPAD	  0x2u
#define MODE_BRACKETED	  0x4u
#define MODE_INSERT	  0x8u
#define MODE_ORIGIN	  0x10u
#define MODE_REVERSE_WRAP 0x20u
#define MODE_FOCUS	  0x40u
#define MODE_SYNC	  0x80u
#define MODE_WRAP	  0x100u
#define MODE_HIDDEN	  0x200u
#define MODE_NEWLINE	  0x400u
#define MODE_BLINK	  0x800u
#define MODE_BLINK_SET	  0x1000u /* the program chose MODE_BLINK or not */
/* What a reset leaves as it is, in xterm.js. */
#define MODE_STAY (MODE_HIDDEN | MODE_NEWLINE | MODE_BLINK | MODE_BLINK_SET)

#define PARAMS 32
struct params {
	int32_t v[PARAMS], sub[PARAMS];
	unsigned n, nsub;
	uint8_t from[PARAMS], to[PARAMS]; /* of `sub`, for each */
	bool full, sub_full, in_sub;
};

#define EMU_OSC	    4096
#define EMU_PENDING 8192
struct parser {
	uint8_t state;
	uint32_t collect;
	struct params p;
	uint32_t join; /* width of the character before, and whether joined */
	uint32_t cp;   /* of the character that is being read */
	uint8_t need, have;
	char osc[EMU_OSC];
	size_t osc_len;
	bool osc_over;
	/* What has come of a sequence that is not complete. */
	uint8_t pending[EMU_PENDING];
	size_t pending_len;
};

#define EMU_COLOURS 259 /* 256 and foreground, background, cursor */
#define EMU_SPEC    24
struct emu {
	unsigned cols, rows;
	struct screen main, alt, *on;
	struct line **hist; /* a ring; the oldest is at hist_at */
	unsigned hist_n, hist_max, hist_at;
	struct cell pen; /* its ch is not used */
	struct ext pen_ext;
	uint8_t g[4], glevel, charset;
	unsigned modes;
	unsigned mouse, mouse_enc; /* numbers of the modes; 0: none */
	unsigned cursor_style;	   /* of DECSCUSR; 0: the client's own */
	char *title;		   /* NULL: never set */
	char (*colour)[EMU_SPEC];  /* EMU_COLOURS, or NULL; "": not set */
	struct parser in;
	struct intern marked, exts, links;
	size_t work; /* used up by this call of emu_feed() */
};

unsigned emu_width(uint32_t ch);
/* The character that a charset shows for one of ASCII. */
uint32_t emu_charset(uint8_t set, uint32_t ch);
/* The set's number for the last byte of its designation, or -1. */
int emu_charset_of(uint32_t final);
/* The final byte of its designation. */
char emu_charset_final(uint8_t set);
void emu_glevel(struct emu *e, uint8_t level);
void emu_designate(struct emu *e, unsigned g, uint8_t set);

/* grid.c: cells and lines of the screen that is on. */
/* With room for the first cells only, none of which is used yet. */
struct line *emu_line_packed(unsigned len, unsigned room);
struct line *emu_line_blank(unsigned len);
struct cell emu_blank(const struct emu *e);
void emu_fill(struct emu *e, struct line *l, struct cell c);
unsigned emu_cell_width(const struct line *l, unsigned x);
bool emu_cell_is_empty(const struct line *l, unsigned x);
void emu_cells_insert(struct emu *e, struct line *l, unsigned at, unsigned n,
    struct cell fill);
void emu_cells_delete(struct emu *e, struct line *l, unsigned at, unsigned n,
    struct cell fill);
void emu_cells_replace(struct emu *e, struct line *l, unsigned from,
    unsigned to, bool respect);
void emu_scroll(struct emu *e, bool wrapped);
/* Moves the lines of [top, bottom] by `n` up, or down. */
void emu_lines_up(struct emu *e, unsigned top, unsigned bottom, unsigned n,
    struct cell fill);
void emu_lines_down(struct emu *e, unsigned top, unsigned bottom, unsigned n,
    struct cell fill);
void emu_hist_clear(struct emu *e);
/* Lines above a screen of so many columns. */
unsigned emu_hist_limit(unsigned cols);
/* A copy of the line becomes the newest above the screen. */
void emu_hist_push(struct emu *e, const struct line *l);
struct line *emu_hist_get(const struct emu *e, unsigned i);
void emu_tabs_reset(struct screen *s);
void emu_screen_on(struct emu *e, struct screen *s);
void emu_screens_reset(struct emu *e);

/* print.c */
unsigned emu_marks(const struct emu *e, uint32_t ch);
void emu_print_ascii(struct emu *e, const uint8_t *p, size_t n);
void emu_print(struct emu *e, const uint32_t *ch, size_t n);
void emu_repeat(struct emu *e, unsigned n);

/* ctl.c */
void emu_execute(struct emu *e, uint32_t c);
void emu_esc(struct emu *e, uint32_t final);
/* act.c: sequences that move the cursor and change cells. */
void emu_csi(struct emu *e, uint32_t final);
void emu_tab(struct emu *e);
void emu_tab_set(struct emu *e);
void emu_restrict(struct emu *e, unsigned max_x);
void emu_set_cursor(struct emu *e, long x, long y);
void emu_save_cursor(struct emu *e);
void emu_restore_cursor(struct emu *e);

/* sgr.c */
void emu_sgr(struct emu *e);
void emu_pen_changed(struct emu *e);
void emu_pen_link(struct emu *e, uint32_t link);

/* mode.c: what stays until it is changed. */
void emu_mode(struct emu *e, bool is_private, bool on);
void emu_soft_reset(struct emu *e);
void emu_reset(struct emu *e);
void emu_modes_restore(const struct emu *e, struct buf *out);

/* osc.c */
void emu_osc(struct emu *e);

/* parse.c */
void emu_parser_reset(struct parser *in);
/* UTF-8 of a character, four bytes at most. */
size_t emu_utf8(uint8_t *out, uint32_t c);

#endif
