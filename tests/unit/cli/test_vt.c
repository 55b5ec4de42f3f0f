/* SPDX-License-Identifier: MIT */
/*
 * Terminal output through the three readers: what draws passes and nothing else
 * does, no question is repeated in a replay, text alone when stripped, and
 * modes taken back. Every case is fed whole and cut at every byte.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/vt.h"
#include "cli/vtsafe.h"
#include "lib/buf.h"
#include "tests/unit/check.h"

static void
feed(struct vt *vt, struct buf *out, const char *in, size_t step)
{
	size_t len = strlen(in), n;

	while (len > 0) {
		n = len < step ? len : step;
		vt_feed(vt, in, n, out);
		in += n;
		len -= n;
	}
}

static void
expect(enum vt_kind kind, const char *in, const char *want)
{
	struct vt *vt;
	struct buf out;
	size_t step;

	for (step = 1; step <= strlen(in); step++) {
		vt = vt_new(kind);
		buf_init(&out, 1 << 20);
		feed(vt, &out, in, step);
		assert_string_equal(buf_cstr(&out), want);
		buf_done(&out);
		vt_free(vt);
	}
}

static struct vtsafe *
with(struct vt *vt, size_t clipboard)
{
	struct vtsafe *s = vt_safe(vt);

	s->answers = true;
	s->clipboard_bytes = clipboard;
	return s;
}

/* What it lets through for who answers and has opened the clipboard. */
static void
expect_all(const char *in, const char *want)
{
	struct vt *vt;
	struct buf out;

	for (size_t step = 1; step <= strlen(in); step++) {
		vt = vt_new(VT_WATCH);
		(void)with(vt, 1000);
		buf_init(&out, 1 << 20);
		feed(vt, &out, in, step);
		assert_string_equal(buf_cstr(&out), want);
		buf_done(&out);
		vt_free(vt);
	}
}

/* What programs draw with, whoever looks and when. */
static void
drawing_passes(void **state)
{
	static const char *const all[] = { "plain \xc3\xa4\xe2\x82\xac\r\n\t\b",
		"\xf0\x9f\x8e\x89 \xc2\xa0", "\033[1;31mred\033[m",
		"\033[38:2::1:2:3;4:3m", "\033[2J\033[H\033[1;31mx",
		"\033[?1049h\033[?25l", "\033]0;title\033\\", "\033[3;20r",
		"\033[>4;2m", "\033]8;;http://a/\033\\x\033]8;;\033\\",
		"\033(0q\033(B\016\017", "\0337\0338\033M\033c\033=\033>",
		"\033[2 q\033[!p", "\033[4h\033[20l", "\033[?1000;1006h",
		"\033]4;1;rgb:ff/00/00\033\\\033]104;1\033\\",
		"\033]11;#fff\033\\\033]111\033\\", "\033[>1u\033[<u",
		"\033]133;A\033\\$ \033]133;D;2\033\\" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		expect(VT_WATCH, all[i], all[i]);
		expect(VT_REPLAY, all[i], all[i]);
	}
	expect(VT_WATCH, "a\ab", "a\ab");
	expect(VT_REPLAY, "a\ab", "ab");
	expect(VT_WATCH, "\033]0;title\007x", "\033]0;title\033\\x");
}

/* Asked by one alone, and of what is now: J02. */
static void
test_J02_questions(void **state)
{
	static const char *const fixed[] = { "\033[c", "\033[0c", "\033[>c",
		"\033[5n", "\033[6n", "\033[?6n", "\033[?2026$p", "\033[4$p",
		"\033[14t", "\033[18t", "\033[?u", "\033]10;?\033\\",
		"\033]4;1;?\033\\" };
	static const char *const never[] = { "\033[=c", "\033[>q", "\033[21t",
		"\033[20t", "\033[11t", "\033[2$w", "\033[1x",
		"\033[1;1;1;1;1;1*y", "\033[5i", "\033P$qm\033\\",
		"\033P+q544e\033\\", "\033_Ga=q;\033\\", "\033Z", "\005",
		"\033]4;1;?;2;?\033\\", "\033]10;?;?\033\\", "\033]50;?\007",
		"\033[?1;1;0S", "\033[?996n", "\033[5;6n", "\033[?4m",
		"\033[1$u", "\033[62;0\"p", "\033 G",
		"\033]21;foreground=?\007", "\033['|", "\033[#R" };
	char in[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		expect_all(fixed[i], fixed[i]);
		expect(VT_WATCH, fixed[i], "");
		expect(VT_REPLAY, fixed[i], "");
	}
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		(void)snprintf(in, sizeof(in), "a%sb", never[i]);
		expect_all(in, "ab");
		expect(VT_REPLAY, in, "ab");
	}
}

/* J01: read never, written by leave alone, and so much. */
static void
test_J01_clipboard(void **state)
{
	static const char write[] = "\033]52;c;aGVsbG8=\007";
	static const char *const never[] = { "\033]52;c;?\007",
		"\033]52;;?\033\\", "\033]52;c;\007", "\033]52;c\007",
		"\033]52;c;not base64\007", "\033]52;c;/w==\007",
		"\033]52;c;AA==\007", "\033]5522;type=read\007",
		"\033]1337;Copy=:aGVsbG8=\007", "\033[?5522h" };
	char in[4096], *p = in;
	struct buf out;
	struct vt *vt;

	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		expect_all(never[i], "");
	expect(VT_WATCH, write, "");
	expect(VT_REPLAY, write, "");
	expect_all(write, "\033]52;c;aGVsbG8=\033\\");
	vt = vt_new(VT_WATCH);
	buf_init(&out, 1 << 20);
	feed(vt, &out, write, 3);
	assert_int_equal(vt_safe(vt)->refused, 1);
	(void)with(vt, 1000);
	feed(vt, &out, write, 3);
	assert_int_equal(vt_safe(vt)->clipped, 5);
	buf_reset(&out);
	/* 1,002 bytes are more than 1,000. */
	p = stpcpy(p, "\033]52;c;");
	memset(p, 'Q', 1336);
	(void)stpcpy(p + 1336, "\007after");
	feed(vt, &out, in, 100);
	assert_string_equal(buf_cstr(&out), "after");
	buf_done(&out);
	vt_free(vt);
}

/* With leave one may be longer than all other sequences; else it is nothing. */
static void
test_J01_long_clipboard(void **state)
{
	char *in = calloc(1, 1 << 20), *p;
	struct vt *vt = vt_new(VT_WATCH);
	struct buf out;

	(void)state;
	assert_non_null(in);
	p = stpcpy(in, "\033]52;c;");
	memset(p, 'Q', 80000);
	(void)stpcpy(p + 80000, "\033\\");
	buf_init(&out, 1 << 20);
	feed(vt, &out, in, 1000);
	assert_string_equal(buf_cstr(&out), "");
	(void)with(vt, 60000);
	feed(vt, &out, in, 1000);
	assert_int_equal(vt_safe(vt)->clipped, 60000);
	assert_string_equal(buf_cstr(&out), in);
	buf_done(&out);
	vt_free(vt);
	free(in);
}

/* J03: the web, and where it looks like what it is. */
static void
test_J03_links(void **state)
{
	static const char *const bad[] = { "javascript:alert(1)",
		"file:///etc/passwd", "ftp://a/", "//a/", "http:///a",
		"https://bank.example@evil.example/", "https://",
		"https://\xd0\xb0pple.example/", "https://a b/" };
	char in[4096], *p;
	struct vt *vt = vt_new(VT_WATCH);
	struct buf out;

	(void)state;
	expect(VT_WATCH, "\033]8;id=x1:y=\"z;HTTPS://a.example/?b=1;c#d\007e",
	    "\033]8;id=x1;HTTPS://a.example/?b=1;c#d\033\\e");
	expect(VT_WATCH, "\033]8;id=a b;http://a/\007",
	    "\033]8;;http://a/\033\\");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(in, sizeof(in), "\033]8;;%s\033\\text", bad[i]);
		expect(VT_WATCH, in, "\033]8;;\033\\text");
		expect(VT_REPLAY, in, "\033]8;;\033\\text");
	}
	p = stpcpy(in, "\033]8;;http://a/");
	memset(p, 'a', 2040);
	(void)stpcpy(p + 2040, "\007x");
	buf_init(&out, 1 << 20);
	feed(vt, &out, in, 7);
	assert_string_equal(buf_cstr(&out), "\033]8;;\033\\x");
	buf_done(&out);
	vt_free(vt);
}

/* J04: words without power, not long, and not often. */
static void
test_J04_titles_and_notifications(void **state)
{
	char in[2000], want[400], *p;
	int i;

	(void)state;
	expect(VT_WATCH,
	    "\033]2;a\001b\xe2\x80\xae"
	    "c\xff\xc3\xa4\r\n\007",
	    "\033]2;abc\xc3\xa4\033\\");
	(void)stpcpy(in, "\033]0;");
	memset(in + 4, 'x', 1000);
	(void)stpcpy(in + 1004, "\007");
	(void)stpcpy(want, "\033]0;");
	memset(want + 4, 'x', 120);
	(void)stpcpy(want + 124, "\033\\");
	expect(VT_WATCH, in, want);
	expect(VT_WATCH, "\033]9;a\001b\007", "\033]9;ab\033\\");
	expect(VT_WATCH, "\033]777;notify;t;b\007\033]777;x;y\007",
	    "\033]777;notify;t;b\033\\");
	expect(VT_WATCH, "\033]99;i=1:a=report:p=title;hi\033\\",
	    "\033]9;hi\033\\");
	expect(VT_WATCH, "\033]99;i=1:p=?;\033\\\033]99;e=1;aGk=\033\\", "");
	expect(VT_WATCH, "\033]9;4;1;50\007", "\033]9;4;1;50\033\\");
	expect(VT_WATCH, "\033]9;7;cmd\007\033]9;\0017;cmd\007\033]9;4;x\007",
	    "");
	expect(VT_REPLAY, "\033]9;a\007\033]777;notify;a;b\007", "");
	for (p = in, i = 0; i < 9; i++)
		p = stpcpy(p, "\033]9;n\007");
	for (p = want, i = 0; i < 6; i++)
		p = stpcpy(p, "\033]9;n\033\\");
	expect(VT_WATCH, in, want);
}

/* J05, and all else that reaches past the screen. */
static void
test_J05_nothing_else_passes(void **state)
{
	static const char *const all[] = { "\033P1;1q#0~-\033\\",
		"\033_Ga=T,f=100;AAAA\033\\",
		"\033]1337;File=name=YQ==;size=1:AAAA\007",
		"\033Ptmux;\033\033]52;c;?\007\033\\",
		"\033P\033]52;c;?\007\033\\", "\033]7;file://h/p\007",
		"\033]50;font\007", "\033]633;E;x\007", "\033[8;24;80t",
		"\033[22;0t", "\033[23;0t", "\033[2t", "\033[2h", "\033[12h",
		"\033[?2l", "\033[?3h", "\033[?1;s", "\033[?1r", "\033[1;2;3T",
		"\033%@", "\033[99999999999b", "\033[1?h", "\033[<5h",
		"\033X stop\033\\", "\033^ privacy\033\\", "\033l" };
	char in[128];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		(void)snprintf(in, sizeof(in), "a%sb", all[i]);
		expect_all(in, "ab");
		expect(VT_REPLAY, in, "ab");
	}
	/* Of several modes those that may be. */
	expect_all("\033[?1;2;25h", "\033[?1;25h");
	/* C1 in UTF-8 and out of it, and a byte too many in a character. */
	expect_all("\xc2\x9d"
		   "52;c;?\xc2\x9c"
		   "a",
	    "a");
	expect_all("\xc2\x9b"
		   "31mb",
	    "\033[31mb");
	expect_all("a\x9b"
		   "6n\x9d"
		   "0;t\x9c",
	    "a\xef\xbf\xbd"
	    "6n\xef\xbf\xbd"
	    "0;t\xef\xbf\xbd");
	expect_all("\xe0\x9b"
		   "6n",
	    "\xe0\xef\xbf\xbd"
	    "6n");
	expect_all("\xc3\x9b"
		   "6n",
	    "\xc3\x9b"
	    "6n");
	expect_all("\xc2\033l\x9b"
		   "6n",
	    "\xc2\xef\xbf\xbd"
	    "6n");
	/* A control in a sequence is done at once, others end it. */
	expect_all("\033[3\r1m", "\r\033[31m");
	expect_all("\033[3\030x\033]0;a\033[1mb", "x\033[1mb");
	expect_all("\033k\033]0;t\007x", "\033]0;t\033\\x");
}

/* The end of a replay cuts a sequence: the rest belongs to it. */
static void
the_kind_changes_between_sequences(void **state)
{
	struct vt *vt = vt_new(VT_REPLAY);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	vt_feed(vt, "a\033[", 3, &out);
	(void)with(vt, 0);
	vt_set(vt, VT_WATCH);
	vt_feed(vt, "6nb\033[6n", 7, &out);
	assert_string_equal(buf_cstr(&out), "ab\033[6n");
	buf_done(&out);
	vt_free(vt);
}

static void
stripped_is_text(void **state)
{
	(void)state;
	expect(VT_STRIP, "\033[1mbold\033[m \xc3\xa4\xe2\x82\xac\n",
	    "bold \xc3\xa4\xe2\x82\xac\n");
	expect(VT_STRIP, "a\r\nb\r\nc", "a\nb\nc");
	expect(VT_STRIP, "10%\r20%\r\r\nend", "10%\n20%\nend");
	expect(VT_STRIP, "a\bb\007\005\177\001", "ab");
	expect(VT_STRIP, "a\tb", "a\tb");
	expect(VT_STRIP, "\033]0;t\007x\033P1;2q...\033\\y", "xy");
	/* CSI in its 8-bit form, as UTF-8 spells it. */
	expect(VT_STRIP,
	    "a\xc2\x9b"
	    "31mb",
	    "ab");
	expect(VT_STRIP, "\xc2\xa0", "\xc2\xa0");
}

/*
 * Bytes that begin, continue and end sequences far more often than by chance.
 */
static size_t
noise(char *out, size_t size, uint32_t *seed)
{
	static const char bytes[] = "\033\033[]P_^X\\?>;:0159mhlcnqpu(B=7"
				    "\007\030\032\r\n\t az\xc2\x9b\xe2\x82";
	size_t i, n = 0;

	for (i = 0; i < size; i++) {
		*seed = *seed * 1664525 + 1013904223;
		out[n++] = bytes[(*seed >> 16) % (sizeof(bytes) - 1)];
	}
	return n;
}

static void
feed_bytes(struct vt *vt, struct buf *out, const char *in, size_t len,
    size_t step)
{
	size_t n;

	for (; len > 0; in += n, len -= n) {
		n = len < step ? len : step;
		vt_feed(vt, in, n, out);
	}
}

/* However it is cut, the result is the same. */
static void
cuts_do_not_matter(void **state)
{
	char in[3000];
	struct buf whole, cut;
	struct vt *a, *b;
	uint32_t seed = 7;
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 600; i++) {
		len = noise(in, 1 + (size_t)i * 5, &seed);
		a = vt_new((enum vt_kind)(i % 3));
		b = vt_new((enum vt_kind)(i % 3));
		(void)with(a, i % 2 != 0 ? 5000 : 0);
		(void)with(b, i % 2 != 0 ? 5000 : 0);
		buf_init(&whole, 1 << 20);
		buf_init(&cut, 1 << 20);
		feed_bytes(a, &whole, in, len, len);
		feed_bytes(b, &cut, in, len, 1 + (size_t)i % 7);
		assert_int_equal(whole.len, cut.len);
		if (whole.len > 0)
			assert_memory_equal(whole.data, cut.data, whole.len);
		vt_leave(a, &whole);
		assert_true(buf_ok(&whole));
		buf_done(&whole);
		buf_done(&cut);
		vt_free(a);
		vt_free(b);
	}
}

static void
leave(const char *in, const char *want)
{
	struct vt *vt = vt_new(VT_WATCH);
	struct buf out;

	buf_init(&out, 4096);
	feed(vt, &out, in, 3);
	buf_reset(&out);
	vt_leave(vt, &out);
	assert_string_equal(buf_cstr(&out), want);
	/* Once is enough. */
	buf_reset(&out);
	vt_leave(vt, &out);
	assert_string_equal(buf_cstr(&out), "");
	buf_done(&out);
	vt_free(vt);
}

static void
modes_are_taken_back(void **state)
{
	(void)state;
	leave("text\n\033[1mbold\033[0m\r\n\033[2J", "");
	leave("text", "\r\n");
	leave("\033[31mred\n", "\033[m");
	leave("\033[31mred\033[m\n", "");
	leave("\033[31mred\033[0;1mbold\n", "\033[m");
	leave("\033[?1049h\033[?25l\033[?2004h\033[?1000;1006h",
	    "\033[?25h\033[?1000l\033[?1006l\033[?2004l\033[?1049l");
	leave("\033[?1049h\033[?25l\033[?25h\033[?1049l", "");
	leave("\033[?7l", "\033[?7h");
	leave("\033=\033(0\033[5 q", "\033>\033(B\033[0 q");
	leave("\033[>4;2m\033[>4;m", "");
	leave("\033=\033>\033(0\033(B\033[5 q\033[0 q", "");
	leave("\033[2;10r", "\0337\033[r\0338");
	leave("\033[2;10r\033[r", "");
	leave("\033[>1u\033[>5u", "\033[<2u");
	leave("\033[>1u\033[>5u\033[<1u\033[<u", "");
	leave("\033[>4;2m", "\033[>4m");
	leave("\033[?1049h\033[?1000h\033c", "");
	leave("\033[4h\033[20h\033[3g\033H", "\033[4l\033[20l\033[?5W");
	leave("\033[4;20h\033[4;20l", "");
	leave("\033]4;1;red\007\033]10;red\007\033]11;red\033\\\033]12;red\007",
	    "\033]104\033\\\033]110\033\\\033]111\033\\\033]112\033\\");
	leave("\033]4;1;red\007\033]104;1\007", "\033]104\033\\");
	leave("\033]4;1;red\007\033]104\007\033]11;red\007\033]111\007", "");
	leave("\033]8;;http://a\033\\", "\033]8;;\033\\");
	leave("\033]8;;http://a\007\033]8;;\007", "");
	/* A mode set inside a title is text. */
	leave("\033]0;\033[?25h\007", "");
	leave("\033[?99999999999999h\033[;;;;;;;;;;;;;;;;;;;;;;h", "");
}

/* What was switched off in output that was thrown away may be on. */
static void
in_doubt_all_is_taken_back(void **state)
{
	struct vt *vt = vt_new(VT_WATCH);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	feed(vt, &out, "\033[?1000h\033[>1u\033[?1000l\033[<u\033]0;half", 99);
	vt_doubt(vt);
	buf_reset(&out);
	vt_leave(vt, &out);
	assert_string_equal(buf_cstr(&out), "\033[<1u\033[?1000l");
	buf_reset(&out);
	feed(vt, &out, "text\n", 99);
	assert_string_equal(buf_cstr(&out), "text\n");
	buf_done(&out);
	vt_free(vt);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawing_passes),
		cmocka_unit_test(test_J01_clipboard),
		cmocka_unit_test(test_J01_long_clipboard),
		cmocka_unit_test(test_J02_questions),
		cmocka_unit_test(test_J03_links),
		cmocka_unit_test(test_J04_titles_and_notifications),
		cmocka_unit_test(test_J05_nothing_else_passes),
		cmocka_unit_test(the_kind_changes_between_sequences),
		cmocka_unit_test(stripped_is_text),
		cmocka_unit_test(cuts_do_not_matter),
		cmocka_unit_test(modes_are_taken_back),
		cmocka_unit_test(in_doubt_all_is_taken_back),
	};

	return CHECK_RUN("vt", tests);
}
