/* SPDX-License-Identifier: MIT */
/* The text in output at once, the marks of prompts, and patterns in it. */
#include <string.h>

#include "daemon/term/plain.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/pattern.h"
#include "tests/unit/check.h"

#define S30   "0123456789abcdefghijklmnopqrst"
#define S4200 S600 S600 S600 S600 S600 S600 S600
#define S600  S120 S120 S120 S120 S120
#define S120  S30 S30 S30 S30

static const struct {
	const char *in, *text, *marks; /* "A", "B", "C", "D", "D3" ... */
} rows[] = {
	{ "plain", "plain", "" },
	{ "a\r\nb\nc\rd", "a\nb\nc\nd", "" },
	{ "a\r\r\n\r\nb", "a\n\nb", "" },
	{ "a\r\x1b[0m\nb", "a\nb", "" },
	{ "tab\there\x0b\x0c", "tab\there\n\n", "" },
	{ "be\x07ll\b\x01\x7f", "bell", "" },
	/* What hides in the middle of a word. */
	{ "r\x1b[1;31me\x1b[md", "red", "" },
	{ "r\x1b]0;title\x07"
	  "e\x1b]8;;http://x\x1b\\d",
	    "red", "" },
	{ "r\x1bPq#0\x1b\\e\x1b_app\x1b\\d\x1b^pm\x1b\\!\x1bXsos\x1b\\", "red!",
	    "" },
	{ "r\x1b(Be\x1b=d\x1b#8", "red", "" },
	{ "r\xc2\x9b"
	  "31me\xc2\x9dtitle\xc2\x9c"
	  "d\xc2\x90q\xc2\x9c!",
	    "red!", "" },
	{ "r\x1b[38;2;255;255;255;48;2;255;255;255;4;58;2;255;255;255me", "re",
	    "" },
	{ "r\x1b[1\x1b[2me", "re", "" },
	{ "a\xc2\x85"
	  "b",
	    "a\nb", "" },
	/* Characters, whole and not. */
	{ "\xc2\xa9\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82",
	    "\xc2\xa9\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82", "" },
	{ "\xc2", "", "" },
	{ "\xc2\xc2\xa9\xc2x", "\xc2\xc2\xa9\xc2x", "" },
	{ "\xff\x80", "\xff\x80", "" },
	/* Sequences that have no end take nothing with them. */
	{ "\x1b]0;open\ntext", "\ntext", "" },
	{ "\x1b[12\ntext", "\ntext", "" },
	{ "\x1b[12\x18text\x1bP\x1atext", "texttext", "" },
	{ "\x1b]" S4200 "x", "hijklmnopqrst" S30 S30 S30 "x", "" },
	/* Prompts. */
	{ "\x1b]133;A\x07$ \x1b]133;B\x07", "$ ", "AB" },
	{ "\x1b]133;C\x1b\\out\x1b]133;D;0\x1b\\", "out", "CD0" },
	{ "\x1b]133;D;130;aid=7\x07\x1b]133;D\x07\x1b]133;D;\x07", "",
	    "D130DD" },
	{ "\x1b]133;A;cl=m\xc2\x9c", "", "A" },
	{ "\x1b]133;D;99999999999\x07", "", "D999999" },
	{ "\x1b]133;E\x07\x1b]133;AB\x07\x1b]1337;A\x07\x1b]133;\x07", "", "" },
	{ "\x1b]133;A\x18\x1b]133;A\n\x1bP133;A\x1b\\", "\n", "" },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
feed(struct plain *p, const char *in, size_t len, struct buf *text,
    struct buf *marks)
{
	uint8_t out[2];

	for (size_t i = 0; i < len; i++) {
		buf_put(text, out, plain_byte(p, (uint8_t)in[i], out));
		if (p->mark == 0)
			continue;
		buf_put_u8(marks, (uint8_t)p->mark);
		if (p->mark == 'D' && p->status >= 0)
			buf_put_dec(marks, p->status);
	}
}

static void
test_text_and_marks(void **state)
{
	struct buf text, marks;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		struct plain p = { 0 };

		buf_init(&text, 65536);
		buf_init(&marks, 256);
		feed(&p, rows[i].in, strlen(rows[i].in), &text, &marks);
		if (strcmp(buf_cstr(&text), rows[i].text) != 0)
			fail_msg("row %zu: \"%s\"", i, buf_cstr(&text));
		if (strcmp(buf_cstr(&marks), rows[i].marks) != 0)
			fail_msg("row %zu: marks %s", i, buf_cstr(&marks));
		buf_done(&text);
		buf_done(&marks);
	}
}

/* Where the output is cut, all there is stands in the struct. */
static void
test_every_cut(void **state)
{
	struct buf text, marks;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		size_t len = strlen(rows[i].in);

		for (size_t cut = 0; cut <= len && len < 200; cut++) {
			struct plain first = { 0 }, then;

			buf_init(&text, 65536);
			buf_init(&marks, 256);
			feed(&first, rows[i].in, cut, &text, &marks);
			then = first;
			memset(&first, 0xff, sizeof(first));
			feed(&then, rows[i].in + cut, len - cut, &text, &marks);
			assert_string_equal(buf_cstr(&text), rows[i].text);
			assert_string_equal(buf_cstr(&marks), rows[i].marks);
			buf_done(&text);
			buf_done(&marks);
		}
	}
}

/* Who leaves out what is not odd sees the same marks, and the text there. */
static void
test_left_out(void **state)
{
	struct buf text, marks;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		const char *in = rows[i].in;
		size_t len = strlen(in), n;
		struct plain p = { 0 };

		buf_init(&text, 65536);
		buf_init(&marks, 256);
		for (size_t at = 0; at < len;) {
			n = plain_odd((const uint8_t *)in + at, len - at);
			if (!plain_rests(&p))
				n = 0;
			plain_leave_out(&p, (const uint8_t *)in + at, n);
			at += n;
			if (at < len)
				feed(&p, in + at++, 1, &text, &marks);
		}
		assert_string_equal(buf_cstr(&marks), rows[i].marks);
		buf_done(&text);
		buf_done(&marks);
	}
}

static const struct {
	const char *pattern;
	const char *text;
	int at; /* bytes up to the end of the first match; -1: none */
	bool glob;
} finds[] = {
	{ "b", "abc", 2, false },
	{ "abc", "ababc", 5, false },
	{ "aab", "aaaaab", 6, false },
	{ "abab", "abaabab", 7, false },
	{ "abc", "ab", -1, false },
	{ "a*c", "abc", -1, false },
	{ "a*c", "a*c", 3, false },
	{ "a\nb", "xa\nb", 4, false },
	{ "a*c", "a--c", 4, true },
	{ "a*c", "ac", 2, true },
	{ "a*c", "a\nc", -1, true },
	{ "a*c", "a\naxc", 5, true },
	{ "*c*", "abc", 3, true },
	{ "ab*ab", "ababx", 4, true },
	{ "ab*ab", "abxab", 5, true },
	{ "ab*ab", "aba\nab", -1, true },
	{ "a**b", "a-b", 3, true },
	{ "err*[0-9]", "error [0-9]", 11, true },
	{ "\xc3\xa9", "e\xc3\xa9", 3, false },
};

static int
first_match(struct pattern *p, const char *text)
{
	for (int i = 0; text[i] != '\0'; i++)
		if (pattern_byte(p, (uint8_t)text[i]))
			return i + 1;
	return -1;
}

static void
test_patterns(void **state)
{
	struct pattern p;
	const char *text;
	size_t n, len;
	bool hit;

	(void)state;
	for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		assert_int_equal(pattern_init(&p, finds[i].pattern,
				     finds[i].glob),
		    0);
		if (first_match(&p, finds[i].text) != finds[i].at)
			fail_msg("%s in %s", finds[i].pattern, finds[i].text);
		assert_int_equal(pattern_init(&p, finds[i].pattern,
				     finds[i].glob),
		    0);
		/* Leaving out what cannot be the beginning changes nothing. */
		text = finds[i].text;
		len = strlen(text);
		for (n = 0, hit = false; n < len && !hit;) {
			n += pattern_idle(&p, (const uint8_t *)text + n,
			    len - n);
			hit = n < len && pattern_byte(&p, (uint8_t)text[n++]);
		}
		assert_int_equal(hit ? (int)n : -1, finds[i].at);
	}
	/* One match is the beginning of the next search. */
	assert_int_equal(pattern_init(&p, "aa", false), 0);
	assert_int_equal(first_match(&p, "xaa"), 3);
	assert_int_equal(first_match(&p, "a"), -1);
	assert_int_equal(first_match(&p, "a"), 1);
}

static void
test_pattern_bounds(void **state)
{
	char text[PATTERN_MAX + 2];
	struct pattern p;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[PATTERN_MAX + 1] = '\0';
	assert_int_equal(pattern_init(&p, text, false), RDV_E_TOO_BIG);
	text[PATTERN_MAX] = '\0';
	assert_int_equal(pattern_init(&p, text, false), 0);
	assert_int_equal(first_match(&p, text), PATTERN_MAX);
	assert_int_equal(pattern_init(&p, "", false), RDV_E_INVALID);
	assert_int_equal(pattern_init(&p, "***", true), RDV_E_INVALID);
	assert_int_equal(pattern_init(&p, "a\n*", true), RDV_E_INVALID);
	assert_int_equal(pattern_init(&p, "a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p",
			     true),
	    0);
	assert_int_equal(pattern_init(&p, "a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q",
			     true),
	    RDV_E_TOO_BIG);
}

/*
 * What makes a backtracking matcher stand still. By the comparisons that it
 * takes this is over in milliseconds or, at the square of its length, never.
 */
static void
test_D11_no_pattern_is_slow(void **state)
{
	char text[PATTERN_MAX + 1];
	struct pattern p;

	(void)state;
	memset(text, 'a', PATTERN_MAX);
	text[PATTERN_MAX - 1] = 'b';
	text[PATTERN_MAX] = '\0';
	assert_int_equal(pattern_init(&p, text, false), 0);
	for (unsigned i = 0; i < 10000000; i++)
		assert_false(pattern_byte(&p, 'a'));
	assert_true(pattern_byte(&p, 'b'));
	assert_int_equal(pattern_init(&p, "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
			     true),
	    0);
	for (unsigned i = 0; i < 10000000; i++)
		assert_false(pattern_byte(&p, 'a'));
	assert_true(pattern_byte(&p, 'b'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_marks),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_pattern_bounds),
		cmocka_unit_test(test_D11_no_pattern_is_slow),
	};

	return CHECK_RUN("plain", tests);
}
