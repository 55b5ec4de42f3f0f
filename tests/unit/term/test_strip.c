/* SPDX-License-Identifier: MIT */
/* Terminal output as text, and the last lines of a log. */
#include <string.h>
#include <time.h>

#include "daemon/term/strip.h"
#include "lib/buf.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

static const struct {
	const char *in, *want;
} rows[] = {
	{ "plain\n", "plain\n" },
	{ "no newline", "no newline" },
	{ "dos\r\n", "dos\n" },
	{ "\x1b[1;31mred\x1b[0m\n", "red\n" },
	{ "10%\r50%\r100%\n", "100%\n" },
	{ "longer\rab\n", "abnger\n" },
	{ "longer\r\x1b[Kab\n", "ab\n" },
	{ "abc\b\b\x1b[KX\n", "aX\n" },
	{ "\b\b\bx\n", "x\n" },
	{ "abc\x1b[2D!\n", "a!c\n" },
	{ "ab\x1b[3Cc\n", "ab   c\n" },
	{ "abc\x1b[1GX\n", "Xbc\n" },
	{ "abcdef\x1b[3G\x1b[2P\n", "abef\n" },
	{ "abc\x1b[2Kx\n", "x\n" },
	{ "abc\x1b[2D\x1b[1K\n", " bc\n" },
	{ "ab  \x1b[2C\x1b[1K\n", "\n" },
	{ "ab  cd\x1b[2D\x1b[K\n", "ab\n" },
	{ "ab  cd\x1b[4D\x1b[9P\n", "ab\n" },
	{ "abc\x1b[1Kx\n", "   x\n" },
	{ "\x1b]0;a title\x07text\n", "text\n" },
	{ "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n", "link\n" },
	{ "\x1bPq#0;2;0\x1b\\after\n", "after\n" },
	{ "\x1b(Bcharset\x1b=\x1b>\x1b"
	  "7\n",
	    "charset\n" },
	{ "\x1b[?25l\x1b[?1049hx\x1b[>0c\n", "x\n" },
	{ "\x1b[38:2::1:2:3mx\n", "x\n" },
	{ "trailing   \n", "trailing\n" },
	{ "tab\there\n", "tab\there\n" },
	{ "bell\x07\x01\x02\n", "bell\n" },
	{ "\xc3\xa9\xe2\x82\xac\b!\n", "\xc3\xa9!\n" },
	{ "c1 \xc2\x9b is dropped\n", "c1  is dropped\n" },
	{ "bad \xff byte\n", "bad \xef\xbf\xbd byte\n" },
	/* Sequences that never end do not eat what follows. */
	{ "\x1b[12\ntext\n", "\ntext\n" },
	{ "\x1b]0;open\ntext\n", "\ntext\n" },
	{ "\x1b[1\x18x\n", "x\n" },
	{ "\x1b", "" },
	{ "", "" },
};

static void
test_table(void **state)
{
	struct strip *s;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		buf_init(&b, 65536);
		s = strip_new(&b);
		strip_feed(s, (const uint8_t *)rows[i].in, strlen(rows[i].in));
		strip_end(s);
		if (strcmp(buf_cstr(&b), rows[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, buf_cstr(&b));
		buf_done(&b);
	}
}

/* Byte by byte is the same: state lives between calls. */
static void
test_table_in_pieces(void **state)
{
	struct strip *s;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* strip_feed() takes whole characters only. */
		if (strpbrk(rows[i].in, "\xc3\xe2\xc2\xff") != NULL)
			continue;
		buf_init(&b, 65536);
		s = strip_new(&b);
		for (const char *p = rows[i].in; *p != '\0'; p++)
			strip_feed(s, (const uint8_t *)p, 1);
		strip_end(s);
		assert_string_equal(buf_cstr(&b), rows[i].want);
		buf_done(&b);
	}
}

static void
test_bounds(void **state)
{
	struct strip *s;
	struct buf b;
	int i;

	(void)state;
	buf_init(&b, 1u << 20);
	s = strip_new(&b);
	/* A string sequence is given up after 4096 bytes. */
	strip_feed(s, (const uint8_t *)"\x1b]", 2);
	for (i = 0; i < 5000; i++)
		strip_feed(s, (const uint8_t *)"s", 1);
	strip_feed(s, (const uint8_t *)"\nend\n", 5);
	assert_non_null(strstr(buf_cstr(&b), "sss\nend\n"));
	buf_reset(&b);
	/* A line has a bound too, and nothing of it is lost. */
	for (i = 0; i < 10000; i++)
		strip_feed(s, (const uint8_t *)"x", 1);
	strip_feed(s, (const uint8_t *)"\x1b[999999999999C\n", 16);
	assert_int_equal(b.len, 10001);
	strip_end(s);
	buf_done(&b);
}

static double
cpu_seconds(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * The loop waits for whoever looks at such a log: a second is fifty times what
 * this takes, and a third of what it took when each blank was put by itself.
 */
static void
test_J06_blanks(void **state)
{
	static const char *const made[] = { "\x1b[4095Cxx", "\x1b[4095C\n",
		"\x1b[4095Cx\x1b[1K\n", "\x1b[4095C\x1b[2K" };
	double start = cpu_seconds();
	struct strip *s;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		buf_init(&b, 65536);
		s = strip_new(&b);
		for (size_t n = 0; n < 400000; n += strlen(made[i]))
			strip_feed(s, (const uint8_t *)made[i],
			    strlen(made[i]));
		strip_end(s);
		buf_done(&b);
	}
	assert_true(cpu_seconds() - start < 1);
}

static void
expect_lines(struct term *t, uint64_t lines, bool raw, const char *want,
    bool truncated)
{
	struct scrollback s = { .raw = raw };
	struct buf b;

	buf_init(&b, 4u << 20);
	s.out = &b;
	assert_int_equal(scrollback_get(t, lines, &s), 0);
	assert_string_equal(buf_cstr(&b), want);
	assert_int_equal(s.truncated, truncated);
	assert_int_equal(s.to, term_bytes(t));
	buf_done(&b);
}

static void
test_scrollback_lines(void **state)
{
	struct termrig g;
	struct termrig_pty p;
	struct sink s;

	(void)state;
	termrig_start(&g, 1024, 1000);
	termrig_pty(&g, &p);
	sink_open(&s, p.term, 0, true);
	expect_lines(p.term, 10, false, "", false);
	termrig_write(p.slave, "one\ntwo\n\x1b[1mthree\x1b[m\n", 21);
	sink_await(&g, &s, 21);
	expect_lines(p.term, 1, false, "three\n", false);
	expect_lines(p.term, 2, false, "two\nthree\n", false);
	expect_lines(p.term, 100, false, "one\ntwo\nthree\n", false);
	expect_lines(p.term, 1, true, "\x1b[1mthree\x1b[m\n", false);
	termrig_write(p.slave, "$ a\0\xff", 5);
	sink_await(&g, &s, 26);
	expect_lines(p.term, 1, false, "$ a\xef\xbf\xbd", false);
	expect_lines(p.term, 1, true, "$ a\xef\xbf\xbd\xef\xbf\xbd", false);
	sink_close(&s);
	termrig_pty_done(&g, &p);
	termrig_stop(&g);
}

static void
test_scrollback_is_bounded(void **state)
{
	static char line[65536];
	struct termrig g;
	struct termrig_pty p;
	struct scrollback s = { .raw = true };
	struct sink v;
	struct buf b;

	(void)state;
	termrig_start(&g, 1024, 1000);
	termrig_pty(&g, &p);
	sink_open(&v, p.term, 0, true);
	memset(line, 'x', sizeof(line));
	for (size_t i = 1; i <= 20; i++) {
		/* Less than the kernel's buffers take without a reader. */
		for (size_t at = 0; at < sizeof(line); at += 4096) {
			termrig_write(p.slave, line + at, 4096);
			sink_await(&g, &v, (i - 1) * sizeof(line) + at + 4096);
		}
	}
	buf_init(&b, 8u << 20);
	s.out = &b;
	assert_int_equal(scrollback_get(p.term, 5, &s), 0);
	assert_int_equal(b.len, SCROLLBACK_MAX);
	assert_int_equal(s.from, s.to - SCROLLBACK_MAX);
	assert_true(s.truncated);
	buf_done(&b);
	sink_close(&v);
	termrig_pty_done(&g, &p);
	termrig_stop(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_table_in_pieces),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_J06_blanks),
		cmocka_unit_test(test_scrollback_lines),
		cmocka_unit_test(test_scrollback_is_bounded),
	};

	return CHECK_RUN("strip", tests);
}
