/* SPDX-License-Identifier: MIT */
/* Numbers, UTF-8 and the printable form of foreign text. */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/str.h"

static void
whole_numbers_only(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "1x",
		"0x1", "1.0", "1e3", "18446744073709551616",
		"99999999999999999999999999", "\xd9\xa1" };
	uint64_t v = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_to_u64(bad[i], 0, UINT64_MAX, &v));
	assert_false(str_to_u64("9", 10, 20, &v));
	assert_false(str_to_u64("21", 10, 20, &v));
	assert_true(v == 7);
	assert_true(str_to_u64("18446744073709551615", 0, UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_true(str_to_u64("10", 10, 20, &v) && v == 10);
	assert_true(str_to_u64("020", 10, 20, &v) && v == 20);
}

static void
signed_numbers(void **state)
{
	static const char *const bad[] = { "", "-", "--1", "+1", "- 1", "-1-",
		"9223372036854775808", "-9223372036854775809" };
	int64_t v = 7;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_to_i64(bad[i], INT64_MIN, INT64_MAX, &v));
	assert_false(str_to_i64("-6", -5, 5, &v));
	assert_true(v == 7);
	assert_true(str_to_i64("-9223372036854775808", INT64_MIN, 0, &v));
	assert_true(v == INT64_MIN);
	assert_true(str_to_i64("9223372036854775807", 0, INT64_MAX, &v));
	assert_true(v == INT64_MAX);
	assert_true(str_to_i64("-0", -5, 5, &v) && v == 0);
}

static void
starts_and_ends(void **state)
{
	(void)state;
	assert_true(str_starts("abc", "ab") && str_starts("abc", ""));
	assert_false(str_starts("ab", "abc") || str_starts("xabc", "abc"));
	assert_true(str_ends("abc", "bc") && str_ends("abc", ""));
	assert_false(str_ends("bc", "abc") || str_ends("abcx", "abc"));
}

static void
copy_says_when_it_cut(void **state)
{
	char b[4];

	(void)state;
	assert_true(str_copy(b, "abc", sizeof(b)));
	assert_string_equal(b, "abc");
	assert_false(str_copy(b, "wxyz", sizeof(b)));
	assert_string_equal(b, "wxy");
	assert_false(str_copy(b, "a", 1));
	assert_string_equal(b, "");
}

/* Valid sequences at the edges of every row of RFC 3629, and their inside. */
static const char *const good_utf8[] = { "", "a", "\x7f", "\xc2\x80",
	"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
	"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
	"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80" };
static const char *const bad_utf8[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf",
	"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
	"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\xc2\x41",
	"\xe2\x82\x41", "\xf0\x9f\x98\x41" };

static void
utf8(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(good_utf8) / sizeof(good_utf8[0]); i++)
		assert_true(str_utf8_valid(good_utf8[i], strlen(good_utf8[i])));
	for (i = 0; i < sizeof(bad_utf8) / sizeof(bad_utf8[0]); i++) {
		assert_false(str_utf8_valid(bad_utf8[i], strlen(bad_utf8[i])));
		assert_int_equal(str_utf8_tail(bad_utf8[i],
				     strlen(bad_utf8[i])),
		    0);
	}
	assert_true(str_utf8_valid("a\0b", 3));
	/* Every proper prefix of a sequence is a tail, the whole is none. */
	for (n = 1; n < 4; n++) {
		assert_false(str_utf8_valid("\xf0\x9f\x98\x80", n));
		assert_int_equal(str_utf8_tail("\xf0\x9f\x98\x80", n), n);
		assert_int_equal(str_utf8_tail("aaaa\xf0\x9f\x98", 4 + n), n);
	}
	assert_int_equal(str_utf8_tail("\xf0\x9f\x98\x80", 4), 0);
	assert_int_equal(str_utf8_tail("", 0), 0);
	assert_int_equal(str_utf8_tail("abc", 3), 0);
}

static void
escapes_what_must_not_be_printed(void **state)
{
	static const char in[] = "a\n\r\t\x1b[1m\"\\\x01\x7f\0\xc2\x9b\xff"
				 "\xc3\xbc";
	char out[128];
	size_t n;

	(void)state;
	n = str_escape(out, sizeof(out), in, sizeof(in) - 1);
	assert_string_equal(out, "a\\n\\r\\t\\e[1m\\\"\\\\\\x01\\x7f\\x00"
				 "\\xc2\\x9b\\xff\xc3\xbc");
	assert_int_equal(n, strlen(out));
}

/* However little room there is, the result is whole escapes and dots. */
static void
escape_cuts_between_pieces(void **state)
{
	static const char in[] = "ab\n\xf0\x9f\x98\x80\x01";
	static const char *const want[] = { "", ".", "..", "...", "a...",
		"ab...", "ab...", "ab\\n...", "ab\\n...", "ab\\n...",
		"ab\\n...", "ab\\n\xf0\x9f\x98\x80...",
		"ab\\n\xf0\x9f\x98\x80\\x01" };
	char out[16];
	size_t room, n;

	(void)state;
	for (room = 0; room < sizeof(want) / sizeof(want[0]); room++) {
		memset(out, 'X', sizeof(out));
		n = str_escape(out, room + 1, in, strlen(in));
		assert_string_equal(out, want[room]);
		assert_int_equal(n, strlen(out));
		assert_int_equal(out[room + 1], 'X');
	}
}

static void
escape_cuts_plain_text_anywhere(void **state)
{
	static const char *const want[] = { "", ".", "..", "...", "a...",
		"ab...", "abc...", "abcd...", "abcdefgh", "abcdefgh" };
	char out[16];
	size_t room;

	(void)state;
	for (room = 0; room < sizeof(want) / sizeof(want[0]); room++) {
		memset(out, 'X', sizeof(out));
		assert_int_equal(str_escape(out, room + 1, "abcdefgh", 8),
		    strlen(want[room]));
		assert_string_equal(out, want[room]);
		assert_int_equal(out[room + 1], 'X');
	}
}

/* Long text is judged in words; a byte by itself is not. */
static void
every_byte_at_every_place(void **state)
{
	char in[20], out[128], one[8], want[128];

	(void)state;
	for (unsigned i = 0; i < 19 * 0x100; i++) {
		const int at = (int)(i / 0x100);
		const char c = (char)(i % 0x100);

		memset(in, 'x', sizeof(in));
		in[at] = c;
		str_escape(one, sizeof(one), &c, 1);
		(void)snprintf(want, sizeof(want), "%.*s%s%.*s", at,
		    "xxxxxxxxxxxxxxxxxxx", one, 18 - at, "xxxxxxxxxxxxxxxxxxx");
		str_escape(out, sizeof(out), in, 19);
		assert_string_equal(out, want);
		assert_int_equal(str_utf8_valid(in, 19), str_utf8_valid(&c, 1));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_only),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(copy_says_when_it_cut),
		cmocka_unit_test(utf8),
		cmocka_unit_test(escapes_what_must_not_be_printed),
		cmocka_unit_test(escape_cuts_between_pieces),
		cmocka_unit_test(escape_cuts_plain_text_anywhere),
		cmocka_unit_test(every_byte_at_every_place),
	};

	return CHECK_RUN("str", tests);
}
