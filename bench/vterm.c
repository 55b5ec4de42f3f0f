/* SPDX-License-Identifier: MIT */
/*
 * The bare time of libvterm for the end of a file, with its screen layer: what
 * showing a screen is measured against. Prints milliseconds, the best of five.
 * usage: vterm FILE END BYTES [COLS ROWS]: so many of the bytes before END
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <vterm.h>

#include "bench/bench.h"

/* As rdvd does; of much more at once it puts a copy on the stack. */
#define PIECE 16384

static int64_t
once(const char *p, size_t len, int cols, int rows)
{
	VTerm *vt = vterm_new(rows, cols);
	VTermScreen *screen;
	int64_t begin = bench_ns();

	vterm_set_utf8(vt, 1);
	screen = vterm_obtain_screen(vt);
	vterm_screen_enable_altscreen(screen, 1);
	vterm_screen_set_damage_merge(screen, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(screen, 1);
	for (size_t at = 0; at < len; at += PIECE)
		vterm_input_write(vt, p + at,
		    len - at < PIECE ? len - at : PIECE);
	vterm_screen_flush_damage(screen);
	vterm_free(vt);
	return bench_ns() - begin;
}

int
main(int argc, char **argv)
{
	const long end = argc > 3 ? bench_num(argv[2]) : 0;
	size_t len = argc > 3 ? (size_t)bench_num(argv[3]) : 0;
	int fd = argc > 3 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	const int cols = argc > 5 ? (int)bench_num(argv[4]) : 80;
	const int rows = argc > 5 ? (int)bench_num(argv[5]) : 24;
	int64_t best = INT64_MAX, t;
	char *p;

	if (fd < 0)
		return 2;
	if (len > (size_t)end)
		len = (size_t)end;
	p = malloc(len + 1);
	if (p == NULL || pread(fd, p, len, end - (off_t)len) != (ssize_t)len)
		return 2;
	for (int i = 0; i < 5; i++) {
		t = once(p, len, cols, rows);
		best = t < best ? t : best;
	}
	printf("{\"ms\":%.3f}\n", (double)best / 1e6);
	free(p);
	return 0;
}
