/* SPDX-License-Identifier: MIT */
/*
 * The program in the measured terminal: says one byte, waits for one, and then
 * either writes the asked number of bytes as fast as its terminal takes them
 * ('g') or gives back every byte it gets (anything else), so that no
 * measurement includes a start, an exit or the kernel's own echo.
 */
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "bench/bench.h"

int
main(int argc, char **argv)
{
	static char block[65536];
	struct termios tio;
	size_t left = argc > 1 ? (size_t)bench_num(argv[1]) << 20 : 1 << 20;
	char go;

	memset(block, 'x', sizeof(block));
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
