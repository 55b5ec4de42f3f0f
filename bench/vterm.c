/* SPDX-License-Identifier: MIT */
/*
 * The bare time of libvterm for the end of a file, with its screen layer: what
 * showing a screen is measured against. Prints milliseconds, the best of five.
 * usage: vterm FILE BYTES
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vterm.h>

#include "bench/bench.h"

static int64_t
once(const char *p, size_t len)
{
	VTerm *vt = vterm_new(24, 80);
	VTermScreen *screen;
	int64_t begin = bench_ns();

	vterm_set_utf8(vt, 1);
	screen = vterm_obtain_screen(vt);
	vterm_screen_enable_altscreen(screen, 1);
	vterm_screen_set_damage_merge(screen, VTERM_DAMAGE_SCROLL);
	vterm_screen_reset(screen, 1);
	vterm_input_write(vt, p, len);
	vterm_screen_flush_damage(screen);
	vterm_free(vt);
	return bench_ns() - begin;
}

int
main(int argc, char **argv)
{
	size_t len = argc > 2 ? (size_t)bench_num(argv[2]) : 0;
	int fd = argc > 2 ? open(argv[1], O_RDONLY) : -1;
	int64_t best = INT64_MAX, t;
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 2;
	if (len > (size_t)st.st_size)
		len = (size_t)st.st_size;
	p = malloc(len + 1);
	if (p == NULL ||
	    pread(fd, p, len, st.st_size - (off_t)len) != (ssize_t)len)
		return 2;
	for (int i = 0; i < 5; i++) {
		t = once(p, len);
		best = t < best ? t : best;
	}
	printf("{\"ms\":%.3f}\n", (double)best / 1e6);
	free(p);
	return 0;
}
