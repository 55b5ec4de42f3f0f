/* SPDX-License-Identifier: MIT */
/*
 * JSON looked at in place: what is accepted compared with js_parse(), by a
 * table and by recorded lines with single bytes changed; values read back.
 */
#include "lib/jsview.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

static bool
view(struct jsview *v, const char *text)
{
	/* Exactly its size, for the sanitizers. */
	return jsview_parse(v, text, strlen(text));
}

static bool
reference(const char *text, size_t len)
{
	char why[160];
	struct js *v = js_parse(text, len, why, sizeof(why));

	js_free(v);
	return v != NULL;
}

static void
test_the_same_is_accepted(void **state)
{
	static const char *const texts[] = { "", " ", "{}", "[]", "{", "[", "}",
		"]", "{]", "[}", "{\"a\":1}", "{\"a\" : 1 , \"b\":[ ] }",
		"{\"a\":1,}", "[1,]", "[,1]", "{,}", "{\"a\"}", "{\"a\":}",
		"{a:1}", "{1:1}", "[1 2]", "1", "-1", "-", "01", "0", "-0",
		"1.", ".5", "1.5", "1e", "1e5", "1E+5", "1e-5", "1e+", "+1",
		"true", "tru", "trues", "false", "null", "nul", "\"\"", "\"",
		"\"a", "\"\\\"\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"",
		"\"\\u0041\"", "\"\\ud83d\\ude00\"", "\"\t\"", "\"\\", "\"\\u",
		"\"\xc3\xa4\"", "\"\xc3\"", "\"\xff\"", "\"\xc0\x80\"",
		"\"\xed\xa0\x80\"", "[[[]]]", "[[]", "[]]", "{}{}", "1 1",
		"[true,false,null]", "[\"a\" ,\"b\"]", "\v1", "[1]\n",
		"\xef\xbb\xbf[]", "//", "[1/**/]", "'a'", "NaN", "Infinity" };
	struct jsview v;

	(void)state;
	jsview_init(&v);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (view(&v, texts[i]) != reference(texts[i], strlen(texts[i])))
			fail_msg("differs: %s", texts[i]);
	jsview_done(&v);
}

static void
test_depth_is_bounded(void **state)
{
	char text[200];
	struct jsview v;

	(void)state;
	jsview_init(&v);
	memset(text, '[', 100);
	memset(text + 64, ']', 64);
	text[128] = '\0';
	assert_true(view(&v, text));
	memset(text, '[', 100);
	memset(text + 65, ']', 65);
	text[130] = '\0';
	assert_false(view(&v, text));
	jsview_done(&v);
}

static void
test_values(void **state)
{
	struct arena *a = arena_new();
	struct jsval o, x;
	struct jsview v;

	(void)state;
	jsview_init(&v);
	assert_true(view(&v,
	    "{\"s\":\"a\\n\\u00e4\\ud83d\\ude00\\\"\",\"n\":-12,\"b\":true,"
	    "\"o\":{\"s\":\"inner\"},\"l\":[1,[2],\"t\"],\"e\":[],\"z\":null,"
	    "\"cut\":\"\\ud83d|\\ude00|\\u0000\",\"f\":1.5,\"s\":\"twice\"}"));
	o = jsview_root(&v);
	assert_string_equal(jsval_text(jsval_get(o, "s"), a),
	    "a\n\xc3\xa4\xf0\x9f\x98\x80\"");
	assert_string_equal(jsval_text(jsval_get(o, "cut"), a),
	    "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd");
	assert_int_equal(jsval_int(jsval_get(o, "n"), 0), -12);
	assert_int_equal(jsval_int(jsval_get(o, "f"), 7), 7);
	assert_true(jsval_bool(jsval_get(o, "b"), false));
	assert_false(jsval_bool(jsval_get(o, "n"), false));
	assert_true(jsval_is(jsval_get(jsval_get(o, "o"), "s"), "inner"));
	assert_int_equal(jsval_type(jsval_get(o, "z")), JSVIEW_NULL);
	assert_int_equal(jsval_type(jsval_get(o, "absent")), JSVIEW_NONE);
	assert_null(jsval_text(jsval_get(o, "n"), a));
	assert_string_equal(jsval_raw(jsval_get(o, "l"), a), "[1,[2],\"t\"]");
	assert_string_equal(jsval_raw(jsval_get(o, "z"), a), "null");
	x = jsval_first(jsval_get(o, "l"));
	assert_int_equal(jsval_int(x, 0), 1);
	x = jsval_next(x);
	assert_int_equal(jsval_int(jsval_first(x), 0), 2);
	assert_int_equal(jsval_type(jsval_next(jsval_first(x))), JSVIEW_NONE);
	x = jsval_next(x);
	assert_string_equal(jsval_raw(x, a), "\"t\"");
	assert_int_equal(jsval_type(jsval_next(x)), JSVIEW_NONE);
	assert_int_equal(jsval_type(jsval_first(jsval_get(o, "e"))),
	    JSVIEW_NONE);
	assert_int_equal(jsval_type(jsval_next(o)), JSVIEW_NONE);
	jsview_done(&v);
	arena_free(a);
}

/*
 * Every string of a value is read as js_parse() reads it, but for a member
 * whose key has an escape.
 */
static void
compare(struct jsval v, const struct js *want, struct arena *a)
{
	const char *key;
	struct js *w;

	if (jsval_type(v) == JSVIEW_NONE)
		return;
	if (js_text(want) != NULL)
		assert_string_equal(jsval_text(v, a), js_text(want));
	for (size_t i = 0; js_is_object(want) && js_member(want, i, &key, &w);
	     i++)
		compare(jsval_get(v, key), w, a);
	if (!js_is_array(want))
		return;
	v = jsval_first(v);
	for (size_t i = 0; i < js_len(want); i++, v = jsval_next(v)) {
		assert_int_not_equal(jsval_type(v), JSVIEW_NONE);
		compare(v, js_at(want, i), a);
	}
	assert_int_equal(jsval_type(v), JSVIEW_NONE);
}

/* What js_parse() takes is taken, and says the same. */
static void
agrees(struct jsview *v, const char *line, size_t len)
{
	char *exact = xmemdup(line, len), why[160];
	struct js *want = js_parse(exact, len, why, sizeof(why));
	struct arena *a = arena_new();
	bool ok = jsview_parse(v, exact, len);

	if (want != NULL && !ok)
		fail_msg("refused: %.*s", (int)len, line);
	if (want != NULL)
		compare(jsview_root(v), want, a);
	if (want == NULL && ok && strstr(why, "duplicate") == NULL &&
	    strstr(why, "\\\\u") == NULL && strstr(why, "too big") == NULL &&
	    strstr(why, "overflow") == NULL && strstr(why, "NUL") == NULL)
		fail_msg("accepted (%s): %.*s", why, (int)len, line);
	js_free(want);
	arena_free(a);
	free(exact);
}

static void
test_recorded_lines_and_what_becomes_of_them(void **state)
{
	static const char odd[] = "\"\\{}[],:0e-\t\xff\xc3nu ";
	static char line[1 << 16];
	unsigned seed = 20261127, lines = 0;
	struct jsview v;
	FILE *f;

	(void)state;
	f = fopen("tests/fixtures/agents/claude-approvals.jsonl", "r");
	assert_non_null(f);
	jsview_init(&v);
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t len = strcspn(line, "\n");

		agrees(&v, line, len);
		for (int i = 0; i < 200; i++) {
			size_t at = 1 + (size_t)rand_r(&seed) % (len - 1);
			char was = line[at];

			line[at] =
			    odd[(size_t)rand_r(&seed) % (sizeof(odd) - 1)];
			agrees(&v, line, len);
			agrees(&v, line, at);
			line[at] = was;
		}
		lines++;
	}
	assert_true(lines > 50);
	fclose(f);
	jsview_done(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_is_accepted),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_recorded_lines_and_what_becomes_of_them),
	};

	return CHECK_RUN("jsview", tests);
}
