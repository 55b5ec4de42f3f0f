/* SPDX-License-Identifier: MIT */
/*
 * What a program switches and what then stays: modes, colours, resets. The
 * numbers are those of xterm.js; others mean nothing here, so that nothing is
 * restored that it would not have had.
 */
#include <string.h>

#include "daemon/emu/state.h"
#include "lib/buf.h"

/* Modes that are one bit, with the names the API gives them. */
static const struct {
	int32_t number;
	bool is_private;
	unsigned bit;
	const char *name; /* NULL: not told */
} switches[] = {
	{ 1, true, MODE_APP_CURSOR, "application-cursor" },
	{ 66, true, MODE_APP_KEYPAD, "application-keypad" },
	{ 2004, true, MODE_BRACKETED, "bracketed-paste" },
	{ 4, false, MODE_INSERT, "insert" },
	{ 6, true, MODE_ORIGIN, "origin" },
	{ 45, true, MODE_REVERSE_WRAP, "reverse-wrap" },
	{ 1004, true, MODE_FOCUS, "focus" },
	{ 2026, true, MODE_SYNC, "synchronized" },
	{ 7, true, MODE_WRAP, "wrap" },
	{ 20, false, MODE_NEWLINE, "newline" },
};
#define SWITCHES (sizeof(switches) / sizeof(switches[0]))

static const struct {
	unsigned number;
	const char *name;
} mice[] = {
	{ 9, "mouse-x10" },
	{ 1000, "mouse" },
	{ 1002, "mouse-drag" },
	{ 1003, "mouse-any" },
};
#define MICE (sizeof(mice) / sizeof(mice[0]))

static void
put(struct emu *e, unsigned bit, bool on)
{
	e->modes = on ? e->modes | bit : e->modes & ~bit;
}

/* The alternate screen; 1049 saves the cursor and takes it back. */
static void
alternate(struct emu *e, int32_t number, bool on)
{
	if (on && number == 1049)
		emu_save_cursor(e);
	emu_screen_on(e, on ? &e->alt : &e->main);
	if (!on && number == 1049)
		emu_restore_cursor(e);
}

static void
mode_special(struct emu *e, int32_t number, bool on)
{
	if (number == 25) {
		put(e, MODE_HIDDEN, !on);
	} else if (number == 12) {
		put(e, MODE_BLINK, on);
		put(e, MODE_BLINK_SET, true);
	} else if (number == 2 && on) {
		for (unsigned g = 0; g < 4; g++)
			emu_designate(e, g, 0);
	} else if (number == 47 || number == 1047 || number == 1049) {
		alternate(e, number, on);
	} else if (number == 1048) {
		if (on)
			emu_save_cursor(e);
		else
			emu_restore_cursor(e);
	} else if (number == 1006 || number == 1016) {
		e->mouse_enc = on ? (unsigned)number : 0;
	}
	for (size_t i = 0; i < MICE; i++)
		if (mice[i].number == (unsigned)number)
			e->mouse = on ? (unsigned)number : 0;
}

static void
mode_one(struct emu *e, bool is_private, int32_t number, bool on)
{
	for (size_t i = 0; i < SWITCHES; i++)
		if (switches[i].number == number &&
		    switches[i].is_private == is_private)
			put(e, switches[i].bit, on);
	if (!is_private)
		return;
	if (number == 6)
		emu_set_cursor(e, 0, 0);
	mode_special(e, number, on);
}

void
emu_mode(struct emu *e, bool is_private, bool on)
{
	for (unsigned i = 0; i < e->in.p.n; i++)
		mode_one(e, is_private, e->in.p.v[i], on);
}

void
emu_modes(const struct emu *e, struct buf *out)
{
	const char *sep = "";

	for (size_t i = 0; i < SWITCHES; i++) {
		if (!(e->modes & switches[i].bit))
			continue;
		buf_printf(out, "%s%s", sep, switches[i].name);
		sep = " ";
	}
	for (size_t i = 0; i < MICE; i++)
		if (e->mouse == mice[i].number)
			buf_printf(out, "%s%s", sep, mice[i].name);
}

/* All but what makes the cursor move, for a terminal that was reset. */
void
emu_modes_restore(const struct emu *e, struct buf *out)
{
	for (size_t i = 0; i < SWITCHES; i++)
		if (e->modes & switches[i].bit && switches[i].number != 6 &&
		    switches[i].number != 7 && switches[i].number != 66)
			buf_printf(out, "\x1b[%s%dh",
			    switches[i].is_private ? "?" : "",
			    (int)switches[i].number);
	/* DECKPAM, since tmux and others know no mode 66. */
	if (e->modes & MODE_APP_KEYPAD)
		buf_put_text(out, "\x1b=");
	if (!(e->modes & MODE_WRAP))
		buf_put_text(out, "\x1b[?7l");
	if (e->modes & MODE_BLINK_SET)
		buf_printf(out, "\x1b[?12%c",
		    e->modes & MODE_BLINK ? 'h' : 'l');
	if (e->mouse != 0)
		buf_printf(out, "\x1b[?%uh", e->mouse);
	if (e->mouse_enc != 0)
		buf_printf(out, "\x1b[?%uh", e->mouse_enc);
	if (e->cursor_style != 0)
		buf_printf(out, "\x1b[%u q", e->cursor_style);
	buf_put_text(out, e->modes & MODE_HIDDEN ? "\x1b[?25l" : "\x1b[?25h");
}

/* Resets */

static void
reset_common(struct emu *e)
{
	memset(e->g, 0, sizeof(e->g));
	e->glevel = e->charset = 0;
	e->modes = (e->modes & MODE_STAY) | MODE_WRAP;
	e->cursor_style = 0;
	e->pen = (struct cell){ .ch = CELL_WIDTH(1) };
	e->pen_ext = (struct ext){ 0 };
}

void
emu_soft_reset(struct emu *e)
{
	reset_common(e);
	put(e, MODE_HIDDEN, false);
	e->on->top = 0;
	e->on->bottom = e->rows - 1;
	e->on->saved = (struct saved){ .is_set = true };
}

void
emu_reset(struct emu *e)
{
	reset_common(e);
	e->mouse = e->mouse_enc = 0;
	emu_screens_reset(e);
	emu_parser_reset(&e->in);
}
