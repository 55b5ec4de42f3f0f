/* SPDX-License-Identifier: MIT */
/*
 * The text in a terminal's output. The states are those of daemon/emu/parse.c,
 * less what makes no difference to text. Invariant: a sequence ends at a line
 * feed and after a bound, so that none hides what follows; and all there is
 * between two bytes is in the struct, so that no cut of the output matters.
 */
#include "daemon/term/plain.h"

#include <string.h>

enum state { GROUND, ESCAPE, CSI, OSC, STRING };

/* As far as a sequence of that kind may go; the emulator's end there too. */
static const unsigned bound[] = {
	[ESCAPE] = 16,
	[CSI] = 256,
	[OSC] = 4096,
	[STRING] = 4096,
};

/*
 * "133;D;1": the mark and, with D, the status (semantic prompts, per-bothner).
 */
static void
end_osc(struct plain *p)
{
	unsigned len = p->seen < sizeof(p->osc) ? p->seen : sizeof(p->osc);
	int status = 0;
	unsigned i;

	if (len < 5 || memcmp(p->osc, "133;", 4) != 0 || p->osc[4] < 'A' ||
	    p->osc[4] > 'D' || (len > 5 && p->osc[5] != ';'))
		return;
	for (i = 6; i < len && i < 12 && p->osc[i] >= '0' && p->osc[i] <= '9';
	     i++)
		status = 10 * status + (p->osc[i] - '0');
	p->mark = p->osc[4];
	p->status = i > 6 ? status : -1;
}

static void
enter(struct plain *p, enum state state)
{
	p->state = (uint8_t)state;
	p->seen = 0;
}

static unsigned
put(struct plain *p, uint8_t c, uint8_t *out)
{
	p->has_cr = false;
	*out = c;
	return 1;
}

static unsigned
line_end(struct plain *p, uint8_t c, uint8_t *out)
{
	bool said = p->has_cr;

	p->has_cr = c == '\r';
	*out = '\n';
	return said ? 0 : 1;
}

static unsigned
on_ground(struct plain *p, uint8_t c, uint8_t *out)
{
	if (c >= '\n' && c <= '\r')
		return line_end(p, c, out);
	if (c == '\t' || (c >= 0x20 && c != 0x7f))
		return put(p, c, out);
	return 0;
}

static void
on_escape(struct plain *p, uint8_t c)
{
	if (c == '[')
		enter(p, CSI);
	else if (c == ']')
		enter(p, OSC);
	else if (c != '\0' && strchr("PX^_", c) != NULL)
		enter(p, STRING);
	else if (c >= 0x30)
		enter(p, GROUND);
}

/* What of the controls ends or begins something in any state. */
static unsigned
on_c1(struct plain *p, uint8_t c, uint8_t *out)
{
	if (p->state == OSC && c == 0x9c)
		end_osc(p);
	enter(p, GROUND);
	if (c == 0x9b)
		enter(p, CSI);
	else if (c == 0x9d)
		enter(p, OSC);
	else if (c == 0x90 || c == 0x98 || c == 0x9e || c == 0x9f)
		enter(p, STRING);
	else if (c == 0x85)
		return line_end(p, '\n', out);
	return 0;
}

/* A byte that belongs to a sequence, or ends it. */
static unsigned
in_sequence(struct plain *p, uint8_t c, uint8_t *out)
{
	if (c == '\n' || c == 0x18 || c == 0x1a) {
		enter(p, GROUND);
		return c == '\n' ? line_end(p, c, out) : 0;
	}
	if (p->state == OSC && c == 0x07) {
		end_osc(p);
		enter(p, GROUND);
		return 0;
	}
	if (p->state == OSC && p->seen < sizeof(p->osc))
		p->osc[p->seen] = (char)c;
	if (++p->seen > bound[p->state] ||
	    (p->state == CSI && c >= 0x40 && c < 0x7f))
		enter(p, GROUND);
	else if (p->state == ESCAPE)
		on_escape(p, c);
	return 0;
}

unsigned
plain_byte(struct plain *p, uint8_t c, uint8_t out[2])
{
	unsigned n = 0;

	p->mark = 0;
	if (p->is_c1) {
		p->is_c1 = false;
		if (c >= 0x80 && c < 0xa0)
			return on_c1(p, c, out);
		/* It was the first byte of a character, or alone. */
		if (p->state == GROUND)
			n = put(p, 0xc2, out);
	}
	if (c == 0xc2) {
		p->is_c1 = true;
	} else if (c == 0x1b) {
		if (p->state == OSC)
			end_osc(p);
		enter(p, ESCAPE);
	} else if (p->state == GROUND) {
		n += on_ground(p, c, out + n);
	} else {
		n += in_sequence(p, c, out + n);
	}
	return n;
}

bool
plain_rests(const struct plain *p)
{
	return p->state == GROUND && !p->is_c1;
}

/*
 * Not far ahead: where one of the two stands close, the other would be looked
 * for to the end each time.
 */
#define AHEAD 1024

size_t
plain_odd(const uint8_t *in, size_t len)
{
	const uint8_t *at;

	if (len > AHEAD)
		len = AHEAD;
	at = memchr(in, 0x1b, len);
	if (at != NULL)
		len = (size_t)(at - in);
	at = memchr(in, 0xc2, len);
	return at != NULL ? (size_t)(at - in) : len;
}

void
plain_leave_out(struct plain *p, const uint8_t *in, size_t len)
{
	if (len > 0)
		p->has_cr = in[len - 1] == '\r';
}
