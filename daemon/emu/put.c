/* SPDX-License-Identifier: MIT */
/*
 * What a screen is put as, line by line, within a bound. Invariant: a step is
 * of so many cells and one line more at most, however many lines have to be
 * left out until the rest fits.
 */
#include <stdlib.h>

#include "daemon/emu/out.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

struct emu_put {
	struct emu_all p;
	bool is_text, sgr;
	unsigned lines, tries;
	size_t max, alone;
	struct buf b;
};

static void
try_lines(struct emu_put *w, unsigned lines, size_t max)
{
	buf_done(&w->b);
	buf_init(&w->b, max);
	w->lines = lines;
	emu_all_begin(&w->p, w->p.o.e, lines, &w->b);
}

struct emu_put *
emu_put_new(const struct emu *e, unsigned lines, size_t max, size_t alone)
{
	struct emu_put *w = xcalloc(1, sizeof(*w));

	w->p.o.e = e;
	w->max = max;
	w->alone = alone;
	try_lines(w, lines < e->hist_n ? lines : e->hist_n, max);
	return w;
}

struct emu_put *
emu_put_text_new(const struct emu *e, bool sgr, size_t max)
{
	struct emu_put *w = xcalloc(1, sizeof(*w));

	w->is_text = true;
	w->sgr = sgr;
	w->p.o = (struct emu_out){ .e = e, .b = &w->b, .no_links = true };
	buf_init(&w->b, max);
	return w;
}

/*
 * Lines differ, and the oldest tell how many fit: a try with an eighth less,
 * one more, and then the screen alone. False: there is nothing left to try.
 */
static bool
try_fewer(struct emu_put *w)
{
	unsigned fit = w->p.fit - w->p.fit / 8, rows = w->p.o.e->rows;

	if (w->lines == 0 && w->b.max >= w->alone)
		return false;
	if (w->lines == 0)
		try_lines(w, 0, w->alone);
	else
		try_lines(w, ++w->tries < 3 && fit > rows ? fit - rows : 0,
		    w->max);
	return true;
}

static bool
text_more(struct emu_put *w)
{
	const struct emu *e = w->p.o.e;

	if (w->p.next >= e->rows || !buf_ok(&w->b))
		return false;
	emu_text_line(&w->p.o, w->p.next++, w->sgr);
	return true;
}

bool
emu_put_step(struct emu_put *w, size_t cells)
{
	const unsigned cols = w->p.o.e->cols;

	for (size_t done = 0; done < cells; done += cols) {
		if (w->is_text ? text_more(w) : emu_all_more(&w->p))
			continue;
		return !w->is_text && !buf_ok(&w->b) && try_fewer(w);
	}
	return true;
}

bool
emu_put_take(struct emu_put *w, struct buf *out)
{
	if (!buf_ok(&w->b))
		return false;
	*out = w->b;
	buf_init(&w->b, 0);
	return true;
}

void
emu_put_free(struct emu_put *w)
{
	if (w == NULL)
		return;
	buf_done(&w->b);
	free(w);
}
