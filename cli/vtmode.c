/* SPDX-License-Identifier: MIT */
/*
 * Leaving a terminal as it was found. Nobody tells a terminal's modes, so what
 * passes is watched, and exactly that is taken back: a blind reset of all
 * would clear screens and move cursors of people who only looked at a log.
 */
#include "cli/vtmode.h"

#include <string.h>

#include "lib/buf.h"

/* DEC private modes that outlive a program, and whether they are on at rest. */
static const struct {
	uint16_t mode;
	bool normal;
} modes[] = {
	{ 1, false },	 /* cursor keys send application codes */
	{ 5, false },	 /* reverse video */
	{ 6, false },	 /* origin */
	{ 7, true },	 /* wrap at the margin */
	{ 9, false },	 /* mouse: X10 */
	{ 25, true },	 /* cursor is visible */
	{ 45, false },	 /* reverse wrap */
	{ 66, false },	 /* keypad */
	{ 69, false },	 /* left and right margins */
	{ 1000, false }, /* mouse: buttons */
	{ 1001, false }, /* mouse: highlight */
	{ 1002, false }, /* mouse: drag */
	{ 1003, false }, /* mouse: all motion */
	{ 1004, false }, /* focus reports */
	{ 1005, false }, /* mouse: UTF-8 */
	{ 1006, false }, /* mouse: SGR */
	{ 1015, false }, /* mouse: urxvt */
	{ 1016, false }, /* mouse: pixels */
	{ 2004, false }, /* bracketed paste */
	{ 2026, false }, /* synchronized output */
	{ 2031, false }, /* colour scheme reports */
	/* Last: the other screen is left with its cursor, after all else. */
	{ 47, false },
	{ 1047, false },
	{ 1049, false },
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

/* What else outlives a program, and what takes it back. */
enum {
	KEYS,
	KEYPAD,
	CHARSET,
	INSERT,
	LINES,
	TABS,
	COLORS,
	CURSOR,
	LINK,
	PALETTE,
	FORE,
	BACK,
	CURSOR_COLOR,
	MARGINS,
	OTHERS
};
static const char *const undo[OTHERS] = {
	[KEYS] = "\033[>4m", /* modifyOtherKeys */
	[KEYPAD] = "\033>",  /* keypad sends application codes */
	[CHARSET] = "\033(B",
	[INSERT] = "\033[4l",
	[LINES] = "\033[20l", /* line feed goes to column one, too */
	[TABS] = "\033[?5W",  /* every eighth column (DECST8C) */
	[COLORS] = "\033[m",
	[CURSOR] = "\033[0 q",
	[LINK] = "\033]8;;\033\\",
	[PALETTE] = "\033]104\033\\",
	[FORE] = "\033]110\033\\",
	[BACK] = "\033]111\033\\",
	[CURSOR_COLOR] = "\033]112\033\\",
	/* Resetting margins moves the cursor home: save it around. */
	[MARGINS] = "\0337\033[r\0338",
};

static void
set_bit(struct vtmode *m, size_t bit, bool on)
{
	uint64_t b = UINT64_C(1) << bit;

	m->changed = on ? m->changed | b : m->changed & ~b;
	m->ever |= m->changed;
}

static void
note_other(struct vtmode *m, size_t other, bool on)
{
	set_bit(m, MODES + other, on);
}

bool
vtcsi_parse(struct vtcsi *c, const char *seq, size_t len)
{
	unsigned *p;
	size_t i;

	memset(c, 0, sizeof(*c));
	p = c->param;
	if (len < 3 || seq[0] != '\033' || seq[1] != '[')
		return false;
	for (i = 2; i + 1 < len; i++) {
		if (seq[i] >= '0' && seq[i] <= '9') {
			c->nparam = (unsigned)(p - c->param) + 1;
			/*
			 * Parameters have no bound of their own; larger ones
			 * mean nothing here.
			 */
			*p = *p < 100000 ? *p * 10 + (unsigned)(seq[i] - '0')
					 : *p;
		} else if (seq[i] == ';' || seq[i] == ':') {
			if (p - c->param + 1 < 16)
				p++;
			c->nparam = (unsigned)(p - c->param) + 1;
		} else if (seq[i] >= '<' && seq[i] <= '?' && i == 2) {
			c->prefix = seq[i];
		} else if (seq[i] >= ' ' && seq[i] <= '/') {
			c->mid = seq[i];
		}
	}
	c->final = seq[len - 1];
	return true;
}

static void
note_mode(struct vtmode *m, unsigned mode, bool on)
{
	size_t i;

	for (i = 0; i < MODES; i++) {
		if (modes[i].mode == mode)
			set_bit(m, i, on != modes[i].normal);
	}
}

/* CSI > N u pushes, CSI < N u pops keyboard flags. */
static void
note_keyboard(struct vtmode *m, const struct vtcsi *c)
{
	unsigned n = c->nparam > 0 && c->param[0] > 0 ? c->param[0] : 1;

	if (c->prefix == '>' && m->keyboard < 16)
		m->keyboard++;
	else if (c->prefix == '<')
		m->keyboard = n < m->keyboard ? m->keyboard - n : 0;
	if (m->keyboard > m->deepest)
		m->deepest = m->keyboard;
}

static void
note_ansi_mode(struct vtmode *m, unsigned mode, bool on)
{
	if (mode == 4)
		note_other(m, INSERT, on);
	else if (mode == 20)
		note_other(m, LINES, on);
}

static void
note_modes(struct vtmode *m, const struct vtcsi *c)
{
	bool on = c->final == 'h';
	unsigned i;

	for (i = 0; i < c->nparam; i++) {
		if (c->prefix == '?')
			note_mode(m, c->param[i], on);
		else if (c->prefix == 0)
			note_ansi_mode(m, c->param[i], on);
	}
}

/*
 * Modes, keyboard flags, scrolling region (DECSTBM), cursor style (DECSCUSR),
 * tabs (TBC), modifyOtherKeys and attributes (SGR), in this order.
 */
static void
note_csi(struct vtmode *m, const struct vtcsi *c)
{
	bool some = c->nparam > 0;

	if (c->final == 'h' || c->final == 'l')
		note_modes(m, c);
	else if (c->final == 'u')
		note_keyboard(m, c);
	else if (c->final == 'r' && c->prefix == 0)
		note_other(m, MARGINS, some);
	else if (c->final == 'q' && c->mid == ' ')
		note_other(m, CURSOR, some && c->param[0] > 0);
	else if (c->final == 'g' && c->prefix == 0)
		note_other(m, TABS, true);
	else if (c->final == 'm' && c->prefix == '>')
		note_other(m, KEYS, c->param[0] == 4 && c->param[1] > 0);
	else if (c->final == 'm' && c->prefix == 0)
		note_other(m, COLORS, some && c->param[c->nparam - 1] != 0);
}

/* Of the strings (OSC) colours and links stay; titles are the caller's. */
static void
note_string(struct vtmode *m, const char *seq, size_t len)
{
	static const struct {
		unsigned number;
		uint8_t other;
		bool on;
	} strings[] = { { 4, PALETTE, true }, { 10, FORE, true },
		{ 11, BACK, true }, { 12, CURSOR_COLOR, true },
		{ 104, PALETTE, false }, { 110, FORE, false },
		{ 111, BACK, false }, { 112, CURSOR_COLOR, false } };
	unsigned number = 0;
	size_t i = 2;

	for (; i < len && seq[i] >= '0' && seq[i] <= '9' && i < 6; i++)
		number = number * 10 + (unsigned)(seq[i] - '0');
	if (number == 8)
		/* The address is behind the second semicolon. */
		note_other(m, LINK,
		    memmem(seq, len, ";;\033", 3) == NULL &&
			memmem(seq, len, ";;\007", 3) == NULL);
	/* One of many colours put back leaves the others. */
	if (number == 104 && i < len && seq[i] == ';')
		return;
	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (strings[i].number == number)
			note_other(m, strings[i].other, strings[i].on);
	}
}

void
vtmode_note(struct vtmode *m, const char *seq, size_t len)
{
	struct vtcsi c;

	if (vtcsi_parse(&c, seq, len))
		note_csi(m, &c);
	else if (len > 2 && seq[1] == ']')
		note_string(m, seq, len);
	/* RIS: the terminal has forgotten all of it by itself. */
	else if (len == 2 && seq[1] == 'c')
		memset(m, 0, sizeof(*m));
	else if (len == 2 && (seq[1] == '=' || seq[1] == '>'))
		note_other(m, KEYPAD, seq[1] == '=');
	else if (len == 2 && seq[1] == 'H')
		note_other(m, TABS, true);
	else if (len == 3 && seq[1] == '(')
		note_other(m, CHARSET, seq[2] != 'B');
}

void
vtmode_doubt(struct vtmode *m)
{
	m->changed |= m->ever;
	m->keyboard = m->deepest;
}

static void
undo_other(const struct vtmode *m, size_t other, struct buf *out)
{
	if ((m->changed & UINT64_C(1) << (MODES + other)) != 0)
		buf_put_text(out, undo[other]);
}

void
vtmode_leave(struct vtmode *m, struct buf *out)
{
	size_t i;

	if (m->keyboard > 0)
		buf_printf(out, "\033[<%uu", m->keyboard);
	for (i = 0; i < MARGINS; i++)
		undo_other(m, i, out);
	for (i = 0; i < MODES; i++) {
		if ((m->changed & UINT64_C(1) << i) != 0)
			buf_printf(out, "\033[?%u%c", modes[i].mode,
			    modes[i].normal ? 'h' : 'l');
	}
	undo_other(m, MARGINS, out);
	memset(m, 0, sizeof(*m));
}
