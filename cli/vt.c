/* SPDX-License-Identifier: MIT */
/*
 * Terminal output, cut into text and escape sequences (ECMA-48). A sequence is
 * held until it is whole and then judged (cli/vtsafe.c); one that is too long
 * is dropped, so memory does not grow with it. Invariant: outside of what was
 * judged nothing is put out that begins a sequence anywhere: no control but
 * those that move the cursor, none of eight bits, in UTF-8 or out of it.
 */
#include "cli/vt.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vtmode.h"
#include "cli/vtsafe.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define SEQ_MAX 4096
/* The same around a text for the clipboard. */
#define SEQ_HEAD 64
#define ESC	 '\033'
#define BEL	 '\007'
#define CAN	 '\030'
#define SUB	 '\032'
#define DEL	 0x7f
/* What stands in UTF-8 before each control of eight bits (C1). */
#define C1_LEAD 0xc2

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
	char *seq;
	size_t len, size;
	bool over;	   /* longer than it may be: dropped */
	bool lead;	   /* C1_LEAD came, its second byte not yet */
	uint8_t need, low; /* bytes of a character to come; the next's least */
	bool cr;	   /* VT_STRIP: a \r whose \n may come */
	bool inside;	   /* the last text was no end of a line */
	struct vtmode mode;
	struct vtsafe safe;
};

struct vt *
vt_new(enum vt_kind kind)
{
	struct vt *vt = xcalloc(1, sizeof(*vt));

	vt->kind = vt->next = kind;
	vt->size = SEQ_MAX;
	vt->seq = xcalloc(1, vt->size);
	vtsafe_init(&vt->safe);
	return vt;
}

void
vt_free(struct vt *vt)
{
	if (vt == NULL)
		return;
	free(vt->seq);
	free(vt);
}

struct vtsafe *
vt_safe(struct vt *vt)
{
	return &vt->safe;
}

void
vt_set(struct vt *vt, enum vt_kind kind)
{
	vt->next = kind;
	/* Never within a sequence: it was asked or said as a whole. */
	if (vt->state == GROUND)
		vt->kind = kind;
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
	vt->cr = ch == '\r';
	if (ch == '\n' || ch == '\t' || (ch >= ' ' && ch != DEL))
		buf_put_u8(out, ch);
}

/*
 * A byte above ASCII. One of C1 that is no part of a character is a control to
 * a terminal that does not know UTF-8, and an error to one that does.
 */
static void
high_byte(struct vt *vt, uint8_t ch, struct buf *out)
{
	bool goes_on = vt->need > 0 && ch >= vt->low && ch <= 0xbf;

	vt->inside = true;
	if (goes_on) {
		vt->need--;
		vt->low = 0x80;
	} else {
		vt->need = ch < 0xc2 || ch > 0xf4 ? 0
			   : ch < 0xe0		  ? 1
			   : ch < 0xf0		  ? 2
						  : 3;
		/* Longer than it need be is no character either. */
		vt->low = ch == 0xe0 ? 0xa0 : ch == 0xf0 ? 0x90 : 0x80;
	}
	if (!goes_on && ch < 0xa0)
		buf_put_text(out, "\xef\xbf\xbd");
	else
		buf_put_u8(out, ch);
}

static void
text_byte(struct vt *vt, uint8_t ch, struct buf *out)
{
	if (vt->kind == VT_STRIP) {
		strip_byte(vt, ch, out);
		return;
	}
	if (ch >= 0x80) {
		high_byte(vt, ch, out);
		return;
	}
	vt->need = 0;
	if (ch == '\n' || (ch >= ' ' && ch != DEL))
		vt->inside = ch != '\n';
	/* The bell is rung when it rings, not when somebody looks. */
	if ((ch >= ' ' && ch != DEL) || (ch >= '\b' && ch <= 0x0f) ||
	    (ch == BEL && vt->kind == VT_WATCH))
		buf_put_u8(out, ch);
}

static void
forget(struct vt *vt)
{
	vt->state = GROUND;
	vt->len = 0;
	vt->over = false;
	vt->kind = vt->next;
	if (vt->size > SEQ_MAX) {
		vt->size = SEQ_MAX;
		vt->seq = xreallocarray(vt->seq, vt->size, 1);
	}
}

static void
end_sequence(struct vt *vt, struct buf *out)
{
	size_t at = out->len;

	if (!vt->over && vt->kind != VT_STRIP)
		vtsafe_put(&vt->safe, vt->kind == VT_REPLAY, vt->seq, vt->len,
		    out);
	if (out->len > at)
		vtmode_note(&vt->mode, (char *)out->data + at, out->len - at);
	forget(vt);
}

/* A text for the clipboard has room, once the person gave it. */
static bool
make_room(struct vt *vt)
{
	if (vt->len < vt->size)
		return true;
	if (vt->size > SEQ_MAX || vt->kind != VT_WATCH ||
	    !vtsafe_is_long(&vt->safe, vt->seq, vt->len))
		return false;
	/* As base64. */
	vt->size = vt->safe.clipboard_bytes / 3 * 4 + 4 + SEQ_HEAD;
	if (vt->size <= SEQ_MAX) {
		vt->size = SEQ_MAX;
		return false;
	}
	vt->seq = xreallocarray(vt->seq, vt->size, 1);
	return true;
}

static void
hold(struct vt *vt, uint8_t ch)
{
	if (vt->over || !make_room(vt))
		vt->over = true;
	else
		vt->seq[vt->len++] = (char)ch;
}

/* What was cut short by it never acted. */
static void
begin(struct vt *vt)
{
	if (vt->state != GROUND)
		forget(vt);
	vt->state = ESCAPE;
	/* Nor is what follows the rest of a character. */
	vt->need = 0;
	hold(vt, ESC);
}

static void
in_escape(struct vt *vt, uint8_t ch, struct buf *out)
{
	hold(vt, ch);
	if (vt->len == 2 && ch == '[')
		vt->state = CSI;
	else if (vt->len == 2 && memchr("]PX^_", ch, 5) != NULL)
		vt->state = STRING;
	/* Intermediates are 0x20 to 0x2f; any other byte ends it (ECMA-35). */
	else if (ch < ' ' || ch > '/')
		end_sequence(vt, out);
}

/* Only commands (ESC ]) may end with a bell, as in xterm. */
static void
in_string(struct vt *vt, uint8_t ch, struct buf *out)
{
	if (vt->state == STRING_ESC && ch != '\\') {
		/* Not ST: the string is over and this is the next one. */
		begin(vt);
		in_escape(vt, ch, out);
		return;
	}
	hold(vt, ch);
	if (vt->state == STRING_ESC || (ch == BEL && vt->seq[1] == ']'))
		end_sequence(vt, out);
}

static void
in_sequence(struct vt *vt, uint8_t ch, struct buf *out)
{
	bool string = vt->state == STRING || vt->state == STRING_ESC;

	if (ch == CAN || ch == SUB) {
		/* These two cut any sequence short. */
		forget(vt);
	} else if (ch == ESC && vt->state == STRING) {
		hold(vt, ch);
		vt->state = STRING_ESC;
	} else if (ch == ESC) {
		begin(vt);
	} else if (string) {
		in_string(vt, ch, out);
	} else if (ch < ' ' || ch == DEL) {
		/* In the midst of a sequence, and done at once (ECMA-48). */
		text_byte(vt, ch, out);
	} else if (ch >= 0x80) {
		forget(vt);
		text_byte(vt, ch, out);
	} else if (vt->state == ESCAPE) {
		in_escape(vt, ch, out);
	} else {
		hold(vt, ch);
		if (ch >= '@' && ch <= '~')
			end_sequence(vt, out);
	}
}

static void
one_byte(struct vt *vt, uint8_t ch, struct buf *out)
{
	if (vt->state != GROUND)
		in_sequence(vt, ch, out);
	else if (ch == ESC)
		begin(vt);
	else
		text_byte(vt, ch, out);
}

/* C1 in UTF-8 is ESC and a letter in other words (ECMA-48 5.3). */
static void
take_byte(struct vt *vt, uint8_t ch, struct buf *out)
{
	bool lead = vt->lead;

	vt->lead = false;
	if (lead && ch >= 0x80 && ch < 0xa0) {
		one_byte(vt, ESC, out);
		one_byte(vt, ch - 0x40, out);
		return;
	}
	if (lead)
		one_byte(vt, C1_LEAD, out);
	if (ch == C1_LEAD)
		vt->lead = true;
	else
		one_byte(vt, ch, out);
}

/* ASCII that is shown: most of all output. */
static size_t
plain(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] >= ' ' && p[n] <= '~')
		n++;
	return n;
}

void
vt_feed(struct vt *vt, const char *p, size_t len, struct buf *out)
{
	size_t n;

	while (len > 0) {
		n = vt->state == GROUND && !vt->lead && !vt->cr ? plain(p, len)
								: 0;
		if (n > 0) {
			buf_put(out, p, n);
			vt->need = 0;
			vt->inside = true;
		} else {
			take_byte(vt, (uint8_t)*p, out);
			n = 1;
		}
		p += n;
		len -= n;
	}
}

void
vt_doubt(struct vt *vt)
{
	forget(vt);
	vt->lead = vt->inside = false;
	vt->need = 0;
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
