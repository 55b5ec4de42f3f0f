/* SPDX-License-Identifier: MIT */
/*
 * Invariant: whatever the pieces say, what is loaded is an emulator: every
 * number is within its bounds and refers to something that is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/piece.h"
#include "daemon/emu/save.h"
#include "daemon/emu/state.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

/* A mark that joins nothing leads one column further than any character. */
#define BEYOND 1

/* The numbers here by those in the pieces; 0: there was no room for it. */
struct renumber {
	uint32_t *to, n, room;
};

struct emu_load {
	struct emu *e;
	struct renumber marked, exts, links;
	unsigned main, alt;
	struct line *above[EMU_HISTORY]; /* the newest first */
	unsigned n_above;
	struct cell pen; /* of the last run */
};

struct emu_load *
emu_load_new(unsigned cols, unsigned rows)
{
	struct emu_load *l = xcalloc(1, sizeof(*l));

	l->e = emu_new(cols, rows);
	return l;
}

struct emu *
emu_load_take(struct emu_load *l)
{
	struct emu *e = l->e;

	l->e = NULL;
	return e;
}

void
emu_load_free(struct emu_load *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->n_above; i++)
		free(l->above[i]);
	free(l->marked.to);
	free(l->exts.to);
	free(l->links.to);
	emu_free(l->e);
	free(l);
}

static void
renumber_add(struct renumber *r, uint32_t id)
{
	if (r->n == r->room) {
		r->room = r->room > 0 ? 2 * r->room : 64;
		r->to = xreallocarray(r->to, r->room, sizeof(*r->to));
	}
	r->to[r->n++] = id;
}

/* False: there is none of that number. None at all is fine. */
static bool
renumber_get(const struct renumber *r, uint32_t n, uint32_t *id)
{
	if (n > r->n)
		return false;
	*id = n > 0 ? r->to[n - 1] : 0;
	return true;
}

static bool
get_link(struct emu_load *l, struct buf *in)
{
	const uint8_t *p = in->data + in->off;
	size_t len = buf_left(in), work = 0;

	/* Of its name and its address, one of which may be empty. */
	if (len == 0 || memchr(p, '\0', len) == NULL)
		return false;
	renumber_add(&l->links, intern_id(&l->e->links, p, len, &work));
	in->off = in->len;
	return true;
}

static bool
get_ext_fields(struct emu_load *l, struct buf *in, struct ext *x)
{
	return buf_get_u32(in, &x->style) && buf_get_u32(in, &x->colour) &&
	       buf_get_u32(in, &x->link) &&
	       renumber_get(&l->links, x->link, &x->link);
}

static bool
get_ext(struct emu_load *l, struct buf *in)
{
	size_t work = 0;
	struct ext x;

	if (!get_ext_fields(l, in, &x))
		return false;
	renumber_add(&l->exts, intern_id(&l->e->exts, &x, sizeof(x), &work));
	return true;
}

/* What there was no room for is shown without marks, as blank. */
static bool
content(const struct emu_load *l, uint32_t *ch)
{
	uint32_t id;

	if (*ch >> 22 > 2)
		return false;
	if (!(*ch & CELL_MARKED))
		return true;
	if ((*ch & CELL_CODE) == 0 ||
	    !renumber_get(&l->marked, *ch & CELL_CODE, &id))
		return false;
	*ch &= ~CELL_CONTENT;
	if (id > 0)
		*ch |= CELL_MARKED | id;
	return true;
}

static bool
get_marked(struct emu_load *l, struct buf *in)
{
	uint32_t pair[2];
	size_t work = 0;

	if (!buf_get_u32(in, &pair[0]) || !buf_get_u32(in, &pair[1]) ||
	    pair[0] > CELL_CONTENT || pair[1] > CELL_CODE ||
	    !content(l, &pair[0]) || emu_marks(l->e, pair[0]) >= EMU_MARKS)
		return false;
	renumber_add(&l->marked,
	    intern_id(&l->e->marked, pair, sizeof(pair), &work));
	return true;
}

static bool
get_pen(struct emu_load *l, struct buf *in, struct cell *pen)
{
	return buf_get_u32(in, &pen->fg) && buf_get_u32(in, &pen->bg) &&
	       buf_get_u32(in, &pen->ext) &&
	       renumber_get(&l->exts, pen->ext, &pen->ext);
}

static bool
get_narrow(const struct emu_load *l, struct buf *in, struct cell *c, unsigned n)
{
	const uint8_t *p = in->data + in->off;

	if (buf_left(in) < n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		c[i] = l->pen;
		c[i].ch = (p[i] & 0x7fu) | CELL_WIDTH(1);
	}
	in->off += n;
	return true;
}

static bool
get_wide(const struct emu_load *l, struct buf *in, struct cell *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		c[i] = l->pen;
		if (!buf_get_u32(in, &c[i].ch) || !content(l, &c[i].ch))
			return false;
	}
	return true;
}

/* Cells taken, or 0: it is not a run. */
static unsigned
get_run(struct emu_load *l, struct buf *in, struct cell *c, unsigned max)
{
	uint8_t flags;
	uint16_t n;
	bool ok;

	if (!buf_get_u8(in, &flags) || !buf_get_u16(in, &n) || n > max)
		return 0;
	if ((flags & RUN_PEN) != 0 && !get_pen(l, in, &l->pen))
		return 0;
	ok = (flags & RUN_WIDE) != 0 ? get_wide(l, in, c, n)
				     : get_narrow(l, in, c, n);
	return ok ? n : 0;
}

/* NULL: it is not a line. `cols`: what it must have; 0: any width. */
static struct line *
get_line(struct emu_load *l, struct buf *in, unsigned cols)
{
	uint16_t len, used;
	uint8_t wrapped;
	struct line *line;
	unsigned n = 1;

	if (!buf_get_u16(in, &len) || !buf_get_u16(in, &used) ||
	    !buf_get_u8(in, &wrapped) || len == 0 || len > EMU_TABS ||
	    used > len || (cols > 0 && len != cols))
		return NULL;
	line = cols > 0 ? emu_line_blank(len) : emu_line_packed(len, used);
	line->used = used;
	line->wrapped = wrapped;
	for (unsigned x = 0; x < used && n > 0; x += n)
		n = get_run(l, in, &line->cell[x], used - x);
	if (n > 0)
		return line;
	free(line);
	return NULL;
}

static bool
get_row(struct emu_load *l, struct buf *in, struct screen *s, unsigned *y)
{
	struct line *line;

	if (*y >= l->e->rows)
		return false;
	line = get_line(l, in, l->e->cols);
	if (line == NULL)
		return false;
	free(s->line[*y]);
	s->line[(*y)++] = line;
	return true;
}

static bool
get_main(struct emu_load *l, struct buf *in)
{
	return get_row(l, in, &l->e->main, &l->main);
}

static bool
get_alt(struct emu_load *l, struct buf *in)
{
	emu_screen_on(l->e, &l->e->alt);
	return get_row(l, in, &l->e->alt, &l->alt);
}

static bool
get_above(struct emu_load *l, struct buf *in)
{
	if (l->n_above >= l->e->hist_max)
		return false;
	l->above[l->n_above] = get_line(l, in, 0);
	return l->above[l->n_above] != NULL && ++l->n_above > 0;
}

static bool
get_charset(struct buf *in, uint8_t *set)
{
	uint8_t final;
	int n;

	if (!buf_get_u8(in, &final))
		return false;
	n = emu_charset_of(final);
	*set = (uint8_t)n;
	return n >= 0;
}

static bool
get_switches(struct emu *e, struct buf *in)
{
	bool ok = buf_get_u32(in, &e->modes) && buf_get_u32(in, &e->mouse) &&
		  buf_get_u32(in, &e->mouse_enc) &&
		  buf_get_u32(in, &e->cursor_style) &&
		  buf_get_u32(in, &e->in.join) && e->in.join >> 1 <= 2 &&
		  buf_get_u8(in, &e->glevel) && e->glevel < 4 &&
		  get_charset(in, &e->charset);

	for (unsigned i = 0; i < 4 && ok; i++)
		ok = get_charset(in, &e->g[i]);
	return ok;
}

static bool
get_within(struct buf *in, unsigned max, unsigned *v)
{
	uint16_t n;

	if (!buf_get_u16(in, &n) || n > max)
		return false;
	*v = n;
	return true;
}

static bool
get_saved(struct buf *in, unsigned cols, struct saved *v)
{
	uint8_t is_set;
	uint64_t y;

	if (!get_within(in, cols + BEYOND, &v->x) || !buf_get_u64(in, &y) ||
	    !buf_get_u32(in, &v->fg) || !buf_get_u32(in, &v->bg) ||
	    !get_charset(in, &v->charset) || !buf_get_u8(in, &is_set))
		return false;
	v->y = (long)(int64_t)y;
	v->is_set = is_set;
	return true;
}

static bool
get_screen(const struct emu *e, struct buf *in, struct screen *s)
{
	return get_within(in, e->cols + BEYOND, &s->x) &&
	       get_within(in, e->rows - 1, &s->y) &&
	       get_within(in, e->rows - 1, &s->top) &&
	       get_within(in, e->rows - 1, &s->bottom) && s->top <= s->bottom &&
	       get_saved(in, e->cols, &s->saved) &&
	       buf_get(in, s->tabs, sizeof(s->tabs));
}

static bool
get_title(struct emu *e, struct buf *in)
{
	uint8_t has;
	char *text;

	if (!buf_get_u8(in, &has))
		return false;
	text = buf_get_strdup(in, EMU_OSC);
	if (has)
		e->title = text;
	else
		free(text);
	return buf_ok(in);
}

static bool
get_colours(struct emu *e, struct buf *in)
{
	uint16_t i;

	while (buf_get_u16(in, &i) && i < EMU_COLOURS) {
		if (e->colour == NULL)
			e->colour = xcalloc(EMU_COLOURS, sizeof(*e->colour));
		if (!buf_get_str(in, e->colour[i], EMU_SPEC - 1))
			return false;
	}
	return buf_ok(in) && i == EMU_COLOURS;
}

/* The beginning of a sequence brings the parser to where it was. */
static bool
get_pending(struct emu *e, struct buf *in)
{
	uint32_t join = e->in.join;
	uint16_t len;
	size_t n = 0;

	if (!buf_get_u16(in, &len) || len > EMU_PENDING || len != buf_left(in))
		return false;
	while (n < len)
		n += emu_feed(e, in->data + in->off + n, len - n, SIZE_MAX);
	in->off += len;
	e->in.join = join;
	return true;
}

static void
turn_above(struct emu_load *l)
{
	struct emu *e = l->e;

	for (unsigned i = 0; i < l->n_above; i++)
		e->hist[i] = l->above[l->n_above - 1 - i];
	e->hist_n = l->n_above;
	l->n_above = 0;
}

static bool
get_rest(struct emu_load *l, struct buf *in)
{
	struct emu *e = l->e;

	if (l->main != e->rows || (l->alt > 0 && l->alt != e->rows))
		return false;
	turn_above(l);
	return get_switches(e, in) && get_pen(l, in, &e->pen) &&
	       get_ext_fields(l, in, &e->pen_ext) &&
	       get_screen(e, in, &e->main) && get_screen(e, in, &e->alt) &&
	       get_title(e, in) && get_colours(e, in) && get_pending(e, in);
}

static bool (*const kinds[])(struct emu_load *l, struct buf *in) = {
	[PIECE_LINK] = get_link,
	[PIECE_EXT] = get_ext,
	[PIECE_MARKED] = get_marked,
	[PIECE_MAIN] = get_main,
	[PIECE_ALT] = get_alt,
	[PIECE_ABOVE] = get_above,
	[PIECE_REST] = get_rest,
};

static bool
get_piece(struct emu_load *l, uint32_t kind, const uint8_t *p, size_t len)
{
	struct buf in;

	if (kind >= sizeof(kinds) / sizeof(kinds[0]) || kinds[kind] == NULL)
		return false;
	buf_wrap(&in, p, len);
	return kinds[kind](l, &in) && buf_end(&in);
}

int
emu_load_step(struct emu_load *l, struct buf *in)
{
	uint32_t head, len;

	while (buf_left(in) >= sizeof(head)) {
		(void)buf_get_u32(in, &head);
		len = head & PIECE_LENGTH;
		if (len > buf_left(in)) {
			in->off -= sizeof(head);
			return len < EMU_SAVE_PIECE ? 0 : -EBADMSG;
		}
		if (!get_piece(l, head >> 24, in->data + in->off, len))
			return -EBADMSG;
		in->off += len;
		if (head >> 24 == PIECE_REST)
			return buf_left(in) == 0 ? 1 : -EBADMSG;
	}
	return 0;
}
