/* SPDX-License-Identifier: MIT */
/*
 * Which sequences a person's terminal gets to see, as ECMA-48 and xterm have
 * them (ctlseqs). A terminal answers some by typing, others print, move its
 * window, lock its keyboard or hand over what it shows. Invariant: what is put
 * out is one whole sequence of a form that is known, or nothing.
 */
#include "cli/vtsafe.h"

#include <string.h>

#include "cli/vtmode.h"
#include "lib/buf.h"

#define TITLE_CHARS  120
#define NOTES_MINUTE 6
#define LINK_BYTES   2048
/* Larger numbers mean nothing to any of them, and not the same to all. */
#define NUMBER_MAX 65535

void
vtsafe_init(struct vtsafe *s)
{
	memset(s, 0, sizeof(*s));
	s->title_chars = TITLE_CHARS;
	s->notes_minute = NOTES_MINUTE;
	s->link_bytes = LINK_BYTES;
}

/*
 * Control sequences that draw, by prefix and intermediate. Not here: windows
 * (t), printing (i), saved modes (? s and ? r), areas that are told as a sum
 * (* y), 8-bit answers (" p), graphics (? S), and what nobody knows.
 */
static const struct {
	char prefix, mid;
	const char *finals;
} draws[] = {
	{ 0, 0, "@ABCDEFGHIJKLMPSTXZ`abdefgmrsu" },
	{ '?', 0, "JKW" },
	{ '>', 0, "mu" },
	{ '<', 0, "u" },
	{ '=', 0, "u" },
	{ 0, ' ', "q@A" },
	{ 0, '!', "p" },
	{ 0, '"', "q" },
	{ 0, '$', "rtvxz{" },
	{ 0, '*', "x" },
	{ 0, '\'', "}~" },
};

/*
 * Questions whose answer has a fixed form and nothing in it that a program
 * chose (J02). Titles, settings by name (DECRQSS) and screens are never told.
 */
#define ANY UINT32_MAX
static const struct {
	char prefix, mid, final;
	uint32_t first; /* parameter */
} questions[] = {
	{ 0, 0, 'c', 0 },     /* what are you */
	{ '>', 0, 'c', 0 },   /* which version */
	{ 0, 0, 'n', 5 },     /* are you well */
	{ 0, 0, 'n', 6 },     /* where is the cursor */
	{ '?', 0, 'n', 6 },   /* the same */
	{ 0, '$', 'p', ANY }, /* is a mode set */
	{ '?', '$', 'p', ANY },
	{ '?', 0, 'u', 0 }, /* keyboard flags */
	{ 0, 0, 't', 14 },  /* size in pixels, of a cell, in cells */
	{ 0, 0, 't', 16 },
	{ 0, 0, 't', 18 },
};

/*
 * Modes that a program may set: those that are taken back afterwards, and some
 * that change nothing but how things look. Not: VT52 (2), width of the window
 * (3, 40), locks, and pastes that are told (5522).
 */
static const uint16_t private_modes[] = { 1, 4, 5, 6, 7, 8, 9, 12, 25, 45, 47,
	66, 69, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1015, 1016,
	1034, 1036, 1039, 1047, 1048, 1049, 2004, 2026, 2027, 2031 };
static const uint16_t ansi_modes[] = { 4, 20 };

static bool
is_in(const uint16_t *list, size_t n, unsigned mode)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == mode)
			return true;
	return false;
}

static bool
may_set(char prefix, unsigned mode)
{
	if (prefix == '?')
		return is_in(private_modes,
		    sizeof(private_modes) / sizeof(private_modes[0]), mode);
	return is_in(ansi_modes, sizeof(ansi_modes) / sizeof(ansi_modes[0]),
	    mode);
}

/* The good ones of a list of modes. */
static void
put_modes(const struct vtcsi *c, struct buf *out)
{
	bool any = false;

	for (unsigned i = 0; i < c->nparam; i++) {
		if (!may_set(c->prefix, c->param[i]))
			continue;
		buf_put_text(out, any ? ";" : c->prefix ? "\033[?" : "\033[");
		buf_put_dec(out, c->param[i]);
		any = true;
	}
	if (any)
		buf_put_u8(out, (uint8_t)c->final);
}

static bool
is_drawing(const struct vtcsi *c)
{
	/* More than one number to T is the mouse, watched (xterm). */
	if (c->final == 'T' && c->nparam > 1)
		return false;
	for (size_t i = 0; i < sizeof(draws) / sizeof(draws[0]); i++)
		if (draws[i].prefix == c->prefix && draws[i].mid == c->mid)
			return strchr(draws[i].finals, c->final) != NULL;
	return false;
}

static bool
is_question(const struct vtcsi *c)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		if (questions[i].prefix == c->prefix &&
		    questions[i].mid == c->mid &&
		    questions[i].final == c->final && c->nparam <= 1 &&
		    (questions[i].first == ANY ||
			questions[i].first == c->param[0]))
			return true;
	return false;
}

/*
 * ESC [, one prefix, numbers, at most one intermediate, the end: what is put
 * otherwise is read one way here and another way there.
 */
static bool
is_plain_csi(const char *seq, size_t len)
{
	size_t i = 2;
	unsigned n = 0;

	if (len < 3 || seq[0] != '\033' || seq[1] != '[')
		return false;
	i += seq[i] >= '<' && seq[i] <= '?';
	for (; i < len && seq[i] >= '0' && seq[i] <= ';'; i++) {
		n = seq[i] > '9' ? 0 : n * 10 + (unsigned)(seq[i] - '0');
		if (n > NUMBER_MAX)
			return false;
	}
	i += i < len && seq[i] >= ' ' && seq[i] <= '/';
	return i == len - 1 && seq[i] >= '@' && seq[i] <= '~';
}

static void
put_csi(const struct vtsafe *s, bool old, const char *seq, size_t len,
    struct buf *out)
{
	struct vtcsi c;

	if (!is_plain_csi(seq, len) || !vtcsi_parse(&c, seq, len))
		return;
	if ((c.final == 'h' || c.final == 'l') && c.mid == 0 &&
	    (c.prefix == 0 || c.prefix == '?'))
		put_modes(&c, out);
	else if (is_drawing(&c) || (s->answers && !old && is_question(&c)))
		buf_put(out, seq, len);
}

/*
 * ESC and one byte, or with one intermediate. Not here: DECID (Z) asks, % @
 * leaves UTF-8 and a blank makes answers 8-bit, l and m lock memory, k begins a
 * string in screen and tmux and in nothing else.
 */
static void
put_escape(const char *seq, size_t len, struct buf *out)
{
	bool ok = false;

	if (len == 2)
		ok = memchr("6789=>DEHMNOcno|}~", seq[1], 18) != NULL;
	else if (len == 3 && memchr("()*+-./", seq[1], 7) != NULL)
		ok = seq[2] > ' ' && seq[2] <= '~';
	else if (len == 3 && seq[1] == '#')
		ok = memchr("34568", seq[2], 5) != NULL;
	else if (len == 3 && seq[1] == '%')
		ok = seq[2] == 'G';
	if (ok)
		buf_put(out, seq, len);
}

bool
vtsafe_is_long(const struct vtsafe *s, const char *seq, size_t len)
{
	static const char clipboard[] = "\033]52;";

	return s->clipboard_bytes > 0 && len >= sizeof(clipboard) - 1 &&
	       memcmp(seq, clipboard, sizeof(clipboard) - 1) == 0;
}

/*
 * Device control, privacy messages and application commands: images, files,
 * settings told by name, and what tmux would hand on unseen (J05).
 */
void
vtsafe_put(struct vtsafe *s, bool old, const char *seq, size_t len,
    struct buf *out)
{
	size_t end = len;

	if (len < 2 || memchr("PX^_", seq[1], 4) != NULL)
		return;
	if (seq[1] == '[') {
		put_csi(s, old, seq, len, out);
	} else if (seq[1] == ']') {
		if (seq[len - 1] == '\007')
			end -= 1;
		else if (len >= 4 && seq[len - 1] == '\\' &&
			 seq[len - 2] == '\033')
			end -= 2;
		/* Without its end it has not been said. */
		if (end < len)
			vtosc_put(s, old, seq + 2, end - 2, out);
	} else {
		put_escape(seq, len, out);
	}
}
