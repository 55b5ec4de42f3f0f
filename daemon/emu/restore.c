/* SPDX-License-Identifier: MIT */
/*
 * The state of a terminal as output that leads there: lines above the screen,
 * the main screen, the alternate one over it, what is saved and switched, and
 * last the cursor, so that a combining mark that comes next finds its
 * character. A cell that nothing was written to stays one: it is skipped or
 * erased, never a blank. Invariant: the lines are written before anything is
 * switched, so each sequence does what it says.
 */
#include <string.h>

#include "daemon/emu/out.h"
#include "lib/buf.h"

static bool
has_content(const struct cell *c)
{
	return c->ch & CELL_CONTENT;
}

static unsigned
width(const struct cell *c)
{
	return c->ch >> 22;
}

static const struct cell *
cell_of(const struct line *l, unsigned x)
{
	static const struct cell plain = { .ch = CELL_WIDTH(1) };

	return x < l->used ? &l->cell[x] : &plain;
}

/* Cells from `x` on without a character and with the same background. */
static unsigned
gap(const struct line *l, unsigned x, unsigned end)
{
	uint32_t bg = cell_of(l, x)->bg;
	unsigned n = 0;

	while (x + n < end && !has_content(cell_of(l, x + n)) &&
	       ((cell_of(l, x + n)->bg ^ bg) & CELL_COLOUR) == 0)
		n++;
	return n;
}

/* Behind the last cell that an empty row with that background lacks. */
static unsigned
drawn(const struct line *l, uint32_t bg)
{
	unsigned n = bg == 0 ? l->used : l->len;

	while (n > 0 && !has_content(cell_of(l, n - 1)) &&
	       (cell_of(l, n - 1)->bg & CELL_COLOUR) == bg)
		n--;
	return n;
}

static unsigned
used(const struct line *l)
{
	unsigned n = l->used;

	while (n > 0 && !has_content(&l->cell[n - 1]))
		n--;
	/* The second half of a wide character has none. */
	return n > 0 && n < l->used && width(&l->cell[n - 1]) == 2 ? n + 1 : n;
}

/* The cursor is behind what was printed; a line that is full wraps. */
static void
advance(struct emu_out *o, unsigned n)
{
	if (o->x + n <= o->e->cols) {
		o->x += n;
		return;
	}
	o->x = n;
	if (o->y + 1 < o->e->rows)
		o->y++;
	else
		o->row_bg = o->pen.bg & CELL_COLOUR;
}

static void
print(struct emu_out *o, const struct cell *c)
{
	emu_put_pen(o, c);
	/* A mark that joined nothing came behind some sequence. */
	if (width(c) == 0)
		buf_put_text(o->b, "\x1b[?7h");
	emu_put_text(o, c->ch);
	advance(o, width(c) == 2 ? 2 : 1);
}

static void
put_gap(struct emu_out *o, const struct cell *c, unsigned n, bool last)
{
	struct cell bg = { .bg = c->bg & CELL_COLOUR };

	if (bg.bg != o->row_bg) {
		emu_put_pen(o, &bg);
		buf_printf(o->b, "\x1b[%uX", n);
	}
	if (last)
		return;
	buf_printf(o->b, "\x1b[%uC", n);
	o->x += n;
}

/* One that was cut at another width keeps its gaps as blanks. */
static void
put_other_line(struct emu_out *o, const struct line *l)
{
	struct cell blank;

	for (unsigned x = 0, end = used(l); x < end; x++) {
		const struct cell *c = &l->cell[x];

		blank = *c;
		blank.ch = ' ' | CELL_WIDTH(1);
		if (has_content(c))
			print(o, c);
		else if (x == 0 || width(c - 1) != 2)
			print(o, &blank);
	}
}

static void
put_line(struct emu_out *o, const struct line *l)
{
	unsigned x, n, end;

	if (l->len != o->e->cols) {
		put_other_line(o, l);
		return;
	}
	end = drawn(l, o->row_bg);
	for (x = 0; x < end; x += n) {
		const struct cell *c = cell_of(l, x);

		n = width(c) == 2 ? 2 : 1;
		if (has_content(c) && x + n <= l->len) {
			print(o, c);
			continue;
		}
		n = has_content(c) ? 1 : gap(l, x, end);
		put_gap(o, c, n, x + n >= end);
	}
}

/*
 * The next line goes on from this one though no character does: two blanks
 * make it wrap and are taken away again.
 */
static void
force_wrap(struct emu_out *o, const struct line *l)
{
	bool full = o->x == o->e->cols;
	struct cell bg = { .bg = cell_of(l, l->len - 1)->bg & CELL_COLOUR };

	emu_put_plain(o);
	if (!full)
		buf_printf(o->b, "\x1b[%uG ", o->e->cols);
	buf_put_u8(o->b, ' ');
	o->x = o->e->cols;
	advance(o, 1);
	if (!full) {
		emu_put_pen(o, &bg);
		buf_printf(o->b, "\x1b[A\x1b[%uG\x1b[X\x1b[B", o->e->cols);
		emu_put_plain(o);
	}
	buf_put_text(o->b, "\r\x1b[X");
	o->x = 0;
}

static void
wrap_into(struct emu_out *o, const struct line *l, const struct line *next)
{
	const struct cell *last = cell_of(l, l->len - 1);
	const struct cell *first = cell_of(next, 0);

	if (o->x == o->e->cols && has_content(first) && width(first) > 0)
		return;
	/* A wide character that found no room wraps by itself. */
	if (l->len == o->e->cols && next->len > 1 && width(first) == 2 &&
	    has_content(first) && !has_content(last) &&
	    ((last->bg ^ first->bg) & CELL_COLOUR) == 0 && o->x < o->e->cols) {
		buf_printf(o->b, "\x1b[%uG", o->e->cols);
		o->x = o->e->cols - 1;
		return;
	}
	force_wrap(o, l);
}

static void
new_line(struct emu_out *o)
{
	if (o->pen.bg & CELL_COLOUR)
		emu_put_plain(o);
	buf_put_text(o->b, "\r\n");
	o->x = 0;
	if (o->y + 1 < o->e->rows)
		o->y++;
	o->row_bg = 0;
}

static void
put_next(struct emu_out *o, const struct line *before, const struct line *l)
{
	unsigned y = o->y;

	if (before != NULL && l->wrapped)
		wrap_into(o, before, l);
	else if (before != NULL)
		new_line(o);
	/* A row that was there from the start has no colour. */
	if (o->y != y)
		o->row_bg = 0;
	put_line(o, l);
}

static void
put_tabs(struct emu_out *o, const struct screen *s)
{
	struct screen usual;

	emu_tabs_reset(&usual);
	if (memcmp(usual.tabs, s->tabs, sizeof(usual.tabs)) == 0)
		return;
	buf_put_text(o->b, "\x1b[3g");
	for (unsigned x = 0; x < o->e->cols; x++)
		if (s->tabs[x / 8] >> x % 8 & 1)
			buf_printf(o->b, "\x1b[%uG\x1bH", x + 1);
}

static void
put_saved(struct emu_out *o, const struct saved *v)
{
	struct cell pen = { .fg = v->fg, .bg = v->bg & ~BG_EXTENDED };
	unsigned x = v->x < o->e->cols ? v->x : o->e->cols - 1;
	unsigned y = v->y < 0		       ? 0
		     : v->y < (long)o->e->rows ? (unsigned)v->y
					       : o->e->rows - 1;

	if (!v->is_set)
		return;
	emu_put_pen(o, &pen);
	buf_printf(o->b,
	    "\x1b[%u;%uH\x1b(%c\x1b"
	    "7\x1b(B",
	    y + 1, x + 1, emu_charset_final(v->charset));
	emu_put_plain(o);
}

static void
put_around(struct emu_out *o, const struct screen *s)
{
	put_tabs(o, s);
	put_saved(o, &s->saved);
	if (s->top != 0 || s->bottom != o->e->rows - 1)
		buf_printf(o->b, "\x1b[%u;%ur", s->top + 1, s->bottom + 1);
}

static void
put_told(struct emu_out *o)
{
	const struct emu *e = o->e;

	if (e->title != NULL)
		buf_printf(o->b, "\x1b]2;%s\x1b\\", e->title);
	for (unsigned i = 0; e->colour != NULL && i < EMU_COLOURS; i++) {
		if (e->colour[i][0] == '\0')
			continue;
		if (i < 256)
			buf_printf(o->b, "\x1b]4;%u;%s\x1b\\", i, e->colour[i]);
		else
			buf_printf(o->b, "\x1b]%u;%s\x1b\\", i - 246,
			    e->colour[i]);
	}
}

/*
 * A cursor that is taken back brings its character set along, whatever is
 * designated: so does the one that is saved, where it is the same one still.
 */
static void
put_charsets(struct emu_out *o, bool may_move)
{
	static const char *const shifts[] = { "", "\x0e", "\x1bn", "\x1bo" };
	const struct emu *e = o->e;

	for (unsigned g = 0; g < 4; g++)
		if (e->g[g] != 0)
			buf_printf(o->b, "\x1b%c%c", "()*+"[g],
			    emu_charset_final(e->g[g]));
	buf_put_text(o->b, shifts[e->glevel]);
	if (!may_move || e->charset == e->g[e->glevel] ||
	    e->charset != e->on->saved.charset)
		return;
	buf_put_text(o->b, "\x1b"
			   "8");
	/* And its pen. */
	o->pen.fg = ~e->pen.fg;
}

/* One at the end would not survive being pushed to and fro. */
static bool
has_wide(const struct line *l, unsigned x)
{
	while (x < l->len && width(&l->cell[x]) != 2)
		x++;
	return x < l->len;
}

/* The character before the cursor, when what comes next may join it. */
static const struct cell *
joinable(const struct emu *e)
{
	const struct line *l = e->on->line[e->on->y];
	unsigned w = e->in.join >> 1;
	const struct cell *c;

	if (w == 0 || e->on->x < w || e->on->x > e->cols)
		return NULL;
	c = &l->cell[e->on->x - w];
	if (!has_content(c) || width(c) != w)
		return NULL;
	if (e->modes & MODE_INSERT && has_wide(l, e->on->x))
		return NULL;
	if (!(c->ch & CELL_MARKED) && (c->ch & CELL_CODE) < 127 &&
	    emu_charset(e->charset, c->ch & CELL_CODE) != (c->ch & CELL_CODE))
		return NULL;
	return c;
}

static void
put_position(struct emu_out *o, unsigned x)
{
	const struct emu *e = o->e;
	unsigned y = e->on->y;

	if (e->modes & MODE_ORIGIN) {
		buf_put_text(o->b, "\x1b[?6h");
		y = y > e->on->top ? y - e->on->top : 0;
	}
	buf_printf(o->b, "\x1b[%u;%uH", y + 1, x + 1);
}

/* Behind the last column, where only a character leads. */
static void
put_edge(struct emu_out *o)
{
	const struct line *l = o->e->on->line[o->e->on->y];
	unsigned x = o->e->cols - 1;
	const struct cell *c = &l->cell[x];

	if (x > 0 && width(c - 1) == 2)
		c = &l->cell[--x];
	put_position(o, x);
	if (has_content(c))
		print(o, c);
}

static void
put_cursor(struct emu_out *o)
{
	const struct emu *e = o->e;
	const struct cell *c = joinable(e);
	bool edge = c == NULL && e->on->x >= e->cols;

	if (edge)
		put_edge(o);
	emu_modes_restore(e, o->b);
	put_told(o);
	put_charsets(o, !edge);
	if (!edge)
		put_position(o, e->on->x - (c != NULL ? width(c) : 0));
	/* Where characters push others away it needs its own room again. */
	if (c != NULL && e->modes & MODE_INSERT)
		buf_printf(o->b, "\x1b[%uP", width(c));
	emu_put_pen(o, &e->pen);
	emu_put_underline(o, &e->pen_ext);
	if (c != NULL)
		emu_put_text(o, c->ch);
	buf_put(o->b, e->in.pending, e->in.pending_len);
}

/* CAN ends whatever the reader was in the middle of. */
void
emu_all_begin(struct emu_all *p, const struct emu *e, unsigned lines,
    struct buf *out)
{
	*p = (struct emu_all){ .o = { .e = e, .b = out },
		.next = e->hist_n > lines ? e->hist_n - lines : 0 };
	buf_put_text(out, "\x18\x1b"
			  "c\x1b[20l");
}

/*
 * It is empty after a reset; but not every reader had one, and GNU screen as it
 * comes has no second screen and draws this one over the first.
 */
static void
begin_alt(struct emu_all *p)
{
	struct emu_out *o = &p->o;

	buf_put_text(o->b, "\x1b[?47h\x1b[H\x1b[J");
	o->x = o->y = 0;
	o->row_bg = 0;
	p->before = NULL;
	p->next = 0;
	p->on_alt = true;
}

static void
end_main(struct emu_all *p)
{
	const struct emu *e = p->o.e;

	emu_put_plain(&p->o);
	if (e->on == &e->main && e->alt.saved.is_set) {
		buf_put_text(p->o.b, "\x1b[?47h");
		put_saved(&p->o, &e->alt.saved);
		buf_put_text(p->o.b, "\x1b[?47l");
	}
	put_around(&p->o, &e->main);
	if (e->on == &e->alt)
		begin_alt(p);
	else
		put_cursor(&p->o);
}

static void
end_alt(struct emu_all *p)
{
	emu_put_plain(&p->o);
	put_around(&p->o, &p->o.e->alt);
	put_cursor(&p->o);
}

/* The line that is put next. NULL: there is none, or no room for it. */
static const struct line *
next_line(const struct emu_all *p)
{
	const struct emu *e = p->o.e;

	if (!buf_ok(p->o.b) || p->next >= e->rows + (p->on_alt ? 0 : e->hist_n))
		return NULL;
	if (p->on_alt)
		return e->alt.line[p->next];
	return p->next < e->hist_n ? emu_hist_get(e, p->next)
				   : e->main.line[p->next - e->hist_n];
}

bool
emu_all_more(struct emu_all *p)
{
	const struct line *l = next_line(p);
	bool was_alt = p->on_alt;

	if (l != NULL) {
		put_next(&p->o, p->before, l);
		p->before = l;
		p->next++;
		p->fit += !p->on_alt && buf_ok(p->o.b);
		return true;
	}
	if (was_alt)
		end_alt(p);
	else
		end_main(p);
	return p->on_alt != was_alt;
}

void
emu_restore(const struct emu *e, unsigned lines, struct buf *out)
{
	struct emu_all p;

	emu_all_begin(&p, e, lines, out);
	while (emu_all_more(&p))
		;
}

void
emu_look(const struct emu *e, struct emu_look *out)
{
	*out = (struct emu_look){
		.cols = e->cols,
		.rows = e->rows,
		.x = e->on->x < e->cols ? e->on->x : e->cols - 1,
		.y = e->on->y,
		.cursor_hidden = e->modes & MODE_HIDDEN,
		.alternate = e->on == &e->alt,
		.app_cursor = e->modes & MODE_APP_CURSOR,
		.title = e->title != NULL ? e->title : "",
		.history = e->hist_n,
	};
}

/* Behind the last cell that is seen, with its background or without. */
static unsigned
seen(const struct line *l, bool sgr)
{
	unsigned end = used(l);

	while (sgr && end < l->len && l->cell[end].bg & CELL_COLOUR)
		end++;
	return end;
}

/* A wide character of which one half is outside is a blank. */
static void
put_cells(struct emu_out *o, const struct line *l, unsigned from, unsigned end,
    bool sgr)
{
	static const struct cell blank = { .ch = ' ' | CELL_WIDTH(1) };
	const unsigned stop = seen(l, sgr) < end ? seen(l, sgr) : end;

	for (unsigned x = from; x < stop; x++) {
		const struct cell *c = &l->cell[x];
		const bool second = x > 0 && width(c - 1) == 2 && width(c) == 0;

		if (second && x > from)
			continue;
		if (sgr)
			emu_put_pen(o, c);
		emu_put_text(o,
		    !has_content(c) || second || (width(c) == 2 && x + 1 >= end)
			? blank.ch
			: c->ch);
	}
	if (sgr)
		emu_put_plain(o);
}

void
emu_text_line(struct emu_out *o, unsigned y, bool sgr)
{
	const struct line *l = o->e->on->line[y];

	put_cells(o, l, 0, l->len > o->e->cols ? l->len : o->e->cols, sgr);
	buf_put_u8(o->b, '\n');
}

void
emu_cells(const struct emu *e, unsigned y, unsigned x, unsigned cols,
    struct buf *out)
{
	struct emu_out o = { .e = e, .b = out, .no_links = true };

	put_cells(&o, e->on->line[y], x, x + cols, true);
}

void
emu_text(const struct emu *e, bool sgr, struct buf *out)
{
	struct emu_out o = { .e = e, .b = out, .no_links = true };

	for (unsigned y = 0; y < e->rows && buf_ok(out); y++)
		emu_text_line(&o, y, sgr);
}
