/* SPDX-License-Identifier: MIT */
/*
 * What a terminal must show at some offsets of its log, by rdvd's emulator from
 * the log's first byte on, without checkpoints and without leaving anything
 * out: what a screen that was sent is compared with. What was sent is loaded
 * into an emulator too, so that cells, pen, modes and cursor are compared and
 * not how they are put. usage: shown LOG COLS ROWS SENT OFFSET...: the screen
 * that was sent for the i-th offset is in the file SENT.i. Prints how many
 * differ, and the fewest lines above one: those that were not sent are not
 * compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "daemon/emu/emu.h"
#include "lib/buf.h"

#define PIECE 65536

struct source {
	unsigned cols, rows, fewest;
	const char *sent;
	FILE *log;
	uint64_t at;
};

static void
feed(struct emu *e, FILE *f, uint64_t len)
{
	static uint8_t p[PIECE];
	size_t n, at;

	for (; len > 0; len -= n) {
		n = fread(p, 1, len < PIECE ? (size_t)len : PIECE, f);
		if (n == 0)
			bench_die("shorter than its offsets");
		for (at = 0; at < n;)
			at += emu_feed(e, p + at, n - at, SIZE_MAX);
	}
}

static struct emu *
sent(const struct source *s, int i)
{
	struct emu *e = emu_new(s->cols, s->rows);
	char path[4096];
	FILE *f;
	long len;

	(void)snprintf(path, sizeof(path), "%s.%d", s->sent, i);
	f = fopen(path, "re");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) < 0)
		bench_die(path);
	rewind(f);
	feed(e, f, (uint64_t)len);
	(void)fclose(f);
	return e;
}

/* Whether both would be put alike, with the lines above as well. */
static int
alike(const struct emu *a, const struct emu *b, unsigned lines)
{
	struct buf x, y;
	int same;

	buf_init(&x, (size_t)256 << 20);
	buf_init(&y, (size_t)256 << 20);
	emu_restore(a, lines, &x);
	emu_restore(b, lines, &y);
	same = buf_ok(&x) && buf_ok(&y) && x.len == y.len &&
	       memcmp(x.data, y.data, x.len) == 0;
	buf_done(&x);
	buf_done(&y);
	return same;
}

static int
check(struct source *s, struct emu *whole, uint64_t offset, int i)
{
	struct emu *e = sent(s, i);
	struct emu_look look;
	int same;

	if (offset < s->at)
		bench_die("offsets go up");
	feed(whole, s->log, offset - s->at);
	s->at = offset;
	emu_look(e, &look);
	if (look.history < s->fewest)
		s->fewest = look.history;
	same = alike(whole, e, look.history);
	emu_free(e);
	return same;
}

int
main(int argc, char **argv)
{
	struct source s = { .fewest = EMU_HISTORY };
	struct emu *whole;
	int differ = 0;

	if (argc < 6)
		return 2;
	s.log = fopen(argv[1], "re");
	if (s.log == NULL)
		bench_die(argv[1]);
	s.cols = (unsigned)bench_num(argv[2]);
	s.rows = (unsigned)bench_num(argv[3]);
	s.sent = argv[4];
	whole = emu_new(s.cols, s.rows);
	for (int i = 5; i < argc; i++)
		differ +=
		    !check(&s, whole, (uint64_t)bench_num(argv[i]), i - 5);
	printf("{\"differ\":%d,\"fewest\":%u}\n", differ, s.fewest);
	emu_free(whole);
	(void)fclose(s.log);
	return 0;
}
