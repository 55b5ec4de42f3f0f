/* SPDX-License-Identifier: MIT */
/*
 * A terminal's output as lines of text for people and programs that have no
 * terminal. Deliberately not an emulator: what moves between lines is
 * dropped. Invariant: memory is one line, and a sequence that never ends is
 * given up after a bound, so no input can make the rest disappear.
 */
#include "daemon/term/strip.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define LINE_CELLS   4096 /* longer lines are broken */
#define CSI_BYTES    64
#define STRING_BYTES 4096

enum state { GROUND, ESC, ESC_MORE, CSI, STRING, STRING_ESC };

struct strip {
	struct buf *out;
	enum state state;
	unsigned seen;	/* bytes of the sequence so far */
	unsigned param; /* its first number */
	bool more;	/* a second number began: the first is complete */
	size_t len, col;
	size_t ink; /* behind it there are only blanks, up to len */
	uint32_t cell[LINE_CELLS];
};

struct strip *
strip_new(struct buf *out)
{
	struct strip *s = xmalloc(sizeof(*s));

	/* The cells need no clearing: none beyond len is read. */
	memset(s, 0, offsetof(struct strip, cell));
	s->out = out;
	return s;
}

static void
flush_line(struct strip *s)
{
	size_t n = s->ink;

	while (n > 0 && s->cell[n - 1] == ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		utf8_put(s->out, s->cell[i]);
	s->len = s->col = s->ink = 0;
}

/*
 * Motions and erasing make thousands of blanks out of a few bytes, which has to
 * cost no more than such bytes may (abuse J06).
 */
static void
blank(uint32_t *cell, size_t n)
{
	if (n > 0)
		cell[0] = ' ';
	for (size_t done = 1; done < n; done *= 2)
		memcpy(cell + done, cell,
		    (done < n - done ? done : n - done) * sizeof(*cell));
}

static void
move_to(struct strip *s, size_t col)
{
	s->col = col < LINE_CELLS ? col : LINE_CELLS - 1;
	if (s->len >= s->col)
		return;
	blank(s->cell + s->len, s->col - s->len);
	s->len = s->col;
}

static void
put_cell(struct strip *s, uint32_t ch)
{
	if (s->col == LINE_CELLS)
		flush_line(s);
	s->cell[s->col++] = ch;
	if (s->len < s->col)
		s->len = s->col;
	if (ch != ' ' && s->ink < s->col)
		s->ink = s->col;
}

static void
csi_right(struct strip *s)
{
	move_to(s, s->col + (s->param > 0 ? s->param : 1));
}

static void
csi_left(struct strip *s)
{
	size_t n = s->param > 0 ? s->param : 1;

	s->col = n < s->col ? s->col - n : 0;
}

static void
csi_column(struct strip *s)
{
	move_to(s, s->param > 0 ? s->param - 1 : 0);
}

static void
csi_erase(struct strip *s)
{
	if (s->param == 0)
		s->len = s->col;
	if (s->param == 1)
		blank(s->cell, s->col);
	if (s->param == 2)
		s->len = s->col = 0;
	if (s->ink > s->len)
		s->ink = s->len;
	if (s->param == 1 && s->ink <= s->col)
		s->ink = 0;
}

static void
csi_delete(struct strip *s)
{
	size_t n = s->param > 0 ? s->param : 1;

	if (s->col >= s->len)
		return;
	if (n > s->len - s->col)
		n = s->len - s->col;
	memmove(s->cell + s->col, s->cell + s->col + n,
	    (s->len - s->col - n) * sizeof(s->cell[0]));
	s->len -= n;
	if (s->ink > s->len)
		s->ink = s->len;
}

/* Sequences that act within a line; every other one is dropped. */
static const struct csi_row {
	uint8_t final;
	void (*act)(struct strip *s);
} csi_rows[] = {
	{ 'C', csi_right },
	{ 'D', csi_left },
	{ 'G', csi_column },
	{ 'K', csi_erase },
	{ 'P', csi_delete },
};

static void
on_csi(struct strip *s, uint8_t c)
{
	if (c >= '0' && c <= '9') {
		if (!s->more && s->param < LINE_CELLS)
			s->param = s->param * 10 + (c - '0');
	} else if (c < 0x40) {
		s->more = true; /* a separator, or a private mark */
	} else {
		s->state = GROUND;
		for (size_t i = 0; i < sizeof(csi_rows) / sizeof(csi_rows[0]);
		     i++)
			if (csi_rows[i].final == c)
				csi_rows[i].act(s);
	}
	if (++s->seen > CSI_BYTES)
		s->state = GROUND;
}

static void
on_esc(struct strip *s, uint8_t c)
{
	s->seen = s->param = 0;
	s->more = false;
	if (c == '[')
		s->state = CSI;
	else if (strchr("]P^_X", c) != NULL && c != '\0')
		s->state = STRING;
	else if (c >= 0x20 && c <= 0x2f)
		s->state = ESC_MORE;
	else
		s->state = GROUND;
}

static void
on_string(struct strip *s, uint8_t c)
{
	if (c == 0x1b)
		s->state = STRING_ESC;
	else if (c == 0x07 || ++s->seen > STRING_BYTES)
		s->state = GROUND;
	else
		s->state = STRING;
}

static void
on_ground(struct strip *s, uint32_t ch)
{
	if (ch == 0x1b)
		s->state = ESC;
	else if (ch == '\n') {
		flush_line(s);
		buf_put_u8(s->out, '\n');
	} else if (ch == '\r')
		s->col = 0;
	else if (ch == '\b')
		s->col -= s->col > 0;
	else if (ch == '\t' || (ch >= 0x20 && (ch < 0x7f || ch >= 0xa0)))
		put_cell(s, ch);
}

static void
on_char(struct strip *s, uint32_t ch)
{
	uint8_t c = ch < 0x80 ? (uint8_t)ch : 'x';

	/* CAN and SUB end any sequence; so does a newline, as a person sees */
	if (s->state != GROUND && (c == 0x18 || c == 0x1a || c == '\n'))
		s->state = GROUND;
	if (s->state == GROUND)
		on_ground(s, ch);
	else if (s->state == ESC)
		on_esc(s, c);
	else if (s->state == CSI)
		on_csi(s, c);
	else if (s->state == STRING)
		on_string(s, c);
	else if (s->state == STRING_ESC && c != '\\')
		on_string(s, c);
	else if (s->state == STRING_ESC || c > 0x2f)
		s->state = GROUND;
}

void
strip_feed(struct strip *s, const uint8_t *p, size_t len)
{
	uint32_t ch;
	size_t n;

	/* What has no room any more need not be found out. */
	for (; len > 0 && !s->out->failed; p += n, len -= n) {
		n = utf8_next(p, len, &ch);
		on_char(s, ch);
	}
}

void
strip_end(struct strip *s)
{
	flush_line(s);
	free(s);
}
