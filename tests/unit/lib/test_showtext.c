/* SPDX-License-Identifier: MIT */
/*
 * How text of an agent's is shown (abuse K03): what cannot be seen is spelled
 * out, what is long is counted, and no two texts look the same.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/buf.h"
#include "lib/showtext.h"
#include "lib/str.h"

#define O "\xe2\x9f\xa8"
#define C "\xe2\x9f\xa9"
#define X "\xc3\x97"

static const struct {
	const char *text, *shown;
	unsigned flags;
} rows[] = {
	{ "git status", "git status", 0 },
	{ "a\\nb", "a\\nb", 0 },
	{ "a\nb", "a" O "LF" C "b", SHOWTEXT_LINES },
	{ "a\r\x1b[2K", "a" O "CR" C O "ESC" C "[2K", SHOWTEXT_CONTROL },
	{ "\x7f\xc2\x9b", O "DEL" C O "U+009B" C, SHOWTEXT_CONTROL },
	/* right-to-left override */
	{ "a\xe2\x80\xae"
	  "b",
	    "a" O "U+202E" C "b", SHOWTEXT_BIDI },
	{ "a\xe2\x81\xa6"
	  "b",
	    "a" O "U+2066" C "b", SHOWTEXT_BIDI },
	/* zero width space, word joiner, byte order mark, soft hyphen */
	{ "r\xe2\x80\x8bm", "r" O "U+200B" C "m", SHOWTEXT_INVISIBLE },
	{ "r\xe2\x81\xa0m", "r" O "U+2060" C "m", SHOWTEXT_INVISIBLE },
	{ "r\xef\xbb\xbfm", "r" O "U+FEFF" C "m", SHOWTEXT_INVISIBLE },
	{ "r\xc2\xadm", "r" O "U+00AD" C "m", SHOWTEXT_INVISIBLE },
	/* no-break space, a tag character, a variation selector */
	{ "r\xc2\xa0m", "r" O "U+00A0" C "m", SHOWTEXT_INVISIBLE },
	{ "\xf3\xa0\x81\x81", O "U+E0041" C, SHOWTEXT_INVISIBLE },
	{ "\xef\xb8\x8f", O "U+FE0F" C, SHOWTEXT_INVISIBLE },
	/* padding, at its bound too */
	{ "a        b", "a        b", 0 },
	{ "a         b", "a        " O X "9" C "b", SHOWTEXT_PADDING },
	{ "\n\n\n\n\n\n\n\n\n",
	    O "LF" C O "LF" C O "LF" C O "LF" C O "LF" C O "LF" C O "LF" C O
	      "LF" C O X "9" C,
	    SHOWTEXT_LINES | SHOWTEXT_PADDING },
	/* our own brackets say nothing of their own */
	{ O "LF" C, O "U+27E8" C "LF" O "U+27E9" C, 0 },
	/* a Cyrillic a in a Latin word; a word of nothing but such letters */
	{ "c\xd0\xb0t x", "c\xd0\xb0t x", SHOWTEXT_SCRIPTS },
	{ "\xd1\x81\xd1\x83\xd0\xbe x", "\xd1\x81\xd1\x83\xd0\xbe x",
	    SHOWTEXT_LOOKALIKE },
	/* honest words of each */
	{ "cat \xd0\xbb\xd0\xb8\xd1\x81\xd1\x82.txt",
	    "cat \xd0\xbb\xd0\xb8\xd1\x81\xd1\x82.txt", 0 },
	{ "cat \xd0\xbb\xd0\xb8\xd1\x81\xd1\x82",
	    "cat \xd0\xbb\xd0\xb8\xd1\x81\xd1\x82", 0 },
	{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", 0 },
	/* wide and mathematical letters are never meant */
	{ "\xef\xbd\x92\xef\xbd\x8d", "\xef\xbd\x92\xef\xbd\x8d",
	    SHOWTEXT_SCRIPTS },
	/* no UTF-8: overlong, cut, a surrogate */
	{ "\xc0\x80", O "0xC0" C O "0x80" C, SHOWTEXT_INVALID },
	{ "a\xe2\x80", "a" O "0xE2" C O "0x80" C, SHOWTEXT_INVALID },
	{ "\xed\xa0\x80", O "0xED" C O "0xA0" C O "0x80" C, SHOWTEXT_INVALID },
};

static void
test_abuse_K03_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf b;
		unsigned flags;

		buf_init(&b, 4096);
		flags = showtext(&b, rows[i].text, strlen(rows[i].text));
		assert_string_equal(buf_cstr(&b), rows[i].shown);
		if (flags != rows[i].flags)
			fail_msg("row %zu: flags %#x, not %#x", i, flags,
			    rows[i].flags);
		assert_true(str_utf8_valid((char *)b.data, b.len));
		buf_done(&b);
	}
}

static void
test_abuse_K03_four_kilobytes(void **state)
{
	char text[4200];
	struct buf b;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "ls", 2);
	memcpy(text + 4198, "&x", 2);
	buf_init(&b, 4096);
	assert_int_equal(showtext(&b, text, sizeof(text)), SHOWTEXT_PADDING);
	assert_string_equal(buf_cstr(&b), "ls        " O X "4196" C "&x");
	buf_done(&b);
}

static void
test_argv(void **state)
{
	static const char *const argv[] = { "git", "commit", "-m", "a b",
		"it's", "", "\n", NULL };
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(showtext_argv(&b, argv), SHOWTEXT_LINES);
	assert_string_equal(buf_cstr(&b),
	    "git commit -m 'a b' 'it'\\''s' '' '" O "LF" C "'");
	buf_done(&b);
}

static void
test_flags_have_names(void **state)
{
	unsigned all = 0;

	(void)state;
	for (size_t i = 0; showtext_flags[i].name != NULL; i++)
		all |= showtext_flags[i].bit;
	assert_int_equal(all, 0xff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abuse_K03_rows),
		cmocka_unit_test(test_abuse_K03_four_kilobytes),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_flags_have_names),
	};

	return CHECK_RUN("lib/showtext", tests);
}
