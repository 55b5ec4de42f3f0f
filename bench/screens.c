/* SPDX-License-Identifier: MIT */
/*
 * Output as programs write it, for the time it takes to show the screen after
 * it. usage: screens KIND MIB; then each number it is given is that of the
 * bytes it writes on, wherever that ends. Its terminal is raw: what is written
 * is what is logged.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench/bench.h"

#define FRAME 16384
#define BLOCK 65536

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

static size_t
wide_line(char *p, unsigned i)
{
	return put(p, FRAME,
	    "%u \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80 e\xcc\x81 "
	    "\x1b[38;2;%u;%u;200m\xd1\x82\xd0\xb5\xd0\xba\xd1\x81\xd1\x82"
	    "\x1b[0m\r\n",
	    i, i % 256, i / 3 % 256);
}

/* A line of progress: back and forth, erased, written anew. */
static size_t
moves(char *p, unsigned i)
{
	return put(p, FRAME,
	    "\x1b[s\x1b[%u;%uH\x1b[1mat %u\x1b[0m\x1b[u\x1b[2A\x1b[3C*\x1b[2B"
	    "\r%u%%\x1b[K\x1b[%uG|",
	    i % 24 + 1, i % 70 + 1, i, i % 100, i % 80 + 1);
}

/* A screenful or more of one sort, then another; a pager comes and goes. */
static size_t
mixed(char *p, unsigned i)
{
	static size_t (*const parts[])(char *, unsigned) = { text_line,
		build_line, moves, text_line, wide_line, build_line, frame };
	const unsigned part = i / 512 % 7;
	size_t n = parts[part](p, i);

	if (part == 6 && i % 512 == 511)
		n += put(p + n, FRAME - n, "\x1b[?1049l");
	return n;
}

/*
 * Nowhere a point where the screen is simple: part of it scrolls, backwards
 * too, and there is neither a line's end nor a pen set anew.
 */
static size_t
tangle(char *p, unsigned i)
{
	return put(p, FRAME,
	    "\x1b[%u;%ur\x1b[?6h\x1b[4h\x1b[%u;%uH\x1b[38;5;%um%u \xe6\xbc\xa2"
	    "\x1b[%uP\x1b[L\x1bM\x1b[%u@\x1b[%uX",
	    i % 5 + 1, 24 - i % 6, i % 12 + 1, i % 60 + 1, i % 256, i, i % 9,
	    i % 5, i % 7);
}

/* Every cell of another colour: no text is longer for a screen. */
static size_t
rainbow(char *p, unsigned i)
{
	size_t n = 0;

	for (unsigned x = 0; x < 200; x++)
		n += put(p + n, FRAME - n,
		    "\x1b[38;2;%u;%u;%um\x1b[48;2;%u;%u;%um#", 255 - x,
		    100 + i % 156, 100 + (x + i) % 156, 100 + i / 7 % 156,
		    100 + x % 156, 255 - i % 156);
	return n + put(p + n, FRAME - n, "\r\n");
}

static const struct {
	const char *name;
	size_t (*make)(char *p, unsigned i);
} kinds[] = {
	{ "flood", text_line },
	{ "build", build_line },
	{ "full", frame },
	{ "mixed", mixed },
	{ "tangle", tangle },
	{ "rainbow", rainbow },
};

static void
go_on(size_t (*make)(char *, unsigned), uint64_t left)
{
	static char block[BLOCK + FRAME];
	static size_t n, at;
	static unsigned i;
	size_t len;

	for (; left > 0; left -= len, at += len) {
		if (at == n)
			for (n = at = 0; n < BLOCK; i++)
				n += make(block + n, i);
		len = n - at < left ? n - at : (size_t)left;
		bench_write_all(1, block + at, len);
	}
}

int
main(int argc, char **argv)
{
	size_t (*make)(char *, unsigned) = NULL;
	struct termios tio;
	char line[32];

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		if (argc > 2 && strcmp(argv[1], kinds[k].name) == 0)
			make = kinds[k].make;
	if (make == NULL)
		return 2;
	if (tcgetattr(0, &tio) == 0) {
		cfmakeraw(&tio);
		(void)tcsetattr(0, TCSANOW, &tio);
	}
	go_on(make, (uint64_t)bench_num(argv[2]) << 20);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		go_on(make, (uint64_t)bench_num(line));
	}
	return 0;
}
