/* SPDX-License-Identifier: MIT */
/* Cutting output between characters, and showing what is none. */
#include <string.h>

#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/str.h"
#include "tests/unit/check.h"

#define BAD "\xef\xbf\xbd"

static void
expect_json(const char *in, size_t len, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	utf8_put_json(&b, (const uint8_t *)in, len);
	assert_string_equal(buf_cstr(&b), want);
	assert_true(str_utf8_valid(buf_cstr(&b), b.len));
	buf_done(&b);
}

#define EXPECT(in, want) expect_json(in, sizeof(in) - 1, want)

static void
test_json_escapes(void **state)
{
	(void)state;
	EXPECT("plain text", "plain text");
	EXPECT("a\"b\\c", "a\\u0022b\\u005cc");
	EXPECT("\r\n\t\x1b[0m\x7f", "\\u000d\\u000a\\u0009\\u001b[0m\\u007f");
	EXPECT("a\0b", "a\\u0000b");
	EXPECT("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

/* One U+FFFD for each maximal part (Unicode 3.9, table 3-8 and its kin). */
static void
test_what_is_no_character(void **state)
{
	(void)state;
	EXPECT("\x80", BAD);
	EXPECT("\xff\xfe", BAD BAD);
	EXPECT("\xc0\xaf", BAD BAD);		     /* overlong */
	EXPECT("\xe0\x80\xaf", BAD BAD BAD);	     /* overlong */
	EXPECT("\xed\xa0\x80", BAD BAD BAD);	     /* surrogate */
	EXPECT("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
	EXPECT("\xe2\x82x", BAD "x");
	EXPECT("\xf0\x9f\x98x", BAD "x");
	EXPECT("\xf0\x9fx", BAD "x");
	EXPECT("\xc3", BAD);
	EXPECT("\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
	    "a" BAD BAD BAD "b" BAD "c" BAD BAD "d");
}

/* However output is cut, the frames together are what the whole would be. */
static void
test_every_cut_is_whole(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"
				   "\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9";
	const uint8_t *p = (const uint8_t *)text;
	const size_t len = sizeof(text) - 1;
	struct buf b;

	(void)state;
	for (size_t cut = 0; cut <= len; cut++) {
		size_t n = utf8_whole(p, cut, false);

		assert_true(n <= cut && cut - n <= 3);
		buf_init(&b, 4096);
		utf8_put_json(&b, p, n);
		assert_null(strstr(buf_cstr(&b), BAD));
		utf8_put_json(&b, p + n, len - n);
		assert_string_equal(buf_cstr(&b), text);
		buf_done(&b);
	}
}

static void
test_last_gives_all(void **state)
{
	const uint8_t cut[] = { 'a', 0xe2, 0x82 };

	(void)state;
	assert_int_equal(utf8_whole(cut, 3, false), 1);
	assert_int_equal(utf8_whole(cut, 3, true), 3);
	/* What can never become a character does not wait for more. */
	assert_int_equal(utf8_whole((const uint8_t *)"a\xff", 2, false), 2);
	assert_int_equal(utf8_whole((const uint8_t *)"a\xed\xa0", 3, false), 3);
}

static void
test_all_characters_round_trip(void **state)
{
	uint32_t ch, got;
	struct buf b;

	(void)state;
	for (ch = 1; ch <= 0x10ffff; ch += ch < 0x900 ? 1 : 97) {
		if (ch >= 0xd800 && ch <= 0xdfff)
			continue;
		buf_init(&b, 8);
		utf8_put(&b, ch);
		assert_int_equal(utf8_next(b.data, b.len, &got), b.len);
		assert_int_equal(got, ch);
		buf_done(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_what_is_no_character),
		cmocka_unit_test(test_every_cut_is_whole),
		cmocka_unit_test(test_last_gives_all),
		cmocka_unit_test(test_all_characters_round_trip),
	};

	return CHECK_RUN("utf8", tests);
}
