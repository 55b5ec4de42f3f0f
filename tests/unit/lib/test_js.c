/* SPDX-License-Identifier: MIT */
/* JSON: what is read is RFC 8259 to the letter, what is written is valid. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static bool
parses_bytes(const char *text, size_t len)
{
	char why[80] = "";
	struct js *v = js_parse(text, len, why, sizeof(why));

	/* A refusal has a reason, and an acceptance none. */
	assert_int_equal(v == NULL, why[0] != '\0');
	js_free(v);
	return v != NULL;
}

static bool
parses(const char *text)
{
	return parses_bytes(text, strlen(text));
}

static void
accepts_any_one_value(void **state)
{
	static const char *const good[] = { "{}", "[]", "null", "true", "-0",
		"1e3", "\"\"", " [1 , 2]\n", "{\"a\":{\"a\":1}}",
		"\"\\ud83d\\ude00\"", "\"gr\xc3\xbc\"", "9223372036854775807",
		"\"\\u007f\"" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(parses(good[i]));
}

static void
abuse_D01_refuses_the_rest(void **state)
{
	static const char *const bad[] = { "", " ", "{", "[1,]", "{\"a\":1,}",
		"{} {}", "{}x", "[1]\n]", "NaN", "Infinity", "-Infinity", "01",
		"+1", ".5", "1.", "0x10", "'a'", "{a:1}", "nul",
		"{\"a\":1,\"a\":2}", "{\"x\":{\"a\":1,\"a\":1}}", "\"\\ud800\"",
		"\"\\udc00\\ud800\"", "\"\\u0000\"", "{\"\\u0000\":1}",
		"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\n\"",
		"\"\\x41\"", "// c\n1", "9223372036854775808", "1e999",
		"\xef\xbb\xbf{}" };
	char digits[401];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(parses(bad[i]));
	assert_false(parses_bytes("\"a\0b\"", 5));
	assert_false(parses_bytes("{}\0", 3));
	memset(digits, '9', 400);
	digits[400] = '\0';
	assert_false(parses(digits));
}

static void
abuse_D01_depth(void **state)
{
	char *deep = xmalloc(200000);
	int depth;

	(void)state;
	for (depth = 63; depth <= 66; depth++) {
		memset(deep, '[', (size_t)depth);
		memset(deep + depth, ']', (size_t)depth);
		assert_int_equal(parses_bytes(deep, 2 * (size_t)depth),
		    depth <= 64);
	}
	memset(deep, '[', 100000);
	memset(deep + 100000, ']', 100000);
	assert_false(parses_bytes(deep, 200000));
	/* Brackets in strings are text, and "\"" does not end one. */
	memset(deep, '[', 1000);
	memcpy(deep, "\"\\\"", 3);
	deep[999] = '"';
	assert_true(parses_bytes(deep, 1000));
	free(deep);
}

static void
reason_is_printable(void **state)
{
	char why[200];

	(void)state;
	assert_null(js_parse("\x1b[2J", 4, why, sizeof(why)));
	assert_null(strchr(why, '\x1b'));
	assert_null(js_parse("\x1b[2J", 4, why, 5));
	assert_true(strlen(why) < 5);
}

static void
assert_dumps(struct js *v, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	js_dump(v, &b);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_cstr(&b), want);
	assert_true(parses(want));
	buf_done(&b);
	js_free(v);
}

static void
builds(void **state)
{
	struct js *o = js_object(), *a = js_array();

	(void)state;
	js_push_str(a, "x");
	js_push_str(a, NULL);
	js_push(a, js_object());
	js_add_str(o, "s", "\"\n");
	js_add_str(o, "n", NULL);
	js_add_int(o, "i", INT64_MIN);
	js_add_ms(o, "t", 0);
	js_add_ms(o, "u", -1);
	js_add_bool(o, "b", false);
	js_add(o, "a", a);
	assert_dumps(o, "{\"s\":\"\\\"\\n\",\"n\":null,"
			"\"i\":-9223372036854775808,\"t\":0,\"u\":null,"
			"\"b\":false,"
			"\"a\":[\"x\",null,{}]}");
}

/* `len` bytes with `c` at one place; by itself none above 0x7f is UTF-8. */
static void
reads_back(size_t len, size_t at, unsigned char c)
{
	char text[24] = "", want[32], why[80];
	struct js *a = js_array(), *back;
	struct buf b;

	memset(text, 'x', len);
	text[at] = (char)c;
	(void)snprintf(want, sizeof(want), "%.*s%s%s", (int)at, text,
	    c < 0x80 ? (char[]){ (char)c, '\0' } : "\xef\xbf\xbd",
	    text + at + 1);
	js_push_str(a, text);
	buf_init(&b, 200);
	js_finish(a, &b);
	assert_true(buf_ok(&b));
	back = js_parse(buf_cstr(&b), b.len, why, sizeof(why));
	assert_non_null(back);
	assert_string_equal(js_text(js_at(back, 0)), want);
	js_free(back);
	buf_done(&b);
}

/* One byte of every value at every place of texts that are one word or not. */
static void
every_byte_reads_back(void **state)
{
	(void)state;
	for (size_t len = 1; len < 20; len++)
		for (size_t at = 0; at < len; at++)
			for (unsigned c = 1; c < 0x100; c++)
				reads_back(len, at, (unsigned char)c);
}

static void
finish_gives_the_text_away(void **state)
{
	struct js *o = js_object();
	char why[80];
	struct buf b;

	(void)state;
	js_add_json(o, "a", "[1,{}]");
	js_add_json(o, "n", NULL);
	buf_init(&b, 22);
	js_finish(o, &b);
	assert_true(buf_ok(&b));
	assert_string_equal(buf_cstr(&b), "{\"a\":[1,{}],\"n\":null}");
	assert_int_equal(b.max, 22);
	buf_done(&b);
	buf_init(&b, 1);
	js_finish(js_array(), &b);
	assert_false(buf_ok(&b));
	buf_done(&b);
	buf_init(&b, 80);
	js_finish(js_parse("[ 1 ]", 5, why, sizeof(why)), &b);
	assert_string_equal(buf_cstr(&b), "[1]");
	buf_done(&b);
}

static void
text_that_is_no_utf8_is_repaired(void **state)
{
	struct js *a = js_array(), *o = js_object();

	(void)state;
	js_push_str(a, "\xff"
		       "a\xc3\xbc\xf0\x9f\x98\x80\xf0\x9f\x98");
	assert_dumps(a, "[\"\xef\xbf\xbd"
			"a\xc3\xbc\xf0\x9f\x98\x80"
			"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]");
	js_add_int(o, "k\xff", 1);
	assert_dumps(o, "{\"k\xef\xbf\xbd\":1}");
}

static void
dump_keeps_the_bound(void **state)
{
	struct js *a = js_array();
	struct buf b;

	(void)state;
	js_push_str(a, "12345");
	buf_init(&b, 8);
	js_dump(a, &b);
	assert_false(buf_ok(&b));
	buf_done(&b);
	buf_init(&b, 9);
	js_dump(a, &b);
	assert_true(buf_ok(&b));
	buf_reset(&b);
	js_dump_pretty(a, &b);
	assert_false(buf_ok(&b));
	buf_done(&b);
	buf_init(&b, 100);
	js_dump_pretty(a, &b);
	assert_string_equal(buf_cstr(&b), "[\n  \"12345\"\n]");
	buf_done(&b);
	js_free(a);
}

static void
reads_with_fallbacks(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"i\":5,\"b\":true,\"n\":null,"
				   "\"r\":1.5,\"a\":[7,\"y\"],\"o\":{}}";
	char why[80];
	struct js *o = js_parse(text, sizeof(text) - 1, why, sizeof(why)), *v;
	const char *key;

	(void)state;
	assert_non_null(o);
	assert_string_equal(js_str(o, "s", "f"), "x");
	assert_string_equal(js_str(o, "i", "f"), "f");
	assert_null(js_str(o, "none", NULL));
	assert_true(js_int(o, "i", 9) == 5 && js_int(o, "r", 9) == 9);
	assert_true(js_bool(o, "b", false) && js_bool(o, "i", true));
	assert_false(js_bool(o, "none", false));
	assert_true(js_is_null(js_get(o, "n")) && !js_is_null(js_get(o, "z")));
	assert_true(js_is_object(o) && js_is_array(js_get(o, "a")));
	assert_false(js_is_object(NULL) || js_is_array(o));
	assert_int_equal(js_len(js_get(o, "a")), 2);
	assert_int_equal(js_len(o), 0);
	assert_int_equal(js_num(js_at(js_get(o, "a"), 0), 0), 7);
	assert_string_equal(js_text(js_at(js_get(o, "a"), 1)), "y");
	assert_null(js_at(js_get(o, "a"), 2));
	assert_null(js_text(js_at(js_get(o, "a"), 0)));
	assert_true(js_member(o, 1, &key, &v));
	assert_string_equal(key, "i");
	assert_int_equal(js_num(v, 0), 5);
	assert_true(js_member(o, 6, &key, &v));
	assert_false(js_member(o, 7, &key, &v));
	js_free(o);
	js_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_any_one_value),
		cmocka_unit_test(abuse_D01_refuses_the_rest),
		cmocka_unit_test(abuse_D01_depth),
		cmocka_unit_test(reason_is_printable),
		cmocka_unit_test(builds),
		cmocka_unit_test(every_byte_reads_back),
		cmocka_unit_test(finish_gives_the_text_away),
		cmocka_unit_test(text_that_is_no_utf8_is_repaired),
		cmocka_unit_test(dump_keeps_the_bound),
		cmocka_unit_test(reads_with_fallbacks),
	};

	return CHECK_RUN("js", tests);
}
