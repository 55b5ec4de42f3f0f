/* SPDX-License-Identifier: MIT */
/*
 * The configuration language: every form that is accepted, and every form that
 * is not, with the line it is reported at.
 */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/toml.h"
#include "lib/xalloc.h"

static const char everything[] =
    "# comment\r\n"
    "top = \"level\"  # behind a value\n"
    "\n"
    "[server]\n"
    "socket = '/a\\b'\n"
    "esc = \"\\b\\t\\n\\f\\r\\\"\\\\ \\u00fc \\U0001F600\"\n"
    "  tries\t=\t1_000\n"
    "neg = -7\n"
    "pos = +7\n"
    "zero = 0\n"
    "on = true\n"
    "off = false\n"
    "\"quoted key\" = 1\n"
    "-_9 = 'x'\n"
    "[ a . \"b\" ]\n"
    "none = []\n"
    "hosts = [ \"x\", # first\n"
    "\n"
    "  'y', ]\n"
    "[a]\n"
    "empty = ''";

/* The value of that key, or one without a key. */
static const struct toml_value *
find(const struct toml *t, const char *key)
{
	static const struct toml_value absent = { .key = NULL };
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->values[i].key, key) == 0)
			return &t->values[i];
	return &absent;
}

static void
assert_text(const struct toml *t, const char *key, const char *want)
{
	const struct toml_value *v = find(t, key);

	assert_non_null(v->key);
	assert_int_equal(v->type, TOML_STRING);
	assert_string_equal(v->str, want);
}

static void
assert_num(const struct toml *t, const char *key, int64_t want)
{
	const struct toml_value *v = find(t, key);

	assert_non_null(v->key);
	assert_int_equal(v->type, TOML_INT);
	assert_true(v->num == want);
}

static void
accepts_the_subset(void **state)
{
	const struct toml_value *v;
	const char *why = NULL;
	unsigned line = 0;
	struct toml t;

	(void)state;
	assert_int_equal(toml_parse(&t, everything, sizeof(everything) - 1,
			     &line, &why),
	    0);
	assert_int_equal(t.n, 14);
	assert_text(&t, "top", "level");
	assert_text(&t, "server.socket", "/a\\b");
	assert_text(&t, "server.esc",
	    "\b\t\n\f\r\"\\ \xc3\xbc \xf0\x9f\x98\x80");
	assert_num(&t, "server.tries", 1000);
	assert_num(&t, "server.neg", -7);
	assert_num(&t, "server.pos", 7);
	assert_num(&t, "server.zero", 0);
	assert_num(&t, "server.quoted key", 1);
	assert_text(&t, "server.-_9", "x");
	assert_text(&t, "a.empty", "");
	v = find(&t, "server.on");
	assert_true(v->type == TOML_BOOL && v->flag);
	v = find(&t, "server.off");
	assert_true(v->type == TOML_BOOL && !v->flag);
	v = find(&t, "a.b.none");
	assert_true(v->type == TOML_STRINGS && v->nstrs == 0);
	assert_null(v->strs[0]);
	v = find(&t, "a.b.hosts");
	assert_int_equal(v->nstrs, 2);
	assert_string_equal(v->strs[1], "y");
	assert_null(v->strs[2]);
	assert_int_equal(v->line, 17);
	assert_null(find(&t, "server")->key);
	toml_done(&t);
	assert_int_equal(t.n, 0);
	toml_done(&t);
}

static const struct {
	const char *text;
	unsigned line;
} refusals[] = {
	{ "a", 1 },
	{ "a =", 1 },
	{ "a = \n", 1 },
	{ "= 1", 1 },
	{ "a b = 1", 1 },
	{ "a.b = 1", 1 },
	{ "\"\" = 1", 1 },
	{ "\"a.b\" = 1", 1 },
	{ "\xc3\xbc = 1", 1 },
	{ "a = 1 b = 2", 1 },
	{ "a = 1\n\na = 2\n", 3 },
	{ "[t]\na = 1\n[t]\n", 3 },
	{ "a = 1\n[a]\n", 2 },
	{ "a = 1\n[a.b]\n", 2 },
	{ "[a.b]\n[a]\nb = 1\n", 3 },
	{ "[t", 1 },
	{ "[]", 1 },
	{ "[t.]", 1 },
	{ "[.t]", 1 },
	{ "[t] x", 1 },
	{ "[[t]]", 1 },
	{ "a = \"x", 1 },
	{ "\na = \"x\ny\"", 2 },
	{ "a = 'x\n'", 1 },
	{ "a = \"\"\"x\"\"\"", 1 },
	{ "a = '''x'''", 1 },
	{ "a = \"\\x41\"", 1 },
	{ "a = \"\\u12\"", 1 },
	{ "a = \"\\u0000\"", 1 },
	{ "a = \"\\ud800\"", 1 },
	{ "a = \"\\U00110000\"", 1 },
	{ "a = \"\\", 1 },
	{ "a = x", 1 },
	{ "a = True", 1 },
	{ "a = truee", 1 },
	{ "a = 1.5", 1 },
	{ "a = 1e3", 1 },
	{ "a = 0x10", 1 },
	{ "a = 07", 1 },
	{ "a = -", 1 },
	{ "a = +-1", 1 },
	{ "a = --1", 1 },
	{ "a = _1", 1 },
	{ "a = 1_", 1 },
	{ "a = 1__0", 1 },
	{ "a = 9223372036854775808", 1 },
	{ "a = 2024-01-01", 1 },
	{ "a = {b = 1}", 1 },
	{ "a = [1]", 1 },
	{ "a = [[\"x\"]]", 1 },
	{ "a = [\"x\" \"y\"]", 1 },
	{ "a = [\"x\",,\"y\"]", 1 },
	{ "a = [,]", 1 },
	{ "a = [\n\n\"x\"\n", 4 },
	{ "a = [\n\"x\ny\"]", 2 },
	{ "a = [\"x\"] b", 1 },
	{ "\n\na = \"\x01\"", 3 },
	{ "\n# \x1b\n", 2 },
	{ "a = 1\r", 1 },
	{ "a = \"\xff\"", 1 },
	{ "\xef\xbb\xbf"
	  "a = 1",
	    1 },
};

static void
refuses_the_rest_with_its_line(void **state)
{
	struct toml t = { (void *)&t, 99 };
	const char *why;
	unsigned line;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		why = NULL;
		line = 0;
		if (toml_parse(&t, refusals[i].text, strlen(refusals[i].text),
			&line, &why) != RDV_E_INVALID)
			fail_msg("accepted: %s", refusals[i].text);
		if (line != refusals[i].line || why == NULL)
			fail_msg("line %u of: %s", line, refusals[i].text);
		assert_int_equal(t.n, 99);
	}
	assert_int_equal(toml_parse(&t, "a = 1\0", 6, &line, &why),
	    RDV_E_INVALID);
}

/* Nothing that is cut off is read past its end (the copy is exact). */
static void
every_truncation_is_safe(void **state)
{
	struct toml t;
	const char *why;
	unsigned line;
	char *copy;
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(everything); n++) {
		copy = xmalloc(n + 1);
		memcpy(copy, everything, n);
		copy = xreallocarray(copy, n > 0 ? n : 1, 1);
		if (toml_parse(&t, copy, n, &line, &why) == 0)
			toml_done(&t);
		free(copy);
	}
}

static void
bounds(void **state)
{
	static const char key[] = "k1000=1\n";
	size_t size = 1024 * 1024 + 1, i;
	char *text = xmalloc(size);
	struct toml t;
	const char *why;
	unsigned line;

	(void)state;
	memset(text, '\n', size);
	assert_int_equal(toml_parse(&t, text, size, &line, &why),
	    RDV_E_INVALID);
	assert_int_equal(toml_parse(&t, text, size - 1, &line, &why), 0);
	toml_done(&t);
	for (i = 0; i < 1025; i++) {
		memcpy(text + i * 8, key, 8);
		text[i * 8 + 1] = (char)('0' + i / 1000);
		text[i * 8 + 2] = (char)('0' + i / 100 % 10);
		text[i * 8 + 3] = (char)('0' + i / 10 % 10);
		text[i * 8 + 4] = (char)('0' + i % 10);
	}
	assert_int_equal(toml_parse(&t, text, 1025 * 8, &line, &why),
	    RDV_E_INVALID);
	assert_int_equal(line, 1025);
	assert_int_equal(toml_parse(&t, text, 1024 * 8, &line, &why), 0);
	assert_int_equal(t.n, 1024);
	toml_done(&t);
	memset(text, 'k', 600);
	memcpy(text + 600, " = 1", 4);
	assert_int_equal(toml_parse(&t, text, 604, &line, &why), RDV_E_INVALID);
	free(text);
}

/* What is printed means the same when it is read. */
static void
strings_read_back(void **state)
{
	static const char hard[] = "a\"b\\c\x1b\x7f\t\n\xc3\xa9";
	char *text = NULL;
	const char *why;
	size_t size = 0;
	unsigned line;
	struct toml t;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	assert_true(fputs("k = ", f) >= 0);
	toml_print_string(hard, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(toml_parse(&t, text, size, &line, &why), 0);
	assert_string_equal(t.values[0].str, hard);
	toml_done(&t);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_the_subset),
		cmocka_unit_test(refuses_the_rest_with_its_line),
		cmocka_unit_test(every_truncation_is_safe),
		cmocka_unit_test(bounds),
		cmocka_unit_test(strings_read_back),
	};

	return CHECK_RUN("toml", tests);
}
