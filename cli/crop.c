/* SPDX-License-Identifier: MIT */
/*
 * The view into a terminal of another size. It moves when the cursor would
 * leave it, and then so that the cursor is in its middle, as tmux shows a
 * window that is larger than its client. A row is drawn when its text or its
 * colours are not those that were drawn there. Mice are left off: what they
 * would say is of another place.
 */
#include "cli/crop.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define WORK	SIZE_MAX
#define ROW_MAX ((size_t)1 << 20) /* 1,000 cells, each of its own colours */
#define WORDS	256		  /* of all modes there are */

struct crop {
	struct emu *emu;
	unsigned x, y; /* of the view, in it */
	unsigned cols, rows;
	char **row; /* as drawn; NULL: not yet */
	unsigned at_x, at_y;
	bool begun, hidden, alternate;
	char modes[WORDS];
	char *title;
};

/* What programs switch for keys to send something else, by emu_modes(). */
static const struct {
	const char *name, *on, *off;
} switches[] = {
	{ "application-cursor", "\033[?1h", "\033[?1l" },
	{ "application-keypad", "\033=", "\033>" },
	{ "bracketed-paste", "\033[?2004h", "\033[?2004l" },
};

struct crop *
crop_new(unsigned cols, unsigned rows)
{
	struct crop *c = xcalloc(1, sizeof(*c));

	c->emu = emu_new(cols, rows);
	return c;
}

static void
forget_rows(struct crop *c)
{
	unsigned i;

	for (i = 0; i < c->rows; i++)
		free(c->row[i]);
	free(c->row);
	c->row = NULL;
	c->cols = c->rows = 0;
}

void
crop_free(struct crop *c)
{
	if (c == NULL)
		return;
	forget_rows(c);
	emu_free(c->emu);
	free(c->title);
	free(c);
}

void
crop_feed(struct crop *c, const char *p, size_t len)
{
	const uint8_t *b = (const uint8_t *)p;
	size_t n;

	while (len > 0) {
		n = emu_feed(c->emu, b, len, WORK);
		b += n;
		len -= n;
	}
}

/* Where a view of `room` begins so that `at` is in it. */
static unsigned
pan(unsigned from, unsigned room, unsigned all, unsigned at)
{
	unsigned most = all > room ? all - room : 0;

	if (at < from || at >= from + room)
		from = at > room / 2 ? at - room / 2 : 0;
	return from < most ? from : most;
}

/* Of another size nothing is known of what is there. */
static void
fit(struct crop *c, const struct emu_look *look, unsigned cols, unsigned rows)
{
	if (c->cols != cols || c->rows != rows) {
		forget_rows(c);
		c->row = xcalloc(rows, sizeof(*c->row));
		c->cols = cols;
		c->rows = rows;
	}
	c->x = pan(c->x, cols, look->cols, look->x);
	c->y = pan(c->y, rows, look->rows, look->y);
}

/*
 * What is longer by a character that this terminal thinks is wider ends at the
 * margin, and does not break the row below.
 */
static void
begin(struct crop *c, struct buf *out)
{
	if (!c->begun)
		buf_put_text(out, "\033[?7l");
	c->begun = true;
}

/* Whoever leaves has the lines from before again, as the program meant it. */
static void
draw_screen(struct crop *c, const struct emu_look *look, struct buf *out)
{
	unsigned i;

	if (c->alternate == look->alternate)
		return;
	c->alternate = look->alternate;
	buf_printf(out, "\033[?1049%c\033[m\033[H\033[J",
	    c->alternate ? 'h' : 'l');
	for (i = 0; i < c->rows; i++) {
		free(c->row[i]);
		c->row[i] = NULL;
	}
}

static void
draw_row(struct crop *c, const struct emu_look *look, unsigned i,
    struct buf *out)
{
	struct buf b;

	buf_init(&b, ROW_MAX);
	if (c->y + i < look->rows)
		emu_cells(c->emu, c->y + i, c->x, c->cols, &b);
	if (c->row[i] == NULL || strcmp(c->row[i], buf_cstr(&b)) != 0) {
		free(c->row[i]);
		c->row[i] = xstrdup(buf_cstr(&b));
		/* First: behind the last column it would take that along. */
		buf_printf(out, "\033[%u;1H\033[m\033[K%s", i + 1, c->row[i]);
	}
	buf_done(&b);
}

static bool
is_on(const char *modes, const char *name)
{
	return strstr(modes, name) != NULL;
}

static void
draw_modes(struct crop *c, const struct emu_look *look, struct buf *out)
{
	struct buf b;
	size_t i;
	bool on;

	buf_init(&b, WORDS - 1);
	emu_modes(c->emu, &b);
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		on = is_on(buf_cstr(&b), switches[i].name);
		if (on != is_on(c->modes, switches[i].name))
			buf_put_text(out,
			    on ? switches[i].on : switches[i].off);
	}
	memcpy(c->modes, buf_cstr(&b), strlen(buf_cstr(&b)) + 1);
	buf_done(&b);
	if (strcmp(c->title != NULL ? c->title : "", look->title) == 0)
		return;
	free(c->title);
	c->title = xstrdup(look->title);
	buf_printf(out, "\033]2;%s\033\\", c->title);
}

void
crop_draw(struct crop *c, unsigned cols, unsigned rows, struct buf *out)
{
	struct emu_look look;
	size_t before;
	unsigned i;

	emu_look(c->emu, &look);
	fit(c, &look, cols, rows);
	begin(c, out);
	draw_modes(c, &look, out);
	draw_screen(c, &look, out);
	before = out->len;
	for (i = 0; i < rows; i++)
		draw_row(c, &look, i, out);
	if (out->len != before || look.x - c->x != c->at_x ||
	    look.y - c->y != c->at_y)
		buf_printf(out, "\033[m\033[%u;%uH", look.y - c->y + 1,
		    look.x - c->x + 1);
	if (c->hidden != look.cursor_hidden)
		buf_printf(out, "\033[?25%c", look.cursor_hidden ? 'l' : 'h');
	c->at_x = look.x - c->x;
	c->at_y = look.y - c->y;
	c->hidden = look.cursor_hidden;
}
