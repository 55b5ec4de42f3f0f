/* SPDX-License-Identifier: MIT */
/*
 * Cells back to output: the text of a cell and the sequences that give a pen
 * its look. Invariant: what is put is only what a terminal once kept, so no
 * byte of it acts but by the sequences written here.
 */
#include <string.h>

#include "daemon/emu/out.h"
#include "lib/buf.h"

static const struct {
	uint32_t fg, bg;
	const char *number;
} looks[] = {
	{ FG_BOLD, 0, ";1" },
	{ 0, BG_DIM, ";2" },
	{ 0, BG_ITALIC, ";3" },
	{ FG_BLINK, 0, ";5" },
	{ FG_INVERSE, 0, ";7" },
	{ FG_INVISIBLE, 0, ";8" },
	{ FG_STRIKE, 0, ";9" },
	{ 0, BG_OVERLINE, ";53" },
};

/*
 * A screen may have another pen in each cell, so they are not printed with a
 * format: longest are all looks, two colours and that of underlines.
 */
#define LOOK_MAX 128

static char *
add_text(char *p, const char *s)
{
	size_t n = strlen(s);

	memcpy(p, s, n);
	return p + n;
}

/* `v` is below 1000. */
static char *
add_number(char *p, char before, unsigned v)
{
	*p++ = before;
	if (v >= 100)
		*p++ = (char)('0' + v / 100 % 10);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *
add_rgb(char *p, char before, uint32_t c)
{
	p = add_number(p, before, c >> 16 & 0xff);
	p = add_number(p, before, c >> 8 & 0xff);
	return add_number(p, before, c & 0xff);
}

/* `base`: 30 for characters, 40 for what is behind them. */
static char *
add_colour(char *p, uint32_t c, unsigned base)
{
	unsigned v = c & 0xff;

	if ((c & COLOUR_RGB) == COLOUR_RGB)
		return add_rgb(add_text(add_number(p, ';', base + 8), ";2"),
		    ';', c);
	if (c & COLOUR_256)
		return add_number(add_text(add_number(p, ';', base + 8), ";5"),
		    ';', v);
	if (c & COLOUR_16)
		return add_number(p, ';', v < 8 ? base + v : base + 52 + v);
	return p;
}

/* Only with colons: else its numbers mean blinking and the like elsewhere. */
static char *
add_underline(char *p, uint32_t c)
{
	if ((c & COLOUR_RGB) == COLOUR_RGB)
		return add_rgb(add_text(p, "58:2:"), ':', c);
	return add_number(add_text(p, "58:5"), ':', c & 0xff);
}

static struct ext
ext_of(const struct emu *e, uint32_t id)
{
	struct ext x = { 0 };
	size_t len;

	if (id != 0)
		memcpy(&x, intern_get(&e->exts, id, &len), sizeof(x));
	return x;
}

static void
put_look(struct emu_out *o, const struct cell *c, struct ext x)
{
	char text[LOOK_MAX], *p = add_text(text, "\x1b[0");

	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (c->fg & looks[i].fg || c->bg & looks[i].bg)
			p = add_text(p, looks[i].number);
	if (c->fg & FG_UNDERLINE)
		p = add_text(p, ";4");
	if (c->fg & FG_UNDERLINE && x.style > 1)
		p = add_number(p, ':', x.style);
	p = add_colour(p, c->fg & CELL_COLOUR, 30);
	p = add_colour(p, c->bg & CELL_COLOUR, 40);
	if (x.colour != 0)
		p = add_underline(add_text(p, ";"), x.colour);
	*p++ = 'm';
	buf_put(o->b, text, (size_t)(p - text));
	/* Which a 0 among them takes away in xterm.js. */
	if (c->bg & BG_PROTECTED)
		buf_put_text(o->b, "\x1b[1\"q");
}

static void
put_link(struct emu_out *o, uint32_t link)
{
	const uint8_t *key;
	size_t len, name;

	o->link = link;
	if (link == 0) {
		buf_put_text(o->b, "\x1b]8;;\x1b\\");
		return;
	}
	key = intern_get(&o->e->links, link, &len);
	name = strlen((const char *)key);
	buf_put_text(o->b, name > 0 ? "\x1b]8;id=" : "\x1b]8;");
	buf_put(o->b, key, name);
	buf_put_u8(o->b, ';');
	buf_put(o->b, key + name + 1, len - name - 1);
	buf_put_text(o->b, "\x1b\\");
}

void
emu_put_pen(struct emu_out *o, const struct cell *c)
{
	struct ext x = ext_of(o->e, c->ext);

	if (c->fg != o->pen.fg || c->bg != o->pen.bg || c->ext != o->pen.ext) {
		put_look(o, c, x);
		o->pen = *c;
	}
	if (x.link != o->link && !o->no_links)
		put_link(o, x.link);
}

void
emu_put_plain(struct emu_out *o)
{
	static const struct cell plain;

	emu_put_pen(o, &plain);
}

void
emu_put_underline(struct emu_out *o, const struct ext *x)
{
	char text[LOOK_MAX], *p;

	if (x->colour == 0 || o->pen.ext != 0)
		return;
	p = add_underline(add_text(text, "\x1b["), x->colour);
	*p++ = 'm';
	buf_put(o->b, text, (size_t)(p - text));
}

static void
put_char(struct buf *b, uint32_t c)
{
	uint8_t out[4];

	buf_put(b, out, emu_utf8(out, c));
}

/* Marks come last in a pair, so the text is put from its depth up. */
void
emu_put_text(struct emu_out *o, uint32_t ch)
{
	uint32_t pair[2];
	size_t len;

	if (!(ch & CELL_MARKED)) {
		put_char(o->b, ch & CELL_CODE);
		return;
	}
	memcpy(pair, intern_get(&o->e->marked, ch & CELL_CODE, &len),
	    sizeof(pair));
	emu_put_text(o, pair[0]);
	put_char(o->b, pair[1]);
}
