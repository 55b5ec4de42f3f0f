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

/* `base`: 30 for characters, 40 for what is behind them. */
static void
put_colour(struct buf *b, uint32_t c, unsigned base)
{
	unsigned v = c & 0xff;

	if ((c & COLOUR_RGB) == COLOUR_RGB)
		buf_printf(b, ";%u;2;%u;%u;%u", base + 8, c >> 16 & 0xff,
		    c >> 8 & 0xff, v);
	else if (c & COLOUR_256)
		buf_printf(b, ";%u;5;%u", base + 8, v);
	else if (c & COLOUR_16)
		buf_printf(b, ";%u", v < 8 ? base + v : base + 60 + v - 8);
}

/* Only with colons: else its numbers mean blinking and the like elsewhere. */
static void
put_underline(struct buf *b, uint32_t c)
{
	if ((c & COLOUR_RGB) == COLOUR_RGB)
		buf_printf(b, "58:2::%u:%u:%u", c >> 16 & 0xff, c >> 8 & 0xff,
		    c & 0xff);
	else
		buf_printf(b, "58:5:%u", c & 0xff);
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
	buf_put_text(o->b, "\x1b[0");
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		if (c->fg & looks[i].fg || c->bg & looks[i].bg)
			buf_put_text(o->b, looks[i].number);
	if (c->fg & FG_UNDERLINE && x.style > 1)
		buf_printf(o->b, ";4:%u", x.style);
	else if (c->fg & FG_UNDERLINE)
		buf_put_text(o->b, ";4");
	put_colour(o->b, c->fg & CELL_COLOUR, 30);
	put_colour(o->b, c->bg & CELL_COLOUR, 40);
	if (x.colour != 0) {
		buf_put_u8(o->b, ';');
		put_underline(o->b, x.colour);
	}
	buf_put_u8(o->b, 'm');
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
	if (x->colour == 0 || o->pen.ext != 0)
		return;
	buf_put_text(o->b, "\x1b[");
	put_underline(o->b, x->colour);
	buf_put_u8(o->b, 'm');
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
