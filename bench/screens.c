/* SPDX-License-Identifier: MIT */
/*
 * Output as programs write it, for the time it takes to show the screen after
 * it: lines of text, a coloured build log, or frames of a program that has the
 * whole screen. usage: screens flood|build|full MIB; then it waits.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

#define FRAME 8192

static size_t __attribute__((format(printf, 3, 4)))
put(char *p, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p, size, fmt, ap);
	va_end(ap);
	return n > 0 ? (size_t)n : 0;
}

static size_t
text_line(char *p, unsigned i)
{
	return put(p, FRAME,
	    "%u the quick brown fox jumps over the lazy dog and goes on\r\n",
	    i);
}

static size_t
build_line(char *p, unsigned i)
{
	return put(p, FRAME,
	    "\x1b[32m[%3u%%]\x1b[0m \x1b[1mBuilding\x1b[0m C object "
	    "src/file%u.c.o \x1b[33mwarning:\x1b[0m unused\x1b[K\r\n",
	    i % 100, i);
}

static size_t
frame(char *p, unsigned i)
{
	size_t n = put(p, FRAME, "\x1b[?1049h\x1b[H");

	for (unsigned r = 1; r <= 24; r++)
		n += put(p + n, FRAME - n,
		    "\x1b[%u;1H\x1b[3%umrow %2u of frame %6u\x1b[0m "
		    "\x1b[7msome\x1b[0m text\x1b[K",
		    r, (r + i) % 8, r, i);
	return n;
}

static const struct {
	const char *name;
	size_t (*make)(char *p, unsigned i);
} kinds[] = {
	{ "flood", text_line },
	{ "build", build_line },
	{ "full", frame },
};

int
main(int argc, char **argv)
{
	static char block[65536 + FRAME];
	size_t (*make)(char *, unsigned) = NULL;
	uint64_t left = argc > 2 ? (uint64_t)bench_num(argv[2]) << 20 : 0;
	unsigned i = 0;
	size_t n;
	char end;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (argc > 1 && strcmp(argv[1], kinds[k].name) == 0)
			make = kinds[k].make;
	if (make == NULL || left == 0)
		return 2;
	while (left > 0) {
		for (n = 0; n < 65536; i++)
			n += make(block + n, i);
		bench_write_all(1, block, n);
		left -= n < left ? n : left;
	}
	bench_write_all(1, "THE-END", 7);
	return read(0, &end, 1) != 1;
}
