/* SPDX-License-Identifier: MIT */
/*
 * Bytes to characters, controls and sequences: the state machine of
 * vt100.net/emu/dec_ansi_parser with the deviations of xterm.js, as rows of a
 * table. Invariant: what is kept of a sequence whose end has not come is
 * enough to bring another parser to the same place.
 */
#include <string.h>

#include "daemon/emu/state.h"

enum state {
	GROUND,
	ESCAPE,
	ESCAPE_INTER,
	CSI_ENTRY,
	CSI_PARAM,
	CSI_INTER,
	CSI_IGNORE,
	TEXT_IGNORE, /* SOS, PM, APC */
	OSC,
	DCS_ENTRY,
	DCS_PARAM,
	DCS_IGNORE,
	DCS_INTER,
	DCS_PASS,
	STATES,
	ANY
};
enum action {
	IGNORE,
	ERROR,
	PRINT,
	EXECUTE,
	OSC_START,
	OSC_PUT,
	OSC_END,
	CSI_DO,
	PARAM,
	COLLECT,
	ESC_DO,
	CLEAR,
	DCS_END
};

/* All characters from here on behave like this one. */
#define WIDE 0xa0

/* A later row prevails. C0 without the four that act in any state. */
#define C0(state, action)                         \
	{ 0x00, 0x17, state, action, state },     \
	    { 0x19, 0x19, state, action, state }, \
	{                                         \
		0x1c, 0x1f, state, action, state  \
	}
#define ROW(from, to, state, action, next)    \
	{                                     \
		from, to, state, action, next \
	}
static const struct rule {
	uint8_t from, to, state, action, next;
} rules[] = {
	ROW(0x20, 0x7e, GROUND, PRINT, GROUND),
	ROW(0x18, 0x18, ANY, EXECUTE, GROUND),
	ROW(0x1a, 0x1a, ANY, EXECUTE, GROUND),
	ROW(0x80, 0x97, ANY, EXECUTE, GROUND),
	ROW(0x99, 0x9a, ANY, EXECUTE, GROUND),
	ROW(0x9c, 0x9c, ANY, IGNORE, GROUND),
	ROW(0x1b, 0x1b, ANY, CLEAR, ESCAPE),
	ROW(0x9d, 0x9d, ANY, OSC_START, OSC),
	ROW(0x98, 0x98, ANY, IGNORE, TEXT_IGNORE),
	ROW(0x9e, 0x9f, ANY, IGNORE, TEXT_IGNORE),
	ROW(0x9b, 0x9b, ANY, CLEAR, CSI_ENTRY),
	ROW(0x90, 0x90, ANY, CLEAR, DCS_ENTRY),
	C0(GROUND, EXECUTE),
	C0(ESCAPE, EXECUTE),
	ROW(0x7f, 0x7f, ESCAPE, IGNORE, ESCAPE),
	C0(OSC, IGNORE),
	C0(CSI_ENTRY, EXECUTE),
	ROW(0x7f, 0x7f, CSI_ENTRY, IGNORE, CSI_ENTRY),
	C0(CSI_PARAM, EXECUTE),
	ROW(0x7f, 0x7f, CSI_PARAM, IGNORE, CSI_PARAM),
	C0(CSI_IGNORE, EXECUTE),
	C0(CSI_INTER, EXECUTE),
	ROW(0x7f, 0x7f, CSI_INTER, IGNORE, CSI_INTER),
	C0(ESCAPE_INTER, EXECUTE),
	ROW(0x7f, 0x7f, ESCAPE_INTER, IGNORE, ESCAPE_INTER),
	ROW(0x5d, 0x5d, ESCAPE, OSC_START, OSC),
	ROW(0x20, 0x7f, OSC, OSC_PUT, OSC),
	ROW(0x9c, 0x9c, OSC, OSC_END, GROUND),
	ROW(0x1b, 0x1b, OSC, OSC_END, GROUND),
	ROW(0x18, 0x18, OSC, OSC_END, GROUND),
	ROW(0x1a, 0x1a, OSC, OSC_END, GROUND),
	ROW(0x07, 0x07, OSC, OSC_END, GROUND),
	ROW(0x58, 0x58, ESCAPE, IGNORE, TEXT_IGNORE),
	ROW(0x5e, 0x5f, ESCAPE, IGNORE, TEXT_IGNORE),
	C0(TEXT_IGNORE, IGNORE),
	ROW(0x20, 0x7f, TEXT_IGNORE, IGNORE, TEXT_IGNORE),
	ROW(0x5b, 0x5b, ESCAPE, CLEAR, CSI_ENTRY),
	ROW(0x40, 0x7e, CSI_ENTRY, CSI_DO, GROUND),
	ROW(0x30, 0x3b, CSI_ENTRY, PARAM, CSI_PARAM),
	ROW(0x3c, 0x3f, CSI_ENTRY, COLLECT, CSI_PARAM),
	ROW(0x30, 0x3b, CSI_PARAM, PARAM, CSI_PARAM),
	ROW(0x40, 0x7e, CSI_PARAM, CSI_DO, GROUND),
	ROW(0x3c, 0x3f, CSI_PARAM, IGNORE, CSI_IGNORE),
	ROW(0x20, 0x3f, CSI_IGNORE, IGNORE, CSI_IGNORE),
	ROW(0x7f, 0x7f, CSI_IGNORE, IGNORE, CSI_IGNORE),
	ROW(0x40, 0x7e, CSI_IGNORE, IGNORE, GROUND),
	ROW(0x20, 0x2f, CSI_ENTRY, COLLECT, CSI_INTER),
	ROW(0x20, 0x2f, CSI_INTER, COLLECT, CSI_INTER),
	ROW(0x30, 0x3f, CSI_INTER, IGNORE, CSI_IGNORE),
	ROW(0x40, 0x7e, CSI_INTER, CSI_DO, GROUND),
	ROW(0x20, 0x2f, CSI_PARAM, COLLECT, CSI_INTER),
	ROW(0x20, 0x2f, ESCAPE, COLLECT, ESCAPE_INTER),
	ROW(0x20, 0x2f, ESCAPE_INTER, COLLECT, ESCAPE_INTER),
	ROW(0x30, 0x7e, ESCAPE_INTER, ESC_DO, GROUND),
	ROW(0x30, 0x4f, ESCAPE, ESC_DO, GROUND),
	ROW(0x51, 0x57, ESCAPE, ESC_DO, GROUND),
	ROW(0x59, 0x5a, ESCAPE, ESC_DO, GROUND),
	ROW(0x5c, 0x5c, ESCAPE, ESC_DO, GROUND),
	ROW(0x60, 0x7e, ESCAPE, ESC_DO, GROUND),
	ROW(0x50, 0x50, ESCAPE, CLEAR, DCS_ENTRY),
	C0(DCS_ENTRY, IGNORE),
	ROW(0x7f, 0x7f, DCS_ENTRY, IGNORE, DCS_ENTRY),
	ROW(0x20, 0x2f, DCS_ENTRY, COLLECT, DCS_INTER),
	ROW(0x30, 0x3b, DCS_ENTRY, PARAM, DCS_PARAM),
	ROW(0x3c, 0x3f, DCS_ENTRY, COLLECT, DCS_PARAM),
	C0(DCS_IGNORE, IGNORE),
	ROW(0x20, 0x7f, DCS_IGNORE, IGNORE, DCS_IGNORE),
	C0(DCS_PARAM, IGNORE),
	ROW(0x7f, 0x7f, DCS_PARAM, IGNORE, DCS_PARAM),
	ROW(0x30, 0x3b, DCS_PARAM, PARAM, DCS_PARAM),
	ROW(0x3c, 0x3f, DCS_PARAM, IGNORE, DCS_IGNORE),
	ROW(0x20, 0x2f, DCS_PARAM, COLLECT, DCS_INTER),
	C0(DCS_INTER, IGNORE),
	ROW(0x7f, 0x7f, DCS_INTER, IGNORE, DCS_INTER),
	ROW(0x20, 0x2f, DCS_INTER, COLLECT, DCS_INTER),
	ROW(0x30, 0x3f, DCS_INTER, IGNORE, DCS_IGNORE),
	ROW(0x40, 0x7e, DCS_INTER, IGNORE, DCS_PASS),
	ROW(0x40, 0x7e, DCS_PARAM, IGNORE, DCS_PASS),
	ROW(0x40, 0x7e, DCS_ENTRY, IGNORE, DCS_PASS),
	C0(DCS_PASS, IGNORE),
	ROW(0x20, 0x7f, DCS_PASS, IGNORE, DCS_PASS),
	ROW(0x1b, 0x1b, DCS_PASS, DCS_END, GROUND),
	ROW(0x9c, 0x9c, DCS_PASS, DCS_END, GROUND),
	ROW(0x18, 0x18, DCS_PASS, DCS_END, GROUND),
	ROW(0x1a, 0x1a, DCS_PASS, DCS_END, GROUND),
	ROW(WIDE, WIDE, GROUND, PRINT, GROUND),
	ROW(WIDE, WIDE, OSC, OSC_PUT, OSC),
	ROW(WIDE, WIDE, CSI_IGNORE, IGNORE, CSI_IGNORE),
	ROW(WIDE, WIDE, DCS_IGNORE, IGNORE, DCS_IGNORE),
	ROW(WIDE, WIDE, DCS_PASS, IGNORE, DCS_PASS),
};

struct move {
	uint8_t action, next;
};
static struct move table[STATES][WIDE + 1];

/* What no row names is dropped, and with it what it stands in. */
static void
table_make(void)
{
	for (unsigned s = 0; s < STATES; s++)
		for (unsigned c = 0; c <= WIDE; c++)
			table[s][c] = (struct move){ ERROR, GROUND };
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		for (unsigned s = 0; s < STATES; s++)
			for (unsigned c = r->from; c <= r->to; c++)
				if (r->state == s || r->state == ANY)
					table[s][c] =
					    (struct move){ r->action, r->next };
	}
}

void
emu_parser_reset(struct parser *in)
{
	if (table[GROUND][WIDE].action != PRINT)
		table_make();
	in->state = GROUND;
	in->join = 0;
	in->pending_len = 0;
}

/* Parameters */

static void
params_reset(struct params *p)
{
	p->n = 1;
	p->v[0] = 0;
	p->from[0] = p->to[0] = 0;
	p->nsub = 0;
	p->full = p->sub_full = p->in_sub = false;
}

static void
param_add(struct params *p)
{
	p->in_sub = false;
	if (p->n >= PARAMS) {
		p->full = true;
		return;
	}
	p->from[p->n] = p->to[p->n] = (uint8_t)p->nsub;
	p->v[p->n++] = 0;
}

static void
param_sub(struct params *p)
{
	p->in_sub = true;
	if (p->full || p->nsub >= PARAMS) {
		p->sub_full = true;
		return;
	}
	p->sub[p->nsub++] = -1;
	p->to[p->n - 1]++;
}

static void
param_digit(struct params *p, int32_t digit)
{
	int32_t *v = &p->v[p->n - 1];

	if (p->full || (p->in_sub && (p->sub_full || p->nsub == 0)))
		return;
	if (p->in_sub)
		v = &p->sub[p->nsub - 1];
	if (*v < 0)
		*v = digit;
	else
		*v =
		    *v > (INT32_MAX - digit) / 10 ? INT32_MAX : *v * 10 + digit;
}

static void
param(struct params *p, uint32_t c)
{
	if (c == ';')
		param_add(p);
	else if (c == ':')
		param_sub(p);
	else
		param_digit(p, (int32_t)c - '0');
}

size_t
emu_utf8(uint8_t *out, uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)(lead[n] | c);
	return n;
}

/* One character behind what is there; false: no room. */
static bool
append(uint8_t *to, size_t *len, size_t max, uint32_t c)
{
	uint8_t out[4];
	size_t n = emu_utf8(out, c);

	if (*len + n > max)
		return false;
	memcpy(to + *len, out, n);
	*len += n;
	return true;
}

static void
osc_put(struct parser *in, uint32_t c)
{
	if (!append((uint8_t *)in->osc, &in->osc_len, EMU_OSC - 1, c))
		in->osc_over = true;
}

static void
clear(struct parser *in)
{
	params_reset(&in->p);
	in->collect = 0;
}

static void
osc_end(struct emu *e, uint32_t c)
{
	struct parser *in = &e->in;

	in->osc[in->osc_len] = '\0';
	if (c != 0x18 && c != 0x1a && !in->osc_over)
		emu_osc(e);
	clear(in);
	in->join = 0;
}

static void
act(struct emu *e, uint8_t action, uint32_t c)
{
	struct parser *in = &e->in;

	if (action == PARAM) {
		param(&in->p, c);
	} else if (action == CSI_DO) {
		emu_csi(e, c);
		in->join = 0;
	} else if (action == CLEAR) {
		clear(in);
	} else if (action == EXECUTE) {
		emu_execute(e, c);
		in->join = 0;
	} else if (action == COLLECT) {
		in->collect = in->collect << 8 | c;
	} else if (action == ESC_DO) {
		emu_esc(e, c);
		in->join = 0;
	} else if (action == OSC_START) {
		in->osc_len = 0;
		in->osc_over = false;
	} else if (action == OSC_PUT) {
		osc_put(in, c);
	} else if (action == OSC_END) {
		osc_end(e, c);
	} else if (action == DCS_END) {
		clear(in);
		in->join = 0;
	}
}

/*
 * NUL is left out, as text that is sent cannot hold it; it means nothing. Of
 * what is too long the beginning decides: nobody acts on the rest.
 */
static void
remember(struct parser *in, uint8_t action, uint32_t c)
{
	if (in->state == GROUND || action == EXECUTE || c == 0)
		return;
	(void)append(in->pending, &in->pending_len, EMU_PENDING, c);
}

static void
control(struct emu *e, uint32_t c)
{
	struct parser *in = &e->in;
	const struct move *m = &table[in->state][c < WIDE ? c : WIDE];
	bool starts = m->action == CLEAR || m->action == OSC_START ||
		      m->action == OSC_END || m->action == DCS_END;

	/* A sequence in a sequence: the one before it is over. */
	if (starts && (c == 0x1b || c >= 0x80))
		in->pending_len = 0;
	act(e, m->action, c);
	in->state = m->next;
	if ((m->action == OSC_END || m->action == DCS_END) && c == 0x1b)
		in->state = ESCAPE;
	if (in->state == TEXT_IGNORE && c >= 0x80 && c < WIDE)
		in->pending_len = 0;
	remember(in, m->action, c);
	if (in->state == GROUND)
		in->pending_len = 0;
}

static bool
is_valid(uint32_t cp, unsigned len)
{
	if (len == 2)
		return cp >= 0x80;
	/* No byte order mark is ever shown. */
	if (len == 3)
		return cp >= 0x800 && (cp < 0xd800 || cp > 0xdfff) &&
		       cp != 0xfeff;
	return cp >= 0x10000 && cp <= 0x10ffff;
}

/* True when *c is a character now. What is none is dropped, as in xterm.js. */
static bool
decode(struct parser *in, uint8_t b, uint32_t *c)
{
	if (in->need > 0 && (b & 0xc0) == 0x80) {
		in->cp = in->cp << 6 | (b & 0x3f);
		in->have++;
		if (in->have < in->need)
			return false;
		*c = in->cp;
		b = in->need;
		in->need = 0;
		return is_valid(*c, b);
	}
	in->need = 0;
	*c = b;
	if (b < 0x80)
		return true;
	if (b < 0xc0 || b >= 0xf8)
		return false;
	in->need = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
	in->have = 1;
	in->cp = b & (0xffu >> (in->need + 1));
	return false;
}

size_t
emu_partial(const struct emu *e)
{
	return e->in.need > 0 ? e->in.have : 0;
}

static bool
is_text(uint32_t c)
{
	return c >= WIDE || (c >= 0x20 && c < 0x7f);
}

/*
 * Of text that is taken at once: where each character pushes others away it
 * costs a line, and is looked at as work only behind the run.
 */
#define RUN 256

/* A run of characters that are shown. Returns the bytes taken. */
static size_t
text(struct emu *e, const uint8_t *p, size_t len)
{
	uint32_t run[RUN], c;
	size_t i = 0, n = 0;

	while (i < len && n < RUN) {
		if (e->in.need == 0 && p[i] < 0x80 && !is_text(p[i]))
			break;
		if (!decode(&e->in, p[i++], &c))
			continue;
		if (!is_text(c)) {
			if (n > 0)
				emu_print(e, run, n);
			control(e, c);
			return i;
		}
		run[n++] = c;
	}
	if (n > 0)
		emu_print(e, run, n);
	return i;
}

static size_t
ascii(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] >= 0x20 && p[n] < 0x7f)
		n++;
	return n;
}

/*
 * The usual sequence, whole and without anything odd in it, past the table.
 * Bytes taken, or 0: it is not such a one.
 */
static size_t
usual(struct emu *e, const uint8_t *p, size_t len)
{
	struct parser *in = &e->in;
	size_t i = 2;

	if (len < 3 || p[0] != 0x1b || p[1] != '[')
		return 0;
	clear(in);
	if (p[i] == '?')
		in->collect = p[i++];
	while (i < len && p[i] >= '0' && p[i] <= ';')
		param(&in->p, p[i++]);
	if (i == len || p[i] < 0x40 || p[i] > 0x7e)
		return 0;
	emu_csi(e, p[i]);
	in->join = 0;
	return i + 1;
}

/* One step in ground state: a run of text or a single control. */
static size_t
ground(struct emu *e, const uint8_t *p, size_t len)
{
	size_t n = e->in.need == 0 ? ascii(p, len < RUN ? len : RUN) : 0;

	if (n > 0) {
		emu_print_ascii(e, p, n);
		return n;
	}
	if (e->in.need > 0 || p[0] >= 0x80)
		return text(e, p, len);
	n = usual(e, p, len);
	if (n > 0)
		return n;
	/* The other two that matter for speed. */
	if (p[0] == '\r' || p[0] == '\n') {
		emu_execute(e, p[0]);
		e->in.join = 0;
		return 1;
	}
	control(e, p[0]);
	return 1;
}

size_t
emu_feed(struct emu *e, const uint8_t *p, size_t len, size_t work)
{
	size_t i = 0, n;
	uint32_t c;

	e->work = 0;
	while (i < len && e->work < work) {
		n = 1;
		if (e->in.state == GROUND)
			n = ground(e, p + i, len - i);
		else if (decode(&e->in, p[i], &c))
			control(e, c);
		i += n;
		e->work += n;
	}
	return i;
}

size_t
emu_work(const struct emu *e)
{
	return e->work;
}
