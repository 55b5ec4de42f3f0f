/* SPDX-License-Identifier: MIT */
/* Words and patterns taken out of a recording, however it cuts them. */
#include <stdio.h>
#include <string.h>

#include "cli/redact.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/check.h"

#define HEAD "{\"version\":2,\"width\":80}"
#define RED  "\x1b[1;31m"
#define OFF  "\x1b[0m"
#define EURO "\xe2\x82\xac"

struct fx {
	struct redact *r;
	struct buf out;
};

static int
setup(void **state)
{
	static struct fx fx;

	fx.r = redact_new();
	buf_init(&fx.out, 1 << 24);
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	redact_free(fx->r);
	buf_done(&fx->out);
	return 0;
}

static void
again(struct fx *fx)
{
	redact_free(fx->r);
	fx->r = redact_new();
	buf_reset(&fx->out);
}

static void
words(struct fx *fx, const char *const *list)
{
	for (; *list != NULL; list++)
		assert_int_equal(redact_add(fx->r, *list, strlen(*list)), 0);
}

static bool
line(struct fx *fx, const char *text)
{
	struct buf out;
	bool good;

	buf_init(&out, 1 << 20);
	good = redact_line(fx->r, text, strlen(text), &out);
	buf_put(&fx->out, out.data, out.len);
	buf_done(&out);
	return good;
}

/* Those bytes as one event of output. */
static void
event(struct fx *fx, const char *p, size_t len)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_put_text(&b, "[1.500,\"o\",\"");
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)p[i] < 0x20 || p[i] == '"' || p[i] == '\\')
			buf_printf(&b, "\\u%04x", (uint8_t)p[i]);
		else
			buf_put_u8(&b, (uint8_t)p[i]);
	buf_put_text(&b, "\"]");
	assert_true(line(fx, buf_cstr(&b)));
	buf_done(&b);
}

static void
end(struct fx *fx)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	redact_end(fx->r, &out);
	buf_put(&fx->out, out.data, out.len);
	buf_done(&out);
}

/* The texts of all events that were given out, one behind the other. */
static void
expect_text(struct fx *fx, const char *want)
{
	const char *p = buf_cstr(&fx->out), *stop;
	struct buf text;
	uint8_t code[2];
	char hex[5] = "";

	buf_init(&text, 1 << 20);
	while ((p = strstr(p, "\"o\",\"")) != NULL) {
		p += 5;
		stop = strstr(p, "\"]\n");
		assert_non_null(stop);
		while (p < stop) {
			if (*p != '\\') {
				buf_put_u8(&text, (uint8_t)*p++);
				continue;
			}
			(void)memcpy(hex, p + 2, 4);
			assert_true(str_unhex(code, 2, hex));
			buf_put_u8(&text, code[1]);
			p += 6;
		}
	}
	assert_string_equal(buf_cstr(&text), want);
	buf_done(&text);
}

static const struct {
	const char *words[4], *in, *want;
	unsigned count;
} rows[] = {
	{ { "secret" }, "a secret.", "a ******.", 1 },
	{ { "secret" }, "secretsecret", "************", 2 },
	{ { "secret" }, "secre secrets", "secre ******s", 1 },
	{ { "secret" }, "s" RED "ec" OFF "ret", "*" RED "**" OFF "***", 1 },
	{ { "secret" }, RED "secret" OFF, RED "******" OFF, 1 },
	{ { "secret" }, "se" RED RED OFF "cret", "**" RED RED OFF "****", 1 },
	/* What moves is no colour. */
	{ { "secret" }, "sec\x1b[2Dret", "sec\x1b[2Dret", 0 },
	{ { "secret" }, "sec\x1b\x1b[mret", "sec\x1b\x1b[mret", 0 },
	{ { "secret" }, "sec\r\nret", "sec\r\nret", 0 },
	/* A sequence that was begun twice, and one that never ends. */
	{ { "ab" }, "a\x1b[3" RED "b", "a\x1b[3" RED "b", 0 },
	{ { "ab" }, "ab\x1b[31", "**\x1b[31", 1 },
	{ { "31" }, "x\x1b[31", "x\x1b[**", 1 },
	{ { "31" }, "x\x1b[31m", "x\x1b[31m", 0 },
	/* What else is passed over, and what is much like it. */
	{ { "ab" }, "a\x1b(B\x1b[mb", "*\x1b(B\x1b[m*", 1 },
	{ { "ab" }, "a\x1b(0b", "*\x1b(0*", 1 },
	{ { "ab" }, "a\x1b(Ab", "a\x1b(Ab", 0 },
	{ { "ab" }, "a\x0e\017b", "*\x0e\x0f*", 1 },
	{ { "ab" }, "a\x1b\017b", "a\x1b\017b", 0 },
	{ { "ab" }, "a" RED "\x1b[Kb", "*" RED "\x1b[K*", 1 },
	{ { "ab" }, "a\x1b[0Kb", "*\x1b[0K*", 1 },
	{ { "ab" }, "a\x1b[1Kb", "a\x1b[1Kb", 0 },
	{ { "ab" }, "a\x1b[00Kb", "a\x1b[00Kb", 0 },
	{ { "\x1b[2D" }, "a\x1b[2D", "a****", 1 },
	/* Overlapping words leave nothing of either. */
	{ { "abc", "cde" }, "xabcdex", "x*****x", 1 },
	{ { "abc", "b" }, "abc b", "*** *", 2 },
	{ { "aa" }, "aaa", "***", 1 },
	{ { "aab" }, "aaab", "a***", 1 },
	/* A character is one star. */
	{ { "p" EURO "w" }, "p" EURO "w" EURO, "***" EURO, 1 },
	{ { EURO }, "\xe2\x82\xad" EURO, "\xe2\x82\xad*", 1 },
	{ { "\"q\\" }, "a\"q\\", "a***", 1 },
	{ { "none" }, "nothing no non", "nothing no non", 0 },
};

static const struct {
	const char *globs[3], *in, *want;
	unsigned count;
	const char *words[2];
} patterns[] = {
	/* As little as does, and another behind it. */
	{ { "a*b" }, "x a1b2b a3b", "x ***2b ***", 2, { NULL } },
	{ { "a*a" }, "a1a2a", "***2a", 1, { NULL } },
	{ { "a*b" }, "aab ab", "*** **", 2, { NULL } },
	{ { "a*b" }, "a" RED "12" OFF "3b.", "*" RED "**" OFF "**.", 1,
	    { NULL } },
	{ { "a*b" }, "a" EURO "b" EURO, "***" EURO, 1, { NULL } },
	{ { "a*b*c" }, "a1b2c a1c", "***** a1c", 1, { NULL } },
	/* A line's end is in no place, a tab may be. */
	{ { "a*b" }, "a1\rb a\tb", "a1\rb ***", 1, { NULL } },
	{ { "a*b" }, "a1\x1b[2Db", "a1\x1b[2Db", 0, { NULL } },
	{ { "a*b" }, "a1 b a2", "**** a2", 1, { NULL } },
	/* All that is left of the line, or all before it. */
	{ { "pw: *" }, "pw: x y\r\npw: z", "*******\r\n*****", 2, { NULL } },
	{ { "pw:*" }, "pw:" RED " x" OFF "\n", "***" RED "**" OFF "\n", 1,
	    { NULL } },
	{ { "*k" }, "a b k c\nd", "***** c\nd", 1, { NULL } },
	{ { "*k*" }, "no\nx k y\nno", "no\n*****\nno", 1, { NULL } },
	{ { "*k" }, "a k b k c", "******* c", 2, { NULL } },
	/* The rest of a line, whatever moves in it. */
	{ { "pw: *" }, "pw: \x1b(B\x1b[m x\n", "****\x1b(B\x1b[m**\n", 1,
	    { NULL } },
	{ { "pw: *" }, "pw: a\016b\017c\n", "*****\x0e*\x0f*\n", 1, { NULL } },
	{ { "pw: *" }, "pw: " RED "\x1b[Ka\x1b[0Kb\n",
	    "****" RED "\x1b[K*\x1b[0K*\n", 1, { NULL } },
	{ { "a*b" }, "a1\x1b(B\x1b[K2b", "**\x1b(B\x1b[K**", 1, { NULL } },
	{ { "pw: *" }, "pw: a \rb\b\a c\r\nd", "******\r*\b\a**\r\nd", 1,
	    { NULL } },
	{ { "pw: *" }, "pw: a\x1b[2Db\x1b[?25lc\x1b[Ad\0337e\n",
	    "*****\x1b[2D*\x1b[?25l*\x1b[A*\0337*\n", 1, { NULL } },
	{ { "pw: *" }, "pw: a\x1b]0;b\x1b\\c\a\n", "**********\x1b\\*\a\n", 1,
	    { NULL } },
	{ { "pw: *" }, "pw: a\x1b[2\rb\x1b[3", "********\r****", 1, { NULL } },
	/* And what ends it. */
	{ { "pw: *" }, "pw: a\vb pw: c\fd", "*****\vb *****\fd", 2, { NULL } },
	{ { "pw: *" }, "pw: a\x1b[2;1Hb", "*****\x1b[2;1Hb", 1, { NULL } },
	{ { "pw: *" }, "pw: a\x1b[2;1fb", "*****\x1b[2;1fb", 1, { NULL } },
	{ { "pw: *" }, "pw: a\x1b[2db", "*****\x1b[2db", 1, { NULL } },
	{ { "pw: *" }, "pw: a\x1b[Eb", "*****\x1b[Eb", 1, { NULL } },
	{ { "pw: *" }, "pw: a\033Db", "*****\033Db", 1, { NULL } },
	{ { "pw: *" }, "pw: a\033Eb", "*****\033Eb", 1, { NULL } },
	{ { "pw: *" }, "pw: a\033cb", "*****\033cb", 1, { NULL } },
	/* No star is no less of a pattern. */
	{ { "ab" }, "aab", "a**", 1, { NULL } },
	/* Two of them, with words, one over the other. */
	{ { "a*b", "b3" }, "a12b3 2", "***** *", 2, { "2" } },
	{ { "a*b" }, "xa1b", "****", 1, { "xa" } },
	{ { "a*b" }, "a1 c", "a* c", 1, { "1" } },
};

static void
globs(struct fx *fx, const char *const *list)
{
	for (; *list != NULL; list++)
		assert_int_equal(redact_add_glob(fx->r, *list), 0);
}

/* One text as three events, in all ways. */
static void
cut_everywhere(struct fx *fx, const char *const *w, const char *const *g,
    const char *in, const char *want, unsigned count)
{
	size_t len = strlen(in);

	for (size_t a = 0; a <= len; a++)
		for (size_t b = a; b <= len; b++) {
			again(fx);
			words(fx, w);
			globs(fx, g);
			assert_true(line(fx, HEAD));
			event(fx, in, a);
			event(fx, in + a, b - a);
			event(fx, in + b, len - b);
			end(fx);
			expect_text(fx, want);
			assert_int_equal(redact_count(fx->r), count);
		}
}

static void
test_rows_cut_at_every_two_bytes(void **state)
{
	static const char *const none[] = { NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cut_everywhere(*state, rows[i].words, none, rows[i].in,
		    rows[i].want, rows[i].count);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		cut_everywhere(*state, patterns[i].words, patterns[i].globs,
		    patterns[i].in, patterns[i].want, patterns[i].count);
}

static void
test_each_byte_alone(void **state)
{
	static const char *const list[] = { "hunter2", NULL };
	static const char in[] = "x" RED "hun" OFF "ter2 " EURO " hunter";
	struct fx *fx = *state;

	words(fx, list);
	assert_true(line(fx, HEAD));
	for (size_t i = 0; i < strlen(in); i++)
		event(fx, in + i, 1);
	end(fx);
	expect_text(fx, "x" RED "***" OFF "**** " EURO " hunter");
}

/* Times, order and other events stay; nothing waits longer than it has to. */
static void
test_events_stay_what_they_are(void **state)
{
	static const char *const list[] = { "secret", NULL };
	struct fx *fx = *state;

	words(fx, list);
	assert_true(line(fx, HEAD));
	assert_string_equal(buf_cstr(&fx->out), HEAD "\n");
	buf_reset(&fx->out);
	assert_true(line(fx, "[0.100,\"o\",\"one se\"]"));
	assert_true(line(fx, "[0.200,\"r\",\"40x12\"]"));
	assert_string_equal(buf_cstr(&fx->out), "");
	assert_true(line(fx, "[0.300,\"o\",\"cret\\u0000\"]"));
	assert_string_equal(buf_cstr(&fx->out),
	    "[0.100,\"o\",\"one **\"]\n[0.200,\"r\",\"40x12\"]\n"
	    "[0.300,\"o\",\"****\\u0000\"]\n");
	buf_reset(&fx->out);
	assert_true(line(fx, "[0.400,\"o\",\"sec\"]"));
	assert_true(line(fx, "[0.500,\"o\",\"ond\"]"));
	assert_string_equal(buf_cstr(&fx->out),
	    "[0.400,\"o\",\"sec\"]\n[0.500,\"o\",\"ond\"]\n");
}

static void
test_title_and_command(void **state)
{
	static const char *const list[] = { "hunter2", EURO, NULL };
	struct fx *fx = *state;

	words(fx, list);
	assert_true(line(fx,
	    "{\"version\":2,\"title\":\"my hunter2\",\"command\":"
	    "\"login -p hunter2 '" EURO "'\",\"env\":{\"TERM\":\"x\"}}"));
	assert_string_equal(buf_cstr(&fx->out),
	    "{\"version\":2,\"title\":\"my *******\",\"command\":"
	    "\"login -p ******* '*'\",\"env\":{\"TERM\":\"x\"}}\n");
	assert_int_equal(redact_count(fx->r), 3);
}

static void
test_what_is_no_recording(void **state)
{
	static const char *const bad[] = { "", "x", "[1.0]", "[0.1,\"o\",\"a\"",
		"[0.1,\"o\",\"a\"b\"]", "[0.1,\"o\",\"a\\n\"]",
		"[0.1,\"o\",\"a\\u20ac\"]", "[0.1,\"o\",\"a\\u00\"]" };
	struct fx *fx = *state;

	assert_int_equal(redact_add(fx->r, "", 0), RDV_E_INVALID);
	assert_int_equal(redact_add(fx->r, "\xff", 1), RDV_E_INVALID);
	assert_false(line(fx, "[0.1,\"o\",\"a\"]"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		again(fx);
		assert_true(line(fx, HEAD));
		assert_false(line(fx, bad[i]));
	}
}

/* The longest beginning of a place waits, and no other byte does. */
static void
test_a_pattern_holds_no_more_than_its_place(void **state)
{
	static const char *const list[] = { "a*b", NULL };
	struct fx *fx = *state;

	globs(fx, list);
	assert_true(line(fx, "{\"version\":2,\"title\":\"a7b a\"}"));
	assert_string_equal(buf_cstr(&fx->out),
	    "{\"version\":2,\"title\":\"*** a\"}\n");
	buf_reset(&fx->out);
	/* What the title began is no part of the output. */
	event(fx, "1b", 2);
	expect_text(fx, "1b");
	buf_reset(&fx->out);
	event(fx, "a1", 2);
	event(fx, "23", 2);
	assert_int_equal(fx->out.len, 0);
	event(fx, "\n", 1);
	expect_text(fx, "a123\n");
	assert_int_equal(redact_count(fx->r), 1);
}

static void
test_what_is_no_pattern(void **state)
{
	static const char *const bad[] = { "", "*", "***", "a*\nb", "\xff*" };
	struct fx *fx = *state;
	char text[600];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(redact_add_glob(fx->r, bad[i]), RDV_E_INVALID);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(redact_add_glob(fx->r, text), RDV_E_TOO_BIG);
	text[512] = '\0';
	assert_int_equal(redact_add_glob(fx->r, text), 0);
}

/* What would wait for ever is refused and not let through. */
static void
test_colours_without_end(void **state)
{
	static const char *const list[] = { "ab", NULL };
	struct fx *fx = *state;
	static char line_text[200000];
	size_t n = 0;

	words(fx, list);
	assert_true(line(fx, HEAD));
	assert_true(line(fx, "[0.1,\"o\",\"a\"]"));
	n = (size_t)snprintf(line_text, sizeof(line_text), "[0.1,\"o\",\"");
	while (n < sizeof(line_text) - 20)
		n += (size_t)snprintf(line_text + n, 16, "\\u001b[m");
	(void)snprintf(line_text + n, 4, "\"]");
	buf_reset(&fx->out);
	for (n = 0; n < 1000 && line(fx, line_text); n++)
		assert_int_equal(fx->out.len, 0);
	assert_in_range(n, 1, 999);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_rows_cut_at_every_two_bytes),
		TEST(test_each_byte_alone),
		TEST(test_events_stay_what_they_are),
		TEST(test_title_and_command),
		TEST(test_a_pattern_holds_no_more_than_its_place),
		TEST(test_what_is_no_pattern),
		TEST(test_what_is_no_recording),
		TEST(test_colours_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
