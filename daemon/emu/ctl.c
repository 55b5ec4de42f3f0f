/* SPDX-License-Identifier: MIT */
/*
 * Controls of one character and escape sequences without parameters, and the
 * character sets they choose. Invariant: a question among them is not
 * answered.
 */
#include <string.h>

#include "daemon/emu/state.h"

static void
do_linefeed(struct emu *e)
{
	struct screen *s = e->on;

	if (e->modes & MODE_NEWLINE)
		s->x = 0;
	if (s->y == s->bottom)
		emu_scroll(e, false);
	else if (s->y + 1 < e->rows)
		s->line[++s->y]->wrapped = false;
	if (s->x >= e->cols)
		s->x--;
}

static void
do_return(struct emu *e)
{
	e->on->x = 0;
}

/* Back over the edge of a line that went on in this one. */
static void
reverse_wrap(struct emu *e)
{
	struct screen *s = e->on;
	struct line *l = s->line[s->y];

	if (s->y <= s->top || s->y > s->bottom || !l->wrapped)
		return;
	l->wrapped = false;
	l = s->line[--s->y];
	s->x = e->cols - 1;
	/* Half a wide character that found no room there. */
	if (emu_cell_width(l, s->x) > 0 && !(l->cell[s->x].ch & CELL_CONTENT))
		s->x--;
}

static void
do_backspace(struct emu *e)
{
	bool reverse = e->modes & MODE_REVERSE_WRAP;

	emu_restrict(e, reverse ? e->cols : e->cols - 1);
	if (e->on->x > 0)
		e->on->x--;
	else if (reverse)
		reverse_wrap(e);
	emu_restrict(e, e->cols - 1);
}

static void
do_index(struct emu *e)
{
	struct screen *s = e->on;

	emu_restrict(e, e->cols - 1);
	if (s->y == s->bottom)
		emu_scroll(e, false);
	else if (s->y + 1 < e->rows)
		s->y++;
	emu_restrict(e, e->cols - 1);
}

static void
do_next_line(struct emu *e)
{
	e->on->x = 0;
	do_index(e);
}

static void
do_reverse_index(struct emu *e)
{
	struct screen *s = e->on;

	emu_restrict(e, e->cols - 1);
	if (s->y == s->top) {
		emu_lines_down(e, s->top, s->bottom, 1, emu_blank(e));
		return;
	}
	s->y -= s->y > 0;
	emu_restrict(e, e->cols - 1);
}

static void
do_shift_out(struct emu *e)
{
	emu_glevel(e, 1);
}

static void
do_shift_in(struct emu *e)
{
	emu_glevel(e, 0);
}

static void
do_glevel2(struct emu *e)
{
	emu_glevel(e, 2);
}

static void
do_glevel3(struct emu *e)
{
	emu_glevel(e, 3);
}

static void
do_default_charset(struct emu *e)
{
	emu_glevel(e, 0);
	emu_designate(e, 0, 0);
}

static void
do_keypad_app(struct emu *e)
{
	e->modes |= MODE_APP_KEYPAD;
}

static void
do_keypad_num(struct emu *e)
{
	e->modes &= ~MODE_APP_KEYPAD;
}

static void
do_align(struct emu *e)
{
	struct cell c = e->pen;

	c.ch = 'E' | CELL_WIDTH(1);
	c.bg &= ~BG_EXTENDED;
	c.ext = 0;
	emu_set_cursor(e, 0, 0);
	for (unsigned y = e->on->y; y < e->rows; y++) {
		emu_fill(e, e->on->line[y], c);
		e->on->line[y]->wrapped = false;
	}
	emu_set_cursor(e, 0, 0);
}

#define SEQ(inter, final) ((uint32_t)(inter) << 8 | (final))
struct act {
	uint32_t seq;
	void (*fn)(struct emu *e);
};
static const struct act controls[] = {
	{ '\n', do_linefeed },
	{ '\v', do_linefeed },
	{ '\f', do_linefeed },
	{ '\r', do_return },
	{ '\b', do_backspace },
	{ '\t', emu_tab },
	{ 0x0e, do_shift_out },
	{ 0x0f, do_shift_in },
	{ 0x84, do_index },
	{ 0x85, do_next_line },
	{ 0x88, emu_tab_set },
};
static const struct act escapes[] = {
	{ SEQ(0, '7'), emu_save_cursor },
	{ SEQ(0, '8'), emu_restore_cursor },
	{ SEQ(0, 'D'), do_index },
	{ SEQ(0, 'E'), do_next_line },
	{ SEQ(0, 'H'), emu_tab_set },
	{ SEQ(0, 'M'), do_reverse_index },
	{ SEQ(0, '='), do_keypad_app },
	{ SEQ(0, '>'), do_keypad_num },
	{ SEQ(0, 'c'), emu_reset },
	{ SEQ(0, 'n'), do_glevel2 },
	{ SEQ(0, 'o'), do_glevel3 },
	{ SEQ(0, '|'), do_glevel3 },
	{ SEQ(0, '}'), do_glevel2 },
	{ SEQ(0, '~'), do_shift_out },
	{ SEQ('%', '@'), do_default_charset },
	{ SEQ('%', 'G'), do_default_charset },
	{ SEQ('#', '8'), do_align },
};

static void
run(struct emu *e, const struct act *acts, size_t n, uint32_t seq)
{
	for (size_t i = 0; i < n; i++) {
		if (acts[i].seq != seq)
			continue;
		acts[i].fn(e);
		return;
	}
}

void
emu_execute(struct emu *e, uint32_t c)
{
	run(e, controls, sizeof(controls) / sizeof(controls[0]), c);
}

void
emu_esc(struct emu *e, uint32_t final)
{
	static const char levels[] = "()*+-.";
	static const uint8_t level_of[] = { 0, 1, 2, 3, 1, 2 };
	uint32_t inter = e->in.collect;
	int set = emu_charset_of(final);
	const char *at =
	    inter > 0 && inter < 0x80 ? strchr(levels, (int)inter) : NULL;

	if (at != NULL && set >= 0)
		emu_designate(e, level_of[at - levels], (uint8_t)set);
	else
		run(e, escapes, sizeof(escapes) / sizeof(escapes[0]),
		    SEQ(inter, final));
}
