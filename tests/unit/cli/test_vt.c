/* SPDX-License-Identifier: MIT */
/*
 * Terminal output through the three readers: nothing lost when watching, no
 * question repeated in a replay, text alone when stripped, and modes taken
 * back. Every case is fed whole and byte by byte.
 */
#include <stdio.h>
#include <string.h>

#include "cli/vt.h"
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

static void
watching_changes_nothing(void **state)
{
	static const char *const all[] = { "plain \xc3\xa4\r\n\a\005",
		"\033[1;31mred\033[m", "\033]0;title\007x",
		"\033]0;title\033\\x", "\033[c\033[6n\033]11;?\007",
		"\033P$qm\033\\\033(B\033=\0337", "\033\033[1m\033[\033[2m",
		"\033[31\030m\033]0;x\032y", "\033]a\033[1mb" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		expect(VT_WATCH, all[i], all[i]);
}

static void
a_long_sequence_passes(void **state)
{
	char in[16384];
	struct vt *vt = vt_new(VT_WATCH);
	struct buf out;

	(void)state;
	memset(in, 'x', sizeof(in));
	memcpy(in, "\033]52;c;", 7);
	in[sizeof(in) - 2] = '\007';
	in[sizeof(in) - 1] = '\0';
	buf_init(&out, 1 << 20);
	feed(vt, &out, in, 100);
	assert_string_equal(buf_cstr(&out), in);
	buf_reset(&out);
	vt_set(vt, VT_REPLAY);
	feed(vt, &out, in, 100);
	feed(vt, &out, "after", 100);
	assert_string_equal(buf_cstr(&out), "after");
	buf_done(&out);
	vt_free(vt);
}

static void
a_replay_asks_nothing(void **state)
{
	static const char *const questions[] = { "\033[c", "\033[0c", "\033[>c",
		"\033[=c", "\033[5n", "\033[6n", "\033[?6n", "\033[?2026$p",
		"\033[4$p", "\033[>q", "\033[14t", "\033[18t", "\033[21t",
		"\033[?u", "\033[2$w", "\033[1x", "\033[1;1;1;1;1;1*y",
		"\033[5i", "\033]10;?\007", "\033]4;1;?\033\\",
		"\033]52;c;aGk=\007", "\033]52;c;?\007", "\033]9;note\007",
		"\033]777;notify;a;b\007", "\033P$qm\033\\",
		"\033P+q544e\033\\", "\033_Ga=q;\033\\", "\033Z", "\005",
		"\007" };
	char in[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		(void)snprintf(in, sizeof(in), "a%sb", questions[i]);
		expect(VT_REPLAY, in, "ab");
	}
}

static void
a_replay_still_draws(void **state)
{
	static const char *const drawing[] = { "\033[2J\033[H\033[1;31mx",
		"\033[?1049h\033[?25l", "\033]0;title\007", "\033[3;20r",
		"\033[8;24;80t", "\033[>4;2m", "\033]8;;http://a\033\\x",
		"\033(0q\033(B", "\0337\0338\033M", "\033[2 q", "\r\n\t\b" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(drawing) / sizeof(drawing[0]); i++)
		expect(VT_REPLAY, drawing[i], drawing[i]);
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
	    "a31mb");
	expect(VT_STRIP, "\xc2\xa0", "\xc2\xa0");
}

/* Bytes that begin, continue and end sequences far more often than by chance.
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

/*
 * However it is cut, the result is the same; watching, all comes out in order
 * but for what may still become a sequence.
 */
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
		buf_init(&whole, 1 << 20);
		buf_init(&cut, 1 << 20);
		feed_bytes(a, &whole, in, len, len);
		feed_bytes(b, &cut, in, len, 1 + (size_t)i % 7);
		assert_int_equal(whole.len, cut.len);
		if (whole.len > 0)
			assert_memory_equal(whole.data, cut.data, whole.len);
		if (i % 3 == VT_WATCH && whole.len > 0)
			assert_memory_equal(whole.data, in, whole.len);
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
		cmocka_unit_test(watching_changes_nothing),
		cmocka_unit_test(a_long_sequence_passes),
		cmocka_unit_test(a_replay_asks_nothing),
		cmocka_unit_test(a_replay_still_draws),
		cmocka_unit_test(the_kind_changes_between_sequences),
		cmocka_unit_test(stripped_is_text),
		cmocka_unit_test(cuts_do_not_matter),
		cmocka_unit_test(modes_are_taken_back),
		cmocka_unit_test(in_doubt_all_is_taken_back),
	};

	return CHECK_RUN("vt", tests);
}
