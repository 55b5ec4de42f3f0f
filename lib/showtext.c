/* SPDX-License-Identifier: MIT */
/*
 * How a command is shown to who is to allow it (abuse K03). Invariant: two
 * different texts are never shown the same, but for letters that look alike,
 * which are flagged; and what is shown is printable, in one direction.
 */
#include "lib/showtext.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/buf.h"

#define OPEN	"\xe2\x9f\xa8"
#define CLOSE	"\xe2\x9f\xa9"
#define TIMES	"\xc3\x97"
#define RUN_MAX 8 /* of one character that are shown as they are */
#define INVALID 0x110000u

const struct showtext_flag showtext_flags[] = {
	{ SHOWTEXT_LINES, "lines" },
	{ SHOWTEXT_CONTROL, "control" },
	{ SHOWTEXT_BIDI, "bidi" },
	{ SHOWTEXT_INVISIBLE, "invisible" },
	{ SHOWTEXT_PADDING, "padding" },
	{ SHOWTEXT_SCRIPTS, "mixed_scripts" },
	{ SHOWTEXT_LOOKALIKE, "lookalike" },
	{ SHOWTEXT_INVALID, "invalid" },
	{ 0, NULL },
};

/* What is not shown as it is, in order; what is between is. */
static const struct {
	uint32_t from, to;
	unsigned flag;
} hidden[] = {
	{ 0x00, 0x09, SHOWTEXT_CONTROL },
	{ 0x0a, 0x0a, SHOWTEXT_LINES },
	{ 0x0b, 0x1f, SHOWTEXT_CONTROL },
	{ 0x7f, 0x9f, SHOWTEXT_CONTROL },
	{ 0xa0, 0xa0, SHOWTEXT_INVISIBLE },
	{ 0xad, 0xad, SHOWTEXT_INVISIBLE },
	{ 0x300, 0x36f, SHOWTEXT_INVISIBLE }, /* drawn over others */
	{ 0x61c, 0x61c, SHOWTEXT_BIDI },
	{ 0x115f, 0x1160, SHOWTEXT_INVISIBLE },
	{ 0x1680, 0x1680, SHOWTEXT_INVISIBLE },
	{ 0x17b4, 0x17b5, SHOWTEXT_INVISIBLE },
	{ 0x180b, 0x180f, SHOWTEXT_INVISIBLE },
	{ 0x1ab0, 0x1aff, SHOWTEXT_INVISIBLE },
	{ 0x1dc0, 0x1dff, SHOWTEXT_INVISIBLE },
	{ 0x2000, 0x200d, SHOWTEXT_INVISIBLE },
	{ 0x200e, 0x200f, SHOWTEXT_BIDI },
	{ 0x2028, 0x2029, SHOWTEXT_LINES },
	{ 0x202a, 0x202e, SHOWTEXT_BIDI },
	{ 0x202f, 0x202f, SHOWTEXT_INVISIBLE },
	{ 0x205f, 0x2065, SHOWTEXT_INVISIBLE },
	{ 0x2066, 0x2069, SHOWTEXT_BIDI },
	{ 0x206a, 0x206f, SHOWTEXT_INVISIBLE },
	{ 0x20d0, 0x20ff, SHOWTEXT_INVISIBLE },
	{ 0x27e8, 0x27e9, 0 }, /* our own */
	{ 0x2800, 0x2800, SHOWTEXT_INVISIBLE },
	{ 0x3000, 0x3000, SHOWTEXT_INVISIBLE },
	{ 0x3164, 0x3164, SHOWTEXT_INVISIBLE },
	{ 0xe000, 0xf8ff, SHOWTEXT_INVALID }, /* drawn as anybody likes */
	{ 0xfdd0, 0xfdef, SHOWTEXT_INVALID },
	{ 0xfe00, 0xfe0f, SHOWTEXT_INVISIBLE },
	{ 0xfe20, 0xfe2f, SHOWTEXT_INVISIBLE },
	{ 0xfeff, 0xfeff, SHOWTEXT_INVISIBLE },
	{ 0xffa0, 0xffa0, SHOWTEXT_INVISIBLE },
	{ 0xfff0, 0xfffb, SHOWTEXT_INVISIBLE },
	{ 0xfffe, 0xffff, SHOWTEXT_INVALID },
	{ 0x1d159, 0x1d159, SHOWTEXT_INVISIBLE },
	{ 0x1d173, 0x1d17a, SHOWTEXT_INVISIBLE },
	{ 0xe0000, 0x10ffff, SHOWTEXT_INVISIBLE },
	{ INVALID, UINT32_MAX, SHOWTEXT_INVALID },
};

/* Letters by script, as far as one is taken for Latin. */
enum script { OTHER, LATIN, GREEK, CYRILLIC, STYLED };
static const struct {
	uint32_t from, to;
	enum script script;
} scripts[] = {
	{ 'A', 'Z', LATIN },
	{ 'a', 'z', LATIN },
	{ 0xc0, 0x24f, LATIN },
	{ 0x250, 0x2af, STYLED }, /* phonetic letters: other forms of a, g */
	{ 0x370, 0x3ff, GREEK },
	{ 0x400, 0x52f, CYRILLIC },
	{ 0x530, 0x58f, STYLED },   /* Armenian */
	{ 0x13a0, 0x13ff, STYLED }, /* Cherokee */
	{ 0x1d00, 0x1d7f, STYLED },
	{ 0x1e00, 0x1eff, LATIN },
	{ 0x1f00, 0x1fff, GREEK },
	{ 0x2100, 0x214f, STYLED },
	{ 0x2c80, 0x2cff, STYLED }, /* Coptic */
	{ 0xa4d0, 0xa4ff, STYLED }, /* Lisu */
	{ 0xff01, 0xff5e, STYLED }, /* wide forms */
	{ 0x1d400, 0x1d7ff, STYLED },
};

/* Greek and Cyrillic letters that are drawn as Latin ones. */
static const uint32_t alike[] = { 0x391, 0x392, 0x395, 0x396, 0x397, 0x399,
	0x39a, 0x39c, 0x39d, 0x39f, 0x3a1, 0x3a4, 0x3a5, 0x3a7, 0x3b1, 0x3b9,
	0x3bd, 0x3bf, 0x3c1, 0x3c5, 0x3f2, 0x405, 0x406, 0x408, 0x410, 0x412,
	0x415, 0x41a, 0x41c, 0x41d, 0x41e, 0x420, 0x421, 0x422, 0x425, 0x430,
	0x435, 0x43e, 0x440, 0x441, 0x443, 0x445, 0x455, 0x456, 0x458, 0x4bb,
	0x4cf, 0x501, 0x51b, 0x51d };

struct show {
	struct buf *out;
	unsigned flags;
	uint32_t last; /* the character before, and how often */
	size_t times;
	unsigned in_word; /* bits of enum script */
	bool only_alike;  /* all letters of the word are so */
};

/* One character, or INVALID plus the byte; how many bytes that is. */
static size_t
next(const uint8_t *s, size_t len, uint32_t *c)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	*c = INVALID + s[0];
	if (n == 1)
		*c = s[0];
	if (n == 1 || s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 1;
	uint32_t v = s[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		v = v << 6 | (s[i] & 0x3f);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 1;
	*c = v;
	return n;
}

/* Its row in `hidden`, or -1. */
static int
row_of(uint32_t c)
{
	size_t lo = 0, hi = sizeof(hidden) / sizeof(hidden[0]);

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c < hidden[mid].from)
			hi = mid;
		else if (c > hidden[mid].to)
			lo = mid + 1;
		else
			return (int)mid;
	}
	/* The last two of each plane are characters nowhere. */
	return c < INVALID && (c & 0xfffe) == 0xfffe
		   ? (int)(sizeof(hidden) / sizeof(hidden[0])) - 1
		   : -1;
}

static void
put_named(struct buf *out, uint32_t c)
{
	static const char *const names[] = { [0x00] = "NUL",
		[0x07] = "BEL",
		[0x08] = "BS",
		[0x09] = "TAB",
		[0x0a] = "LF",
		[0x0d] = "CR",
		[0x1b] = "ESC" };

	if (c < sizeof(names) / sizeof(names[0]) && names[c] != NULL)
		buf_printf(out, OPEN "%s" CLOSE, names[c]);
	else if (c == 0x7f)
		buf_put_text(out, OPEN "DEL" CLOSE);
	else if (c >= INVALID)
		buf_printf(out, OPEN "0x%02X" CLOSE, c - INVALID);
	else
		buf_printf(out, OPEN "U+%04X" CLOSE, c);
}

static void
put_char(struct show *s, uint32_t c, const uint8_t *p, size_t n)
{
	int row = row_of(c);

	if (row < 0) {
		buf_put(s->out, p, n);
		return;
	}
	s->flags |= hidden[row].flag;
	put_named(s->out, c);
}

/* Shown before: one, or up to RUN_MAX of them; now the number is known. */
static void
end_run(struct show *s)
{
	if (s->times <= RUN_MAX)
		return;
	s->flags |= SHOWTEXT_PADDING;
	buf_printf(s->out, OPEN TIMES "%zu" CLOSE, s->times);
}

static enum script
script_of(uint32_t c)
{
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (c >= scripts[i].from && c <= scripts[i].to)
			return scripts[i].script;
	return OTHER;
}

static bool
looks_latin(uint32_t c)
{
	for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
		if (alike[i] == c)
			return true;
	return false;
}

static void
end_word(struct show *s)
{
	unsigned w = s->in_word;

	if ((w & (w - 1)) != 0 || (w & 1u << STYLED) != 0)
		s->flags |= SHOWTEXT_SCRIPTS;
	else if ((w & (1u << GREEK | 1u << CYRILLIC)) != 0 && s->only_alike)
		s->flags |= SHOWTEXT_LOOKALIKE;
	s->in_word = 0;
	s->only_alike = true;
}

/* Digits and signs are in all scripts; some of the signs end a word. */
static void
judge(struct show *s, uint32_t c)
{
	enum script script = script_of(c);

	if (c < 0x80 && strchr(" \t\n/;|&<>()=,:.-_'\"", (int)c) != NULL)
		end_word(s);
	if (script == OTHER)
		return;
	s->in_word |= 1u << script;
	s->only_alike = s->only_alike && looks_latin(c);
}

/*
 * How many of the same follow is known behind them only: the first are shown,
 * then their number if there are more.
 */
static void
one(struct show *s, uint32_t c, const uint8_t *p, size_t n)
{
	judge(s, c);
	if (c == s->last && s->times > 0) {
		s->times++;
	} else {
		end_run(s);
		s->last = c;
		s->times = 1;
	}
	if (s->times <= RUN_MAX)
		put_char(s, c, p, n);
}

unsigned
showtext(struct buf *out, const char *text, size_t len)
{
	struct show s = { .out = out, .only_alike = true };
	const uint8_t *p = (const uint8_t *)text;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		uint32_t c;

		n = next(p + i, len - i, &c);
		one(&s, c, p + i, n);
	}
	end_run(&s);
	end_word(&s);
	return s.flags;
}

static bool
is_plain(const char *w)
{
	return *w != '\0' && w[strspn(w, "abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_@%+=:,./-")] == '\0';
}

/* POSIX quotes: all but a quote is itself in them. */
static void
quote(struct buf *b, const char *w)
{
	buf_put_u8(b, '\'');
	for (; *w != '\0'; w++) {
		if (*w == '\'')
			buf_put_text(b, "'\\''");
		else
			buf_put_u8(b, (uint8_t)*w);
	}
	buf_put_u8(b, '\'');
}

unsigned
showtext_argv(struct buf *out, const char *const *argv)
{
	unsigned flags;
	struct buf b;

	buf_init(&b, 4 * out->max);
	for (size_t i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			buf_put_u8(&b, ' ');
		if (is_plain(argv[i]))
			buf_put_text(&b, argv[i]);
		else
			quote(&b, argv[i]);
	}
	flags = showtext(out, (const char *)b.data, b.len);
	if (!buf_ok(&b))
		out->failed = true;
	buf_done(&b);
	return flags;
}
