/* SPDX-License-Identifier: MIT */
/*
 * Characters into cells, as InputHandler.print() of xterm.js does it: where
 * lines wrap, what becomes of wide characters at the edge and of combining
 * marks. Invariant: a cell has at most EMU_MARKS marks, and nothing is written
 * outside of a line, whose cursor may stand behind its end.
 */
#include <string.h>

#include "daemon/emu/state.h"

/* One mark more on a character: a pair of what it was and the mark. */
struct pair {
	uint32_t base, mark;
};

static struct cell *
cell_at(struct emu *e, unsigned x)
{
	struct line *l = e->on->line[e->on->y];

	if (x >= l->len)
		return NULL;
	line_use(l, x + 1);
	return &l->cell[x];
}

static void
put(struct emu *e, unsigned x, uint32_t ch)
{
	struct cell *c = cell_at(e, x);

	if (c == NULL)
		return;
	*c = e->pen;
	c->ch = ch;
}

unsigned
emu_marks(const struct emu *e, uint32_t ch)
{
	struct pair p;
	unsigned n = 0;
	size_t len;

	for (; ch & CELL_MARKED; ch = p.base, n++)
		memcpy(&p, intern_get(&e->marked, ch & CELL_CODE, &len),
		    sizeof(p));
	return n;
}

static void
mark(struct emu *e, struct cell *c, uint32_t ch)
{
	struct pair p = { c->ch & CELL_CONTENT, ch };
	uint32_t id;

	if (!(c->ch & CELL_CONTENT)) {
		c->ch = ch | CELL_WIDTH(1);
		return;
	}
	if (emu_marks(e, p.base) >= EMU_MARKS)
		return;
	id = intern_id(&e->marked, &p, sizeof(p), &e->work);
	if (id != 0)
		c->ch = (c->ch & ~CELL_CONTENT) | CELL_MARKED | id;
}

/* To the next line, when a character of `width` finds no room in this one. */
static void
wrap(struct emu *e)
{
	struct screen *s = e->on;
	struct line *old = s->line[s->y];
	unsigned x = s->x;

	s->x = 0;
	if (s->y == s->bottom) {
		emu_scroll(e, true);
		old = s->bottom > s->top ? s->line[s->y - 1] : NULL;
	} else {
		if (s->y + 1 < e->rows)
			s->y++;
		s->line[s->y]->wrapped = true;
	}
	/* Room for half a character stays empty. */
	if (old != NULL)
		line_use(old, x < old->len ? old->len : 0);
	for (; old != NULL && x < old->len; x++) {
		old->cell[x] = e->pen;
		old->cell[x].ch = CELL_WIDTH(1);
	}
}

/* What is left of a wide character that is written over. */
static void
halve_before(struct emu *e)
{
	struct screen *s = e->on;

	if (s->x > 0 && emu_cell_width(s->line[s->y], s->x - 1) == 2)
		put(e, s->x - 1, CELL_WIDTH(1));
}

/* False: it is not shown. */
static bool
make_room(struct emu *e, unsigned width)
{
	struct screen *s = e->on;

	if (s->x + width <= e->cols)
		return true;
	if (e->modes & MODE_WRAP) {
		wrap(e);
		return true;
	}
	/* xterm.js does it where its input happens to be cut. */
	s->x = e->cols - 1;
	halve_before(e);
	return width != 2;
}

static void
make_space(struct emu *e, unsigned width)
{
	struct line *l = e->on->line[e->on->y];

	emu_cells_insert(e, l, e->on->x, width, e->pen);
	if (emu_cell_width(l, e->cols - 1) == 2) {
		line_use(l, e->cols);
		l->cell[e->cols - 1] = e->pen;
		l->cell[e->cols - 1].ch = 0;
	}
}

static void
print_one(struct emu *e, uint32_t ch)
{
	struct screen *s = e->on;
	unsigned width, before = e->in.join >> 1;
	struct cell *c;

	if (ch < 127 && e->charset != 0)
		ch = emu_charset(e->charset, ch);
	width = emu_width(ch);
	if (width == 0 && before > 0 && s->x > 0) {
		e->in.join = before << 1 | 1;
		c = cell_at(e,
		    s->x - (emu_cell_width(s->line[s->y], s->x - 1) ? 1 : 2));
		if (c != NULL)
			mark(e, c, ch);
		return;
	}
	e->in.join = width << 1;
	if (!make_room(e, width))
		return;
	if (e->modes & MODE_INSERT)
		make_space(e, width);
	put(e, s->x++, ch | CELL_WIDTH(width));
	if (width == 2)
		put(e, s->x++, 0);
}

/* A run that was cut is no new one. */
static void
before_run(struct emu *e)
{
	if (e->in.join == 0)
		halve_before(e);
}

static void
after_run(struct emu *e)
{
	struct screen *s = e->on;

	if (s->x < e->cols && emu_cell_is_empty(s->line[s->y], s->x))
		put(e, s->x, CELL_WIDTH(1));
}

void
emu_print(struct emu *e, const uint32_t *ch, size_t n)
{
	before_run(e);
	for (size_t i = 0; i < n; i++)
		print_one(e, ch[i]);
	after_run(e);
	e->work += n;
}

/* As many as fit into the line, none of which needs a closer look. */
static size_t
ascii_run(struct emu *e, const uint8_t *p, size_t n)
{
	struct screen *s = e->on;
	struct line *l = s->line[s->y];
	struct cell *c = &l->cell[s->x], pen = e->pen;

	if (n > e->cols - s->x)
		n = e->cols - s->x;
	line_use(l, s->x + (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		c[i] = pen;
		c[i].ch = p[i] | CELL_WIDTH(1);
	}
	s->x += (unsigned)n;
	e->in.join = 1 << 1;
	return n;
}

void
emu_print_ascii(struct emu *e, const uint8_t *p, size_t n)
{
	struct screen *s = e->on;
	size_t took;

	before_run(e);
	for (; n > 0; p += took, n -= took) {
		took = 1;
		if (s->x < e->cols && e->charset == 0 &&
		    !(e->modes & MODE_INSERT))
			took = ascii_run(e, p, n);
		else
			print_one(e, *p);
	}
	after_run(e);
}

/* All of the cell before the cursor once more, with its marks. */
static size_t
spell(const struct emu *e, uint32_t ch, uint32_t *out)
{
	struct pair p;
	size_t len, n = emu_marks(e, ch), i = n;

	for (; ch & CELL_MARKED; ch = p.base) {
		memcpy(&p, intern_get(&e->marked, ch & CELL_CODE, &len),
		    sizeof(p));
		out[i--] = p.mark;
	}
	out[0] = ch & CELL_CODE;
	return out[0] == 0 ? 0 : n + 1;
}

void
emu_repeat(struct emu *e, unsigned n)
{
	unsigned width = e->in.join >> 1;
	uint32_t text[EMU_MARKS + 1];
	const struct cell *c;
	size_t len;

	if (e->in.join == 0 || e->on->x < width)
		return;
	c = cell_at(e, e->on->x - width);
	len = c != NULL ? spell(e, c->ch & CELL_CONTENT, text) : 0;
	/* A screen full of it is no other than many. */
	if (n > e->cols * e->rows)
		n = e->cols * e->rows;
	for (unsigned i = 0; i < n && len > 0; i++)
		emu_print(e, text, len);
}
