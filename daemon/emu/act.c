/* SPDX-License-Identifier: MIT */
/*
 * What controls and sequences do with the cursor and the cells. Invariant: the
 * cursor's row is on the screen; its column may be one behind the last, where
 * the next character wraps.
 */
#include <string.h>

#include "daemon/emu/state.h"

void
emu_restrict(struct emu *e, unsigned max_x)
{
	struct screen *s = e->on;
	bool origin = e->modes & MODE_ORIGIN;
	unsigned low = origin ? s->top : 0;
	unsigned high = origin ? s->bottom : e->rows - 1;

	if (s->x > max_x)
		s->x = max_x;
	if (s->y < low)
		s->y = low;
	if (s->y > high)
		s->y = high;
}

static unsigned
clamp(long v, unsigned max)
{
	return v < 0 ? 0 : v > (long)max ? max : (unsigned)v;
}

void
emu_set_cursor(struct emu *e, long x, long y)
{
	struct screen *s = e->on;

	if (e->modes & MODE_ORIGIN)
		y += s->top;
	s->x = clamp(x, e->cols - 1);
	s->y = clamp(y, e->rows - 1);
	emu_restrict(e, e->cols - 1);
}

/* With the origin mode the row is counted twice, as xterm.js does. */
static void
move(struct emu *e, long x, long y)
{
	emu_restrict(e, e->cols - 1);
	emu_set_cursor(e, (long)e->on->x + x, (long)e->on->y + y);
}

static long
arg(const struct emu *e, unsigned i)
{
	return i < e->in.p.n && e->in.p.v[i] > 0 ? e->in.p.v[i] : 1;
}

static long
least(long a, long b)
{
	return a < b ? a : b;
}

static void
do_up(struct emu *e)
{
	struct screen *s = e->on;

	if (s->y >= s->top)
		move(e, 0, -least((long)(s->y - s->top), arg(e, 0)));
	else
		move(e, 0, -arg(e, 0));
}

static void
do_down(struct emu *e)
{
	struct screen *s = e->on;

	if (s->y <= s->bottom)
		move(e, 0, least((long)(s->bottom - s->y), arg(e, 0)));
	else
		move(e, 0, arg(e, 0));
}

static void
do_right(struct emu *e)
{
	move(e, arg(e, 0), 0);
}

static void
do_left(struct emu *e)
{
	move(e, -arg(e, 0), 0);
}

static void
do_next_line(struct emu *e)
{
	do_down(e);
	e->on->x = 0;
}

static void
do_line_before(struct emu *e)
{
	do_up(e);
	e->on->x = 0;
}

static void
do_column(struct emu *e)
{
	emu_set_cursor(e, arg(e, 0) - 1, e->on->y);
}

static void
do_row(struct emu *e)
{
	emu_set_cursor(e, e->on->x, arg(e, 0) - 1);
}

static void
do_row_by(struct emu *e)
{
	move(e, 0, arg(e, 0));
}

static void
do_position(struct emu *e)
{
	emu_set_cursor(e, e->in.p.n >= 2 ? arg(e, 1) - 1 : 0, arg(e, 0) - 1);
}

static bool
is_tab(const struct screen *s, unsigned x)
{
	return s->tabs[x / 8] >> x % 8 & 1;
}

static void
tab(struct emu *e, long n, int step)
{
	struct screen *s = e->on;
	unsigned end = step > 0 ? e->cols - 1 : 0;

	if (s->x >= e->cols)
		return;
	while (n-- > 0 && s->x != end) {
		do
			s->x += (unsigned)step;
		while (s->x != end && !is_tab(s, s->x));
	}
	e->work += e->cols;
}

void
emu_tab(struct emu *e)
{
	tab(e, 1, 1);
}

static void
do_tab_right(struct emu *e)
{
	tab(e, arg(e, 0), 1);
}

static void
do_tab_left(struct emu *e)
{
	tab(e, arg(e, 0), -1);
}

static void
tab_set(struct emu *e, bool on)
{
	struct screen *s = e->on;
	uint8_t bit = (uint8_t)(1u << s->x % 8);

	if (s->x / 8 >= sizeof(s->tabs))
		return;
	if (on)
		s->tabs[s->x / 8] |= bit;
	else
		s->tabs[s->x / 8] &= (uint8_t)~bit;
}

void
emu_tab_set(struct emu *e)
{
	tab_set(e, true);
}

static void
do_tab_clear(struct emu *e)
{
	if (e->in.p.v[0] == 0)
		tab_set(e, false);
	else if (e->in.p.v[0] == 3)
		memset(e->on->tabs, 0, sizeof(e->on->tabs));
}

/* Erasing */

static void
erase(struct emu *e, unsigned y, unsigned from, unsigned to, bool unwrap,
    bool respect)
{
	struct line *l = e->on->line[y];

	emu_cells_replace(e, l, from, to, respect);
	if (unwrap)
		l->wrapped = false;
}

static void
erase_line(struct emu *e, unsigned y, bool respect)
{
	struct line *l = e->on->line[y];

	if (respect)
		emu_cells_replace(e, l, 0, l->len, true);
	else
		emu_fill(e, l, emu_blank(e));
	l->wrapped = false;
}

/* The line of this number, counted from the oldest: so does xterm.js. */
static void
unwrap(struct emu *e, unsigned i)
{
	unsigned above = e->on == &e->main ? e->hist_n : 0;

	if (i < above)
		emu_hist_get(e, i)->wrapped = false;
	else if (i - above < e->rows)
		e->on->line[i - above]->wrapped = false;
}

static void
erase_display(struct emu *e, bool respect)
{
	struct screen *s = e->on;
	unsigned i;

	emu_restrict(e, e->cols);
	if (e->in.p.v[0] == 0) {
		erase(e, s->y, s->x, e->cols, s->x == 0, respect);
		for (i = s->y + 1; i < e->rows; i++)
			erase_line(e, i, respect);
	} else if (e->in.p.v[0] == 1) {
		erase(e, s->y, 0, s->x + 1, true, respect);
		for (i = 0; i < s->y; i++)
			erase_line(e, i, respect);
		if (s->x + 1 >= e->cols)
			unwrap(e, s->y + 1);
	} else if (e->in.p.v[0] == 2) {
		for (i = 0; i < e->rows; i++)
			erase_line(e, i, respect);
	} else if (e->in.p.v[0] == 3 && s == &e->main) {
		emu_hist_clear(e);
	}
}

static void
erase_in_line(struct emu *e, bool respect)
{
	struct screen *s = e->on;

	emu_restrict(e, e->cols);
	if (e->in.p.v[0] == 0)
		erase(e, s->y, s->x, e->cols, s->x == 0, respect);
	else if (e->in.p.v[0] == 1)
		erase(e, s->y, 0, s->x + 1, false, respect);
	else if (e->in.p.v[0] == 2)
		erase(e, s->y, 0, e->cols, true, respect);
}

static void
do_erase_display(struct emu *e)
{
	erase_display(e, false);
}

static void
do_erase_display_some(struct emu *e)
{
	erase_display(e, true);
}

static void
do_erase_line(struct emu *e)
{
	erase_in_line(e, false);
}

static void
do_erase_line_some(struct emu *e)
{
	erase_in_line(e, true);
}

static void
do_erase_cells(struct emu *e)
{
	struct screen *s = e->on;

	emu_restrict(e, e->cols - 1);
	emu_cells_replace(e, s->line[s->y], s->x,
	    clamp((long)s->x + arg(e, 0), e->cols), false);
}

/* Inserting, deleting, scrolling */

static bool
in_region(const struct emu *e)
{
	return e->on->y >= e->on->top && e->on->y <= e->on->bottom;
}

static void
do_lines_insert(struct emu *e)
{
	struct screen *s = e->on;

	emu_restrict(e, e->cols - 1);
	if (!in_region(e))
		return;
	emu_lines_down(e, s->y, s->bottom, (unsigned)arg(e, 0), emu_blank(e));
	s->x = 0;
}

static void
do_lines_delete(struct emu *e)
{
	struct screen *s = e->on;

	emu_restrict(e, e->cols - 1);
	if (!in_region(e))
		return;
	emu_lines_up(e, s->y, s->bottom, (unsigned)arg(e, 0), emu_blank(e));
	s->x = 0;
}

static void
do_cells_insert(struct emu *e)
{
	emu_restrict(e, e->cols - 1);
	emu_cells_insert(e, e->on->line[e->on->y], e->on->x,
	    (unsigned)arg(e, 0), emu_blank(e));
}

static void
do_cells_delete(struct emu *e)
{
	emu_restrict(e, e->cols - 1);
	emu_cells_delete(e, e->on->line[e->on->y], e->on->x,
	    (unsigned)arg(e, 0), emu_blank(e));
}

static void
do_scroll_up(struct emu *e)
{
	emu_lines_up(e, e->on->top, e->on->bottom, (unsigned)arg(e, 0),
	    emu_blank(e));
}

/* The lines that come in have no colour, as in xterm.js. */
static void
do_scroll_down(struct emu *e)
{
	emu_lines_down(e, e->on->top, e->on->bottom, (unsigned)arg(e, 0),
	    (struct cell){ .ch = CELL_WIDTH(1) });
}

static void
columns(struct emu *e, unsigned at,
    void (*fn)(struct emu *, struct line *, unsigned, unsigned, struct cell))
{
	struct screen *s = e->on;

	if (!in_region(e))
		return;
	for (unsigned y = s->top; y <= s->bottom; y++) {
		fn(e, s->line[y], at, (unsigned)arg(e, 0), emu_blank(e));
		s->line[y]->wrapped = false;
	}
}

static void
do_shift_left(struct emu *e)
{
	columns(e, 0, emu_cells_delete);
}

static void
do_shift_right(struct emu *e)
{
	columns(e, 0, emu_cells_insert);
}

static void
do_columns_insert(struct emu *e)
{
	columns(e, e->on->x, emu_cells_insert);
}

static void
do_columns_delete(struct emu *e)
{
	columns(e, e->on->x, emu_cells_delete);
}

static void
do_region(struct emu *e)
{
	struct params *p = &e->in.p;
	long top = arg(e, 0), bottom = p->n < 2 ? 0 : p->v[1];

	if (bottom > (long)e->rows || bottom == 0)
		bottom = e->rows;
	if (bottom <= top)
		return;
	e->on->top = (unsigned)top - 1;
	e->on->bottom = (unsigned)bottom - 1;
	emu_set_cursor(e, 0, 0);
}

static void
do_repeat(struct emu *e)
{
	emu_repeat(e, (unsigned)arg(e, 0));
}

void
emu_save_cursor(struct emu *e)
{
	e->on->saved = (struct saved){ e->on->x, e->on->y, e->pen.fg, e->pen.bg,
		e->charset, true };
}

void
emu_restore_cursor(struct emu *e)
{
	const struct saved *v = &e->on->saved;

	e->on->x = v->x;
	e->on->y = clamp(v->y, e->rows - 1);
	e->pen.fg = v->fg;
	e->pen.bg = v->bg;
	e->charset = v->charset;
	emu_pen_changed(e);
	emu_restrict(e, e->cols - 1);
}

static void
do_protect(struct emu *e)
{
	if (e->in.p.v[0] == 1)
		e->pen.bg |= BG_PROTECTED;
	else if (e->in.p.v[0] == 0 || e->in.p.v[0] == 2)
		e->pen.bg &= ~BG_PROTECTED;
}

static void
do_cursor_style(struct emu *e)
{
	if (e->in.p.v[0] <= 6)
		e->cursor_style = (unsigned)e->in.p.v[0];
}

static void
do_set(struct emu *e)
{
	emu_mode(e, false, true);
}

static void
do_unset(struct emu *e)
{
	emu_mode(e, false, false);
}

static void
do_set_private(struct emu *e)
{
	emu_mode(e, true, true);
}

static void
do_unset_private(struct emu *e)
{
	emu_mode(e, true, false);
}

/* What was collected, then the final byte. */
#define SEQ(inter, final) ((uint32_t)(inter) << 8 | (final))
struct act {
	uint32_t seq;
	void (*fn)(struct emu *e);
};
/* The most frequent come first. */
static const struct act csis[] = {
	{ SEQ(0, 'm'), emu_sgr },
	{ SEQ(0, 'K'), do_erase_line },
	{ SEQ(0, 'H'), do_position },
	{ SEQ(0, 'C'), do_right },
	{ SEQ(0, 'a'), do_right },
	{ SEQ('?', 'h'), do_set_private },
	{ SEQ('?', 'l'), do_unset_private },
	{ SEQ(0, 'A'), do_up },
	{ SEQ(0, 'B'), do_down },
	{ SEQ(0, 'D'), do_left },
	{ SEQ(0, 'G'), do_column },
	{ SEQ(0, '`'), do_column },
	{ SEQ(0, 'd'), do_row },
	{ SEQ(0, 'J'), do_erase_display },
	{ SEQ(0, '@'), do_cells_insert },
	{ SEQ(' ', '@'), do_shift_left },
	{ SEQ(' ', 'A'), do_shift_right },
	{ SEQ(0, 'E'), do_next_line },
	{ SEQ(0, 'F'), do_line_before },
	{ SEQ(0, 'I'), do_tab_right },
	{ SEQ('?', 'J'), do_erase_display_some },
	{ SEQ('?', 'K'), do_erase_line_some },
	{ SEQ(0, 'L'), do_lines_insert },
	{ SEQ(0, 'M'), do_lines_delete },
	{ SEQ(0, 'P'), do_cells_delete },
	{ SEQ(0, 'S'), do_scroll_up },
	{ SEQ(0, 'T'), do_scroll_down },
	{ SEQ(0, 'X'), do_erase_cells },
	{ SEQ(0, 'Z'), do_tab_left },
	{ SEQ(0, 'b'), do_repeat },
	{ SEQ(0, 'e'), do_row_by },
	{ SEQ(0, 'f'), do_position },
	{ SEQ(0, 'g'), do_tab_clear },
	{ SEQ(0, 'h'), do_set },
	{ SEQ(0, 'l'), do_unset },
	{ SEQ('!', 'p'), emu_soft_reset },
	{ SEQ(' ', 'q'), do_cursor_style },
	{ SEQ('"', 'q'), do_protect },
	{ SEQ(0, 'r'), do_region },
	{ SEQ(0, 's'), emu_save_cursor },
	{ SEQ(0, 'u'), emu_restore_cursor },
	{ SEQ('\'', '}'), do_columns_insert },
	{ SEQ('\'', '~'), do_columns_delete },
};

void
emu_csi(struct emu *e, uint32_t final)
{
	uint32_t seq = SEQ(e->in.collect, final);

	for (size_t i = 0; i < sizeof(csis) / sizeof(csis[0]); i++) {
		if (csis[i].seq != seq)
			continue;
		csis[i].fn(e);
		return;
	}
}
