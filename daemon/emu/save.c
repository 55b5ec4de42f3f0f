/* SPDX-License-Identifier: MIT */
/*
 * Invariant: a piece refers only to what was put before it, and only what the
 * lines still refer to is put: the tables of the one that is loaded have room
 * again.
 */
#include "daemon/emu/save.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/emu/piece.h"
#include "daemon/emu/state.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

/* The new numbers of what is in a table, by the old ones; 0: not put yet. */
struct renumber {
	uint32_t *to, n;
};

struct emu_save {
	const struct emu *e;
	struct renumber marked, exts, links;
	unsigned main, alt, above; /* lines put so far */
	struct cell pen;	   /* of the last run */
	size_t before;		   /* put by earlier calls */
	uint8_t line[EMU_SAVE_PIECE];
};

static void
renumber_init(struct renumber *r, const struct intern *t)
{
	r->to = xcalloc((size_t)t->n + 1, sizeof(*r->to));
}

struct emu_save *
emu_save_new(const struct emu *e)
{
	struct emu_save *s = xcalloc(1, sizeof(*s));

	s->e = e;
	renumber_init(&s->marked, &e->marked);
	renumber_init(&s->exts, &e->exts);
	renumber_init(&s->links, &e->links);
	return s;
}

void
emu_save_free(struct emu_save *s)
{
	if (s == NULL)
		return;
	free(s->marked.to);
	free(s->exts.to);
	free(s->links.to);
	free(s);
}

static void
put_head(struct buf *out, enum piece kind, size_t len)
{
	buf_put_u32(out, (uint32_t)kind << 24 | (uint32_t)len);
}

static uint32_t
put_link(struct emu_save *s, uint32_t id, struct buf *out)
{
	const uint8_t *p;
	size_t len;

	if (id == 0 || s->links.to[id] != 0)
		return id == 0 ? 0 : s->links.to[id];
	p = intern_get(&s->e->links, id, &len);
	put_head(out, PIECE_LINK, len);
	buf_put(out, p, len);
	return s->links.to[id] = ++s->links.n;
}

static void
put_ext_fields(struct buf *out, struct ext x)
{
	buf_put_u32(out, x.style);
	buf_put_u32(out, x.colour);
	buf_put_u32(out, x.link);
}

static uint32_t
put_ext(struct emu_save *s, uint32_t id, struct buf *out)
{
	struct ext x;
	size_t len;

	if (id == 0 || s->exts.to[id] != 0)
		return id == 0 ? 0 : s->exts.to[id];
	memcpy(&x, intern_get(&s->e->exts, id, &len), sizeof(x));
	x.link = put_link(s, x.link, out);
	put_head(out, PIECE_EXT, sizeof(x));
	put_ext_fields(out, x);
	return s->exts.to[id] = ++s->exts.n;
}

/* What a cell contains, by the new numbers. Marks are few, so it ends soon. */
static uint32_t
put_content(struct emu_save *s, uint32_t content, struct buf *out)
{
	uint32_t id = content & CELL_CODE, pair[2], n;
	size_t len;

	if (!(content & CELL_MARKED))
		return content;
	if (s->marked.to[id] == 0) {
		memcpy(pair, intern_get(&s->e->marked, id, &len), sizeof(pair));
		pair[0] = put_content(s, pair[0], out);
		put_head(out, PIECE_MARKED, sizeof(pair));
		buf_put_u32(out, pair[0]);
		buf_put_u32(out, pair[1]);
		s->marked.to[id] = ++s->marked.n;
	}
	n = s->marked.to[id];
	return CELL_MARKED | n;
}

static uint8_t *
add_u32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		*p++ = (uint8_t)(v >> 8 * i);
	return p;
}

static uint8_t *
add_u16(uint8_t *p, unsigned v)
{
	*p++ = (uint8_t)v;
	*p++ = (uint8_t)(v >> 8);
	return p;
}

static bool
is_narrow(uint32_t ch)
{
	return (ch & ~0x7fu) == CELL_WIDTH(1);
}

static bool
same_pen(const struct cell *a, const struct cell *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->ext == b->ext;
}

static unsigned
run_of(const struct cell *c, unsigned max)
{
	bool narrow = is_narrow(c->ch);
	unsigned n = 1;

	while (n < max && same_pen(c, c + n) && is_narrow(c[n].ch) == narrow)
		n++;
	return n;
}

static uint8_t *
add_run(struct emu_save *s, uint8_t *p, const struct cell *c, unsigned n)
{
	bool narrow = is_narrow(c->ch), same = same_pen(c, &s->pen);
	uint32_t ch;

	*p++ = (uint8_t)((same ? 0 : RUN_PEN) | (narrow ? 0 : RUN_WIDE));
	p = add_u16(p, n);
	if (!same) {
		p = add_u32(p, c->fg);
		p = add_u32(p, c->bg);
		p = add_u32(p, c->ext > 0 ? s->exts.to[c->ext] : 0);
		s->pen = *c;
	}
	for (unsigned i = 0; i < n; i++) {
		ch = c[i].ch;
		if (narrow)
			*p++ = (uint8_t)(ch & 0x7f);
		else if (ch & CELL_MARKED)
			p = add_u32(p,
			    (ch & ~CELL_CODE) | s->marked.to[ch & CELL_CODE]);
		else
			p = add_u32(p, ch);
	}
	return p;
}

static void
put_line(struct emu_save *s, enum piece kind, const struct line *l,
    struct buf *out)
{
	bool refers = s->e->marked.n > 0 || s->e->exts.n > 0;
	uint8_t *p = s->line;
	unsigned n;

	for (unsigned x = 0; refers && x < l->used; x++) {
		(void)put_content(s, l->cell[x].ch & CELL_CONTENT, out);
		(void)put_ext(s, l->cell[x].ext, out);
	}
	p = add_u16(p, l->len);
	p = add_u16(p, l->used);
	*p++ = l->wrapped;
	for (unsigned x = 0; x < l->used; x += n) {
		n = run_of(&l->cell[x], l->used - x);
		p = add_run(s, p, &l->cell[x], n);
	}
	put_head(out, kind, (size_t)(p - s->line));
	buf_put(out, s->line, (size_t)(p - s->line));
}

static void
put_screen(const struct screen *s, struct buf *out)
{
	const struct saved *v = &s->saved;

	buf_put_u16(out, (uint16_t)s->x);
	buf_put_u16(out, (uint16_t)s->y);
	buf_put_u16(out, (uint16_t)s->top);
	buf_put_u16(out, (uint16_t)s->bottom);
	buf_put_u16(out, (uint16_t)v->x);
	buf_put_u64(out, (uint64_t)(int64_t)v->y);
	buf_put_u32(out, v->fg);
	buf_put_u32(out, v->bg);
	buf_put_u8(out, (uint8_t)emu_charset_final(v->charset));
	buf_put_u8(out, v->is_set);
	buf_put(out, s->tabs, sizeof(s->tabs));
}

static void
put_colours(const struct emu *e, struct buf *out)
{
	for (unsigned i = 0; e->colour != NULL && i < EMU_COLOURS; i++) {
		if (e->colour[i][0] == '\0')
			continue;
		buf_put_u16(out, (uint16_t)i);
		buf_put_str(out, e->colour[i]);
	}
	buf_put_u16(out, EMU_COLOURS);
}

static void
put_pen(struct emu_save *s, struct buf *out, struct ext x)
{
	const struct emu *e = s->e;

	buf_put_u32(out, e->pen.fg);
	buf_put_u32(out, e->pen.bg);
	buf_put_u32(out, e->pen.ext > 0 ? s->exts.to[e->pen.ext] : 0);
	put_ext_fields(out, x);
}

static void
put_switches(const struct emu *e, struct buf *out)
{
	buf_put_u32(out, e->modes);
	buf_put_u32(out, e->mouse);
	buf_put_u32(out, e->mouse_enc);
	buf_put_u32(out, e->cursor_style);
	buf_put_u32(out, e->in.join);
	buf_put_u8(out, e->glevel);
	buf_put_u8(out, (uint8_t)emu_charset_final(e->charset));
	for (unsigned i = 0; i < 4; i++)
		buf_put_u8(out, (uint8_t)emu_charset_final(e->g[i]));
}

static void
put_rest(struct emu_save *s, struct buf *out)
{
	const struct emu *e = s->e;
	struct ext x = e->pen_ext;
	struct buf b;

	buf_init(&b, PIECE_LENGTH);
	(void)put_ext(s, e->pen.ext, out);
	x.link = put_link(s, x.link, out);
	put_switches(e, &b);
	put_pen(s, &b, x);
	put_screen(&e->main, &b);
	put_screen(&e->alt, &b);
	buf_put_u8(&b, e->title != NULL);
	buf_put_str(&b, e->title != NULL ? e->title : "");
	put_colours(e, &b);
	buf_put_u16(&b, (uint16_t)e->in.pending_len);
	buf_put(&b, e->in.pending, e->in.pending_len);
	put_head(out, PIECE_REST, b.len);
	buf_put(out, b.data, b.len);
	buf_done(&b);
}

/* False: there is no line more to put. */
static bool
put_next(struct emu_save *s, struct buf *out, bool full)
{
	const struct emu *e = s->e;
	unsigned n;

	if (s->main < e->rows) {
		put_line(s, PIECE_MAIN, e->main.line[s->main++], out);
	} else if (e->on == &e->alt && s->alt < e->rows) {
		put_line(s, PIECE_ALT, e->alt.line[s->alt++], out);
	} else if (s->above < e->hist_n && !full) {
		n = e->hist_n - ++s->above;
		put_line(s, PIECE_ABOVE, emu_hist_get(e, n), out);
	} else {
		return false;
	}
	return true;
}

bool
emu_save_step(struct emu_save *s, struct buf *out, size_t len, size_t max)
{
	size_t begin = out->len;

	while (out->len < len) {
		if (put_next(s, out, s->before + out->len - begin >= max))
			continue;
		put_rest(s, out);
		return false;
	}
	s->before += out->len - begin;
	return true;
}
