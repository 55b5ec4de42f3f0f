/* SPDX-License-Identifier: MIT */
/*
 * The pen: colours and attributes of what is printed next, as
 * InputHandler.charAttributes() of xterm.js reads them. One deviation: 59 takes
 * the colour of underlines away, where xterm.js makes it white.
 */
#include <string.h>

#include "daemon/emu/state.h"

/* A number that sets some bits and takes others away. */
static const struct attr {
	int32_t number;
	uint32_t fg_on, fg_off, bg_on, bg_off;
} attrs[] = {
	{ 1, FG_BOLD, 0, 0, 0 },
	{ 2, 0, 0, BG_DIM, 0 },
	{ 3, 0, 0, BG_ITALIC, 0 },
	{ 5, FG_BLINK, 0, 0, 0 },
	{ 7, FG_INVERSE, 0, 0, 0 },
	{ 8, FG_INVISIBLE, 0, 0, 0 },
	{ 9, FG_STRIKE, 0, 0, 0 },
	{ 22, 0, FG_BOLD, 0, BG_DIM },
	{ 23, 0, 0, 0, BG_ITALIC },
	{ 25, 0, FG_BLINK, 0, 0 },
	{ 27, 0, FG_INVERSE, 0, 0 },
	{ 28, 0, FG_INVISIBLE, 0, 0 },
	{ 29, 0, FG_STRIKE, 0, 0 },
	{ 39, 0, CELL_COLOUR, 0, 0 },
	{ 49, 0, 0, 0, CELL_COLOUR },
	{ 53, 0, 0, BG_OVERLINE, 0 },
	{ 55, 0, 0, 0, BG_OVERLINE },
};

static void
extended(struct emu *e)
{
	if (e->pen_ext.style == 0 && e->pen_ext.link == 0)
		e->pen.bg &= ~BG_EXTENDED;
	else
		e->pen.bg |= BG_EXTENDED;
}

/* What of the pen is rare has a number, which its cells get. */
void
emu_pen_changed(struct emu *e)
{
	e->pen.ext = 0;
	if (e->pen.bg & BG_EXTENDED)
		e->pen.ext = intern_id(&e->exts, &e->pen_ext,
		    sizeof(e->pen_ext), &e->work);
	if (e->pen.ext == 0)
		e->pen.bg &= ~BG_EXTENDED;
}

void
emu_pen_link(struct emu *e, uint32_t link)
{
	e->pen_ext.link = link;
	extended(e);
	emu_pen_changed(e);
}

static void
plain(struct emu *e)
{
	e->pen.fg = e->pen.bg = 0;
	e->pen_ext.style = e->pen_ext.colour = 0;
	extended(e);
}

static void
underline(struct emu *e, int32_t style)
{
	if (style < 0 || style > 5)
		style = 1;
	e->pen_ext.style = (uint32_t)style;
	if (style == 0)
		e->pen.fg &= ~FG_UNDERLINE;
	else
		e->pen.fg |= FG_UNDERLINE;
	extended(e);
}

static uint32_t
colour(uint32_t was, const int32_t *a)
{
	if (a[1] == 2)
		return (was & ~CELL_COLOUR) | COLOUR_RGB |
		       ((uint32_t)a[3] & 0xff) << 16 |
		       ((uint32_t)a[4] & 0xff) << 8 | ((uint32_t)a[5] & 0xff);
	if (a[1] == 5)
		return (was & ~CELL_COLOUR) | COLOUR_256 |
		       ((uint32_t)a[3] & 0xff);
	return was;
}

/*
 * 38, 48 or 58 and what follows, in the form with colons or without; a[2] is
 * the colour space, which only the former has. Returns the parameters used
 * beyond the first.
 */
static unsigned
gather(const struct params *p, unsigned at, int32_t *a)
{
	unsigned used = 0, space = 0, i;

	do {
		a[used + space] = p->v[at + used];
		if (p->from[at + used] < p->to[at + used]) {
			for (i = p->from[at + used]; i < p->to[at + used];
			     i++) {
				unsigned j = i - p->from[at + used];

				space = a[1] == 5 ? 1 : space;
				if (j + used + 1 + space >= 6)
					break;
				a[used + j + 1 + space] = p->sub[i];
			}
			break;
		}
		if ((a[1] == 5 && used + space >= 2) ||
		    (a[1] == 2 && used + space >= 5))
			break;
		if (a[1] != 0)
			space = 1;
	} while (++used + at < p->n && used + space < 6);
	return used;
}

static unsigned
pick(struct emu *e, unsigned at)
{
	int32_t a[6] = { 0, 0, -1, 0, 0, 0 };
	unsigned used = gather(&e->in.p, at, a);

	for (unsigned i = 2; i < 6; i++)
		if (a[i] == -1)
			a[i] = 0;
	if (a[0] == 38)
		e->pen.fg = colour(e->pen.fg, a);
	else if (a[0] == 48)
		e->pen.bg = colour(e->pen.bg, a);
	else if (a[0] == 58)
		e->pen_ext.colour = colour(e->pen_ext.colour, a);
	return used;
}

/* One of the first sixteen colours: 0 to 7 and, brighter, 60 to 67. */
static bool
sixteen(uint32_t *c, int32_t n)
{
	bool bright = n >= 60 && n <= 67;

	if (!bright && (n < 0 || n > 7))
		return false;
	*c = (*c & ~CELL_COLOUR) | COLOUR_16 |
	     (bright ? (uint32_t)(n - 60) | 8 : (uint32_t)n);
	return true;
}

static void
simple(struct emu *e, int32_t n)
{
	if (sixteen(&e->pen.fg, n - 30) || sixteen(&e->pen.bg, n - 40))
		return;
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (attrs[i].number != n)
			continue;
		e->pen.fg = (e->pen.fg & ~attrs[i].fg_off) | attrs[i].fg_on;
		e->pen.bg = (e->pen.bg & ~attrs[i].bg_off) | attrs[i].bg_on;
	}
}

void
emu_sgr(struct emu *e)
{
	const struct params *p = &e->in.p;

	for (unsigned i = 0; i < p->n; i++) {
		int32_t n = p->v[i];

		if (n == 0)
			plain(e);
		else if (n == 4)
			underline(e,
			    p->from[i] < p->to[i] ? p->sub[p->from[i]] : 1);
		else if (n == 21)
			underline(e, 2);
		else if (n == 24)
			underline(e, 0);
		else if (n == 59)
			e->pen_ext.colour = 0;
		else if (n == 38 || n == 48 || n == 58)
			i += pick(e, i);
		else
			simple(e, n);
	}
	emu_pen_changed(e);
}
