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
		if (modes[i].mode != mode)
			continue;
		if (on != modes[i].normal)
			m->changed |= 1u << i;
		else
			m->changed &= ~(1u << i);
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
}

/*
 * Modes, keyboard flags, scrolling region (DECSTBM), cursor style (DECSCUSR),
 * modifyOtherKeys and attributes (SGR), in this order.
 */
static void
note_csi(struct vtmode *m, const struct vtcsi *c)
{
	unsigned i;

	if (c->prefix == '?' && (c->final == 'h' || c->final == 'l')) {
		for (i = 0; i < c->nparam; i++)
			note_mode(m, c->param[i], c->final == 'h');
	} else if (c->final == 'u') {
		note_keyboard(m, c);
	} else if (c->final == 'r' && c->prefix == 0) {
		m->margins = c->nparam > 0;
	} else if (c->final == 'q' && c->mid == ' ') {
		m->cursor = c->nparam > 0 && c->param[0] > 0;
	} else if (c->final == 'm' && c->prefix == '>') {
		m->modify_keys = c->param[0] == 4 && c->param[1] > 0;
	} else if (c->final == 'm' && c->prefix == 0) {
		m->colors = c->nparam > 0 && c->param[c->nparam - 1] != 0;
	}
}

void
vtmode_note(struct vtmode *m, const char *seq, size_t len)
{
	struct vtcsi c;

	if (vtcsi_parse(&c, seq, len))
		note_csi(m, &c);
	/* RIS: the terminal has forgotten all of it by itself. */
	else if (len == 2 && seq[1] == 'c')
		memset(m, 0, sizeof(*m));
	else if (len == 2 && (seq[1] == '=' || seq[1] == '>'))
		m->keypad = seq[1] == '=';
	else if (len == 3 && seq[1] == '(')
		m->charset = seq[2] != 'B';
}

void
vtmode_leave(struct vtmode *m, struct buf *out)
{
	size_t i;

	if (m->keyboard > 0)
		buf_printf(out, "\033[<%uu", m->keyboard);
	if (m->modify_keys)
		buf_put_text(out, "\033[>4m");
	if (m->keypad)
		buf_put_text(out, "\033>");
	if (m->charset)
		buf_put_text(out, "\033(B");
	if (m->colors)
		buf_put_text(out, "\033[m");
	if (m->cursor)
		buf_put_text(out, "\033[0 q");
	for (i = 0; i < MODES; i++) {
		if ((m->changed & 1u << i) != 0)
			buf_printf(out, "\033[?%u%c", modes[i].mode,
			    modes[i].normal ? 'h' : 'l');
	}
	/* Resetting margins moves the cursor home: save it around. */
	if (m->margins)
		buf_put_text(out, "\0337\033[r\0338");
	memset(m, 0, sizeof(*m));
}
