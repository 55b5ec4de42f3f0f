/* SPDX-License-Identifier: MIT */
/*
 * Another size: rows come from above the screen or go there, so that the
 * cursor's line stays, as in xterm.js. Lines are not broken anew: those on the
 * screen are cut or made longer, those above keep their length, and whoever
 * restores them breaks them by that.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/state.h"
#include "lib/xalloc.h"

static struct line *
line_resize(struct line *l, unsigned cols)
{
	struct line *out = emu_line_blank(cols);
	unsigned n = l->used < cols ? l->used : cols;

	memcpy(out->cell, l->cell, n * sizeof(struct cell));
	out->used = n;
	out->wrapped = l->wrapped;
	free(l);
	return out;
}

/* Takes back the newest line above the screen. */
static struct line *
hist_pop(struct emu *e)
{
	struct line *l = emu_hist_get(e, e->hist_n - 1);

	e->hist_n--;
	e->main.saved.y++;
	return l;
}

static void
grow(struct emu *e, struct screen *s, unsigned rows)
{
	bool above = s == &e->main;

	s->line = xreallocarray(s->line, rows, sizeof(struct line *));
	for (unsigned n = e->rows; n < rows; n++) {
		if (above && e->hist_n > 0 && n <= s->y + 1) {
			memmove(s->line + 1, s->line,
			    n * sizeof(struct line *));
			s->line[0] = hist_pop(e);
			s->y++;
		} else {
			s->line[n] = emu_line_blank(e->cols);
		}
	}
}

static void
shrink(struct emu *e, struct screen *s, unsigned rows)
{
	for (unsigned n = e->rows; n > rows; n--) {
		if (n > s->y + 1) {
			free(s->line[n - 1]);
			continue;
		}
		if (s == &e->main)
			emu_hist_push(e, s->line[0]);
		free(s->line[0]);
		memmove(s->line, s->line + 1, (n - 1) * sizeof(struct line *));
		s->y -= s->y > 0;
	}
}

static bool
is_tab(const struct screen *s, unsigned x)
{
	return s->tabs[x / 8] >> x % 8 & 1;
}

/* Tabs go on behind the last one, each eighth column. */
static void
tabs_resize(struct screen *s, unsigned cols)
{
	unsigned x = cols;

	if (!is_tab(s, x))
		while (x > 0 && !is_tab(s, --x))
			;
	for (; x < cols; x += 8)
		s->tabs[x / 8] |= (uint8_t)(1u << x % 8);
}

static void
screen_resize(struct emu *e, struct screen *s, unsigned cols, unsigned rows)
{
	tabs_resize(s, cols);
	s->bottom = rows - 1;
	if (s->line == NULL)
		return;
	if (rows > e->rows)
		grow(e, s, rows);
	else
		shrink(e, s, rows);
	for (unsigned i = 0; i < rows; i++)
		if (s->line[i]->len != cols || s->line[i]->room < cols)
			s->line[i] = line_resize(s->line[i], cols);
	if (s->x >= cols)
		s->x = cols - 1;
	if (s->y >= rows)
		s->y = rows - 1;
	if (s->saved.x >= cols)
		s->saved.x = cols - 1;
	s->top = 0;
}

/* The ring is as long as the width allows. */
static void
hist_resize(struct emu *e, unsigned max)
{
	struct line **ring = xcalloc(EMU_HISTORY, sizeof(struct line *));
	unsigned drop = e->hist_n > max ? e->hist_n - max : 0;

	for (unsigned i = 0; i < e->hist_n; i++) {
		if (i < drop)
			free(emu_hist_get(e, i));
		else
			ring[i - drop] = emu_hist_get(e, i);
	}
	free(e->hist);
	e->hist = ring;
	e->hist_n -= drop;
	e->hist_at = 0;
	e->hist_max = max;
}

void
emu_resize(struct emu *e, unsigned cols, unsigned rows)
{
	if (cols == e->cols && rows == e->rows)
		return;
	screen_resize(e, &e->main, cols, rows);
	screen_resize(e, &e->alt, cols, rows);
	e->cols = cols;
	e->rows = rows;
	hist_resize(e, emu_hist_limit(cols));
}
