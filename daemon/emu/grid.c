/* SPDX-License-Identifier: MIT */
/*
 * Cells, lines, the two screens and the lines above the main one. Invariant:
 * a screen that is there has `rows` lines of `cols` cells; a line above it has
 * the length it had when it left.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/state.h"
#include "lib/xalloc.h"

struct line *
emu_line_packed(unsigned len, unsigned room)
{
	struct line *l =
	    xmalloc(sizeof(*l) + (size_t)room * sizeof(struct cell));

	l->len = len;
	l->room = room;
	l->used = 0;
	l->wrapped = false;
	return l;
}

struct line *
emu_line_blank(unsigned len)
{
	struct line *l = emu_line_packed(len, len);

	for (unsigned i = 0; i < len; i++)
		l->cell[i] = (struct cell){ .ch = CELL_WIDTH(1) };
	return l;
}

/* Erased cells keep the colour of the background and nothing else. */
struct cell
emu_blank(const struct emu *e)
{
	return (struct cell){ .ch = CELL_WIDTH(1),
		.bg = e->pen.bg & CELL_COLOUR };
}

static bool
is_plain(struct cell c)
{
	return c.ch == CELL_WIDTH(1) && (c.fg | c.bg) == 0;
}

void
emu_fill(struct emu *e, struct line *l, struct cell c)
{
	unsigned end = is_plain(c) ? l->used : l->len;

	for (unsigned i = 0; i < end; i++)
		l->cell[i] = c;
	l->used = is_plain(c) ? 0 : l->len;
	e->work += end + 1;
}

/* What lies outside of a line has no width, as in xterm.js. */
unsigned
emu_cell_width(const struct line *l, unsigned x)
{
	return x < l->len ? l->cell[x].ch >> 22 : 0;
}

/* The second half of a wide character, or what looks like one. */
bool
emu_cell_is_empty(const struct line *l, unsigned x)
{
	return x < l->len && (l->cell[x].ch >> 22) == 0 &&
	       (l->cell[x].ch & CELL_CONTENT) == 0;
}

/* Half of a wide character is none. */
static void
halve(struct line *l, unsigned x, struct cell fill)
{
	fill.ch = CELL_WIDTH(1);
	l->cell[x] = fill;
	line_use(l, x + 1);
}

void
emu_cells_insert(struct emu *e, struct line *l, unsigned at, unsigned n,
    struct cell fill)
{
	at %= l->len;
	if (at > 0 && emu_cell_width(l, at - 1) == 2)
		halve(l, at - 1, fill);
	if (n > l->len - at)
		n = l->len - at;
	memmove(&l->cell[at + n], &l->cell[at],
	    (l->len - at - n) * sizeof(fill));
	for (unsigned i = 0; i < n; i++)
		l->cell[at + i] = fill;
	l->used = l->used + n < l->len ? l->used + n : l->len;
	line_use(l, at + n);
	if (emu_cell_width(l, l->len - 1) == 2)
		halve(l, l->len - 1, fill);
	e->work += l->len - at;
}

void
emu_cells_delete(struct emu *e, struct line *l, unsigned at, unsigned n,
    struct cell fill)
{
	at %= l->len;
	if (n > l->len - at)
		n = l->len - at;
	memmove(&l->cell[at], &l->cell[at + n],
	    (l->len - at - n) * sizeof(fill));
	for (unsigned i = l->len - n; i < l->len; i++)
		l->cell[i] = fill;
	if (!is_plain(fill))
		l->used = l->len;
	if (at > 0 && emu_cell_width(l, at - 1) == 2)
		halve(l, at - 1, fill);
	if (emu_cell_is_empty(l, at))
		halve(l, at, fill);
	e->work += l->len - at;
}

static bool
is_protected(const struct line *l, unsigned x)
{
	return x < l->len && l->cell[x].bg & BG_PROTECTED;
}

/*
 * Blanks cells of a line. With `respect` protected ones stay, and which half
 * of a wide character is looked at then is as in xterm.js.
 */
void
emu_cells_replace(struct emu *e, struct line *l, unsigned from, unsigned to,
    bool respect)
{
	struct cell fill = emu_blank(e);

	if (from > 0 && emu_cell_width(l, from - 1) == 2 &&
	    !(respect && is_protected(l, from - 1)))
		halve(l, from - 1, fill);
	if (to > 0 && to < l->len && emu_cell_width(l, to - 1) == 2 &&
	    !(respect && is_protected(l, to)))
		halve(l, to, fill);
	if (is_plain(fill) && to > l->used)
		to = l->used;
	if (to > l->len)
		to = l->len;
	if (!is_plain(fill))
		line_use(l, to);
	for (unsigned i = from; i < to; i++)
		if (!(respect && is_protected(l, i)))
			l->cell[i] = fill;
	e->work += to > from ? to - from : 0;
}

static unsigned
hist_index(const struct emu *e, unsigned i)
{
	return (e->hist_at + i) % e->hist_max;
}

struct line *
emu_hist_get(const struct emu *e, unsigned i)
{
	return e->hist[hist_index(e, i)];
}

void
emu_hist_clear(struct emu *e)
{
	for (unsigned i = 0; i < e->hist_n; i++)
		free(emu_hist_get(e, i));
	e->work += e->hist_n;
	/* Where a saved cursor is counted from. */
	e->main.saved.y += e->hist_n;
	e->hist_n = e->hist_at = 0;
}

/* A copy: a flood of short lines touches little memory then. */
static struct line *
pack(struct line *room, const struct line *l)
{
	unsigned n = l->used;

	if (room == NULL || room->room < n) {
		free(room);
		room = emu_line_packed(n, n);
	}
	room->len = l->len;
	room->wrapped = l->wrapped;
	room->used = n;
	memcpy(room->cell, l->cell, n * sizeof(struct cell));
	return room;
}

void
emu_hist_push(struct emu *e, const struct line *l)
{
	struct line **at;

	if (e->hist_n < e->hist_max) {
		at = &e->hist[hist_index(e, e->hist_n++)];
		*at = NULL;
		e->main.saved.y--;
	} else {
		at = &e->hist[e->hist_at];
		e->hist_at = (e->hist_at + 1) % e->hist_max;
	}
	*at = pack(*at, l);
}

/*
 * The line that leaves at the top of the screen is kept if it is the main one.
 */
void
emu_scroll(struct emu *e, bool wrapped)
{
	struct screen *s = e->on;
	struct line **top = &s->line[s->top], *l = *top;

	if (s == &e->main && s->top == 0)
		emu_hist_push(e, l);
	memmove(top, top + 1, (s->bottom - s->top) * sizeof(struct line *));
	s->line[s->bottom] = l;
	emu_fill(e, l, emu_blank(e));
	l->wrapped = wrapped;
	e->work += s->bottom - s->top;
}

static void
blank_lines(struct emu *e, unsigned from, unsigned n, struct cell fill)
{
	for (unsigned i = from; i < from + n; i++) {
		emu_fill(e, e->on->line[i], fill);
		e->on->line[i]->wrapped = false;
	}
}

static void
reverse(struct line **a, unsigned n)
{
	for (unsigned i = 0; i < n / 2; i++) {
		struct line *l = a[i];

		a[i] = a[n - 1 - i];
		a[n - 1 - i] = l;
	}
}

/* The first `n` of `len` lines come behind the others. */
static void
rotate(struct line **a, unsigned len, unsigned n)
{
	reverse(a, n);
	reverse(a + n, len - n);
	reverse(a, len);
}

void
emu_lines_up(struct emu *e, unsigned top, unsigned bottom, unsigned n,
    struct cell fill)
{
	unsigned len = bottom - top + 1;

	if (n > len)
		n = len;
	rotate(e->on->line + top, len, n);
	blank_lines(e, bottom + 1 - n, n, fill);
	e->work += len;
}

void
emu_lines_down(struct emu *e, unsigned top, unsigned bottom, unsigned n,
    struct cell fill)
{
	unsigned len = bottom - top + 1;

	if (n > len)
		n = len;
	rotate(e->on->line + top, len, len - n);
	blank_lines(e, top, n, fill);
	e->work += len;
}

void
emu_tabs_reset(struct screen *s)
{
	memset(s->tabs, 0, sizeof(s->tabs));
	/* Bit x % 8 of byte x / 8: each eighth column. */
	memset(s->tabs, 1, EMU_TABS / 8);
}

static void
screen_free(struct emu *e, struct screen *s)
{
	for (unsigned i = 0; s->line != NULL && i < e->rows; i++)
		free(s->line[i]);
	free(s->line);
	s->line = NULL;
}

static void
screen_make(struct emu *e, struct screen *s, struct cell fill)
{
	s->line = xcalloc(e->rows, sizeof(struct line *));
	for (unsigned i = 0; i < e->rows; i++) {
		s->line[i] = emu_line_blank(e->cols);
		emu_fill(e, s->line[i], fill);
	}
	e->work += (size_t)e->rows * e->cols;
}

static void
screen_clear(struct emu *e, struct screen *s)
{
	s->x = s->y = s->top = 0;
	s->bottom = e->rows - 1;
	emu_tabs_reset(s);
}

/* The alternate screen is made when it is entered and gone when it is left. */
void
emu_screen_on(struct emu *e, struct screen *s)
{
	if (e->on == s)
		return;
	s->x = e->on->x;
	s->y = e->on->y;
	if (s == &e->alt) {
		screen_make(e, s, emu_blank(e));
	} else {
		screen_free(e, &e->alt);
		screen_clear(e, &e->alt);
	}
	e->on = s;
}

void
emu_screens_reset(struct emu *e)
{
	struct cell plain = { .ch = CELL_WIDTH(1) };

	emu_hist_clear(e);
	screen_free(e, &e->main);
	screen_free(e, &e->alt);
	memset(&e->main, 0, sizeof(e->main));
	memset(&e->alt, 0, sizeof(e->alt));
	screen_clear(e, &e->main);
	screen_clear(e, &e->alt);
	screen_make(e, &e->main, plain);
	e->on = &e->main;
}

/* Bytes of very wide lines count. */
unsigned
emu_hist_limit(unsigned cols)
{
	unsigned n = EMU_HISTORY_BYTES / (cols * (unsigned)sizeof(struct cell));

	return n < EMU_HISTORY ? n : EMU_HISTORY;
}

struct emu *
emu_new(unsigned cols, unsigned rows)
{
	struct emu *e = xcalloc(1, sizeof(*e));

	e->cols = cols;
	e->rows = rows;
	e->hist_max = emu_hist_limit(cols);
	e->hist = xcalloc(EMU_HISTORY, sizeof(struct line *));
	intern_init(&e->marked, 65535, 65535 * 8);
	intern_init(&e->exts, 4096, 4096 * sizeof(struct ext));
	intern_init(&e->links, 4096, 256u << 10);
	e->modes = MODE_WRAP;
	emu_screens_reset(e);
	emu_parser_reset(&e->in);
	e->pen.ch = CELL_WIDTH(1);
	return e;
}

void
emu_free(struct emu *e)
{
	if (e == NULL)
		return;
	emu_hist_clear(e);
	screen_free(e, &e->main);
	screen_free(e, &e->alt);
	free(e->hist);
	intern_done(&e->marked);
	intern_done(&e->exts);
	intern_done(&e->links);
	free(e->title);
	free(e->colour);
	free(e);
}
