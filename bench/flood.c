/* SPDX-License-Identifier: MIT */
/*
 * The program in the measured terminal: says one byte, waits for one, and then
 * either writes the asked number of bytes as fast as its terminal takes them
 * ('g') or gives back every byte it gets (anything else), so that no
 * measurement includes a start, an exit or the kernel's own echo. It writes one
 * endless line, or lines with colours and moves if `text` is asked for.
 * usage: flood [MIB [x|text]]
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench/bench.h"

static char block[65536];

static void
fill(int text)
{
	char line[80];
	size_t at = 0, len, n;

	memset(block, 'x', sizeof(block));
	for (unsigned i = 0; text && at < sizeof(block); i++, at += n) {
		len = (size_t)snprintf(line, sizeof(line),
		    "\x1b[%u;1H\x1b[3%um%u of a program\x1b[0m\x1b[K\r\n",
		    i % 24 + 1, i % 8, i);
		n = len < sizeof(block) - at ? len : sizeof(block) - at;
		memcpy(block + at, line, n);
	}
}

int
main(int argc, char **argv)
{
	struct termios tio;
	size_t left = argc > 1 ? (size_t)bench_num(argv[1]) << 20 : 1 << 20;
	char go;

	fill(argc > 2 && strcmp(argv[2], "text") == 0);
	if (tcgetattr(0, &tio) == 0) {
		cfmakeraw(&tio);
		(void)tcsetattr(0, TCSANOW, &tio);
	}
	bench_write_all(1, "R", 1);
	if (read(0, &go, 1) != 1)
		return 1;
	if (go == 'g')
		for (; left > 0; left -= sizeof(block))
			bench_write_all(1, block, sizeof(block));
	else
		bench_write_all(1, &go, 1);
	while (read(0, &go, 1) == 1)
		bench_write_all(1, &go, 1);
	return 0;
}
