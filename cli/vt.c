/* SPDX-License-Identifier: MIT */
/*
 * Terminal output, cut into text and escape sequences (ECMA-48). A sequence is
 * held until it is whole; a sequence longer than the buffer passes through when
 * watching and is dropped otherwise, so memory does not grow with it.
 */
#include "cli/vt.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vtmode.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define SEQ_MAX 4096
#define ESC	'\033'
#define BEL	'\007'
#define ENQ	'\005'
#define CAN	'\030'
#define SUB	'\032'

enum state {
	GROUND,
	ESCAPE,	    /* ESC, perhaps intermediates */
	CSI,	    /* ESC [ */
	STRING,	    /* ESC ] P X ^ _ until ST or BEL */
	STRING_ESC, /* ESC inside a string: ST when \ follows */
};

struct vt {
	enum vt_kind kind, next;
	enum state state;
	char seq[SEQ_MAX];
	size_t len;
	bool over;   /* longer than seq: passes or is dropped piece by piece */
	bool c2;     /* VT_STRIP: first byte of a C1 control in UTF-8 */
	bool cr;     /* VT_STRIP: a \r whose \n may come */
	bool inside; /* the last text was no end of a line */
	struct vtmode mode;
};

struct vt *
vt_new(enum vt_kind kind)
{
	struct vt *vt = xcalloc(1, sizeof(*vt));

	vt->kind = vt->next = kind;
	return vt;
}

void
vt_free(struct vt *vt)
{
	free(vt);
}

void
vt_set(struct vt *vt, enum vt_kind kind)
{
	vt->next = kind;
	/* Never within a sequence: half of it would have passed already. */
	if (vt->state == GROUND)
		vt->kind = kind;
}

/*
 * Control sequences to which a terminal answers, or which make it print, as
 * ECMA-48 and xterm have them (ctlseqs).
 */
#define ANY 1
static const struct {
	char final, prefix, mid;
	unsigned from, to; /* first parameter; both 0: any */
} questions[] = {
	{ 'c', ANY, ANY, 0, 0 }, /* device attributes */
	{ 'n', 0, 0, 0, 0 },	 /* status, cursor position */
	{ 'n', '?', 0, 0, 0 }, { 'p', ANY, '$', 0, 0 }, /* is a mode set */
	{ 'q', '>', 0, 0, 0 },				/* version */
	{ 't', 0, 0, 11, 21 }, /* window state, size, title */
	{ 'u', '?', 0, 0, 0 }, /* keyboard flags */
	{ 'u', 0, '$', 0, 0 }, /* terminal state */
	{ 'w', 0, '$', 0, 0 }, /* presentation state */
	{ 'x', 0, 0, 0, 0 },   /* terminal parameters */
	{ 'y', 0, '*', 0, 0 }, /* checksum of an area */
	{ 'i', ANY, 0, 0, 0 }, /* print */
};

static bool
asks(const struct vtcsi *c)
{
	size_t i;

	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (questions[i].final != c->final)
			continue;
		if (questions[i].prefix != ANY &&
		    questions[i].prefix != c->prefix)
			continue;
		if (questions[i].mid != ANY && questions[i].mid != c->mid)
			continue;
		if (questions[i].to == 0 || (c->param[0] >= questions[i].from &&
						c->param[0] <= questions[i].to))
			return true;
	}
	return false;
}

/*
 * Strings worth keeping in a replay set the title or a colour. Questions,
 * clipboard and notifications were for then (abuse J01, J02).
 */
static bool
string_may_replay(const char *seq, size_t len)
{
	/* OSC numbers: titles, palette, links, colours, and their resets. */
	static const char *const kept[] = { "0;", "1;", "2;", "4;", "8;", "10;",
		"11;", "12;", "104", "110", "111", "112" };
	size_t i, n;

	if (seq[1] != ']' || memmem(seq, len, ";?", 2) != NULL)
		return false;
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		n = strlen(kept[i]);
		if (len > 2 + n && memcmp(seq + 2, kept[i], n) == 0)
			return true;
	}
	return false;
}

static bool
may_pass(const struct vt *vt, bool string)
{
	struct vtcsi c;

	if (vt->kind != VT_REPLAY)
		return vt->kind == VT_WATCH;
	if (string)
		return string_may_replay(vt->seq, vt->len);
	if (vtcsi_parse(&c, vt->seq, vt->len))
		return !asks(&c);
	/* ESC Z is DECID, the oldest of all questions. */
	return !(vt->len == 2 && vt->seq[1] == 'Z');
}

static void
end_sequence(struct vt *vt, struct buf *out)
{
	bool string = vt->state == STRING || vt->state == STRING_ESC;

	if (!vt->over && may_pass(vt, string)) {
		buf_put(out, vt->seq, vt->len);
		vtmode_note(&vt->mode, vt->seq, vt->len);
	}
	vt->state = GROUND;
	vt->len = 0;
	vt->over = false;
	vt->kind = vt->next;
}

static void
hold(struct vt *vt, char ch, struct buf *out)
{
	if (vt->len < SEQ_MAX && !vt->over) {
		vt->seq[vt->len++] = ch;
		return;
	}
	if (!vt->over && vt->kind == VT_WATCH) {
		buf_put(out, vt->seq, vt->len);
		vtmode_note(&vt->mode, vt->seq, vt->len);
	}
	vt->over = true;
	if (vt->kind == VT_WATCH)
		buf_put_u8(out, (uint8_t)ch);
}

static void
begin(struct vt *vt, struct buf *out)
{
	/* A sequence cut short by another: it never acted; show it no more. */
	if (vt->len > 0)
		end_sequence(vt, out);
	vt->state = ESCAPE;
	hold(vt, ESC, out);
}

static void
in_escape(struct vt *vt, char ch, struct buf *out)
{
	if (ch == ESC) {
		begin(vt, out);
		return;
	}
	hold(vt, ch, out);
	if (vt->len == 2 && ch == '[')
		vt->state = CSI;
	else if (vt->len == 2 && strchr("]PX^_", ch) != NULL && ch != '\0')
		vt->state = STRING;
	/* Intermediates are 0x20 to 0x2f; any other byte ends it (ECMA-35). */
	else if ((uint8_t)ch < ' ' || (uint8_t)ch > '/')
		end_sequence(vt, out);
}

static void
in_sequence(struct vt *vt, char ch, struct buf *out)
{
	if (ch == CAN || ch == SUB) {
		/* These two cut any sequence short. */
		hold(vt, ch, out);
		end_sequence(vt, out);
	} else if (vt->state == ESCAPE) {
		in_escape(vt, ch, out);
	} else if (vt->state == STRING_ESC && ch != '\\') {
		/* Not ST: the string is over and this is the next one. */
		vt->len = vt->over ? vt->len : vt->len - 1;
		begin(vt, out);
		in_escape(vt, ch, out);
	} else if (ch == ESC && vt->state == STRING) {
		hold(vt, ch, out);
		vt->state = STRING_ESC;
	} else if (ch == ESC) {
		begin(vt, out);
	} else {
		hold(vt, ch, out);
		if (vt->state == STRING_ESC ||
		    (vt->state == STRING && ch == BEL) ||
		    (vt->state == CSI && ch >= '@' && ch <= '~'))
			end_sequence(vt, out);
	}
}

/* One byte of text for a reader without a terminal. */
static void
strip_byte(struct vt *vt, uint8_t ch, struct buf *out)
{
	if (vt->cr && ch != '\r')
		buf_put_u8(out, '\n');
	if (vt->cr && ch == '\n') {
		vt->cr = false;
		return;
	}
	if (ch != '\r')
		vt->cr = false;
	if (vt->c2) {
		vt->c2 = false;
		/* U+0080..U+009F are controls to some terminals. */
		if (ch < 0xa0)
			return;
		buf_put_u8(out, 0xc2);
	}
	if (ch == '\r')
		vt->cr = true;
	else if (ch == 0xc2)
		vt->c2 = true;
	else if (ch == '\n' || ch == '\t' || (ch >= ' ' && ch != 0x7f))
		buf_put_u8(out, ch);
}

/* Bytes up to the next escape. Only the question ENQ and the bell matter. */
static void
put_text(struct vt *vt, const char *p, size_t len, struct buf *out)
{
	size_t i;

	for (i = len; i > 0; i--) {
		if (p[i - 1] == '\n' || (uint8_t)p[i - 1] >= ' ') {
			vt->inside = p[i - 1] != '\n';
			break;
		}
	}
	if (vt->kind == VT_WATCH) {
		buf_put(out, p, len);
		return;
	}
	for (i = 0; i < len; i++) {
		if (vt->kind == VT_STRIP)
			strip_byte(vt, (uint8_t)p[i], out);
		else if (p[i] != ENQ && p[i] != BEL)
			buf_put_u8(out, (uint8_t)p[i]);
	}
}

void
vt_feed(struct vt *vt, const char *p, size_t len, struct buf *out)
{
	const char *esc;
	size_t n;

	while (len > 0) {
		if (vt->state != GROUND) {
			in_sequence(vt, *p++, out);
			len--;
			continue;
		}
		esc = memchr(p, ESC, len);
		n = esc != NULL ? (size_t)(esc - p) : len;
		put_text(vt, p, n, out);
		p += n;
		len -= n;
		if (len > 0) {
			begin(vt, out);
			p++;
			len--;
		}
	}
}

void
vt_doubt(struct vt *vt)
{
	vt->state = GROUND;
	vt->len = 0;
	vt->over = vt->inside = false;
	vtmode_doubt(&vt->mode);
}

/* A pipe has no modes; a terminal gets them back, then a line of its own. */
void
vt_leave(struct vt *vt, struct buf *out)
{
	if (vt->kind == VT_STRIP)
		return;
	vtmode_leave(&vt->mode, out);
	if (vt->inside)
		buf_put_text(out, "\r\n");
	vt->inside = false;
}
