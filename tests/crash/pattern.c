/* SPDX-License-Identifier: MIT */
/*
 * A terminal program whose every output byte is known from its offset, so that
 * a reader can tell a lost, doubled or foreign byte at once: sixteen-byte lines
 * that count. Each byte of input releases one burst of the asked size; end of
 * input ends it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define LINE  16
#define BLOCK 65536

static int
write_all(const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(1, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
burst(uint64_t *line, size_t bytes)
{
	static char block[BLOCK + 1];
	size_t i;

	for (; bytes > 0; bytes -= BLOCK) {
		for (i = 0; i < BLOCK; i += LINE)
			(void)snprintf(block + i, LINE + 1, "%015llx\n",
			    (unsigned long long)(*line)++);
		if (write_all(block, BLOCK) != 0)
			return -1;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const size_t blocks =
	    argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 16;
	struct termios tio;
	uint64_t line = 0;
	char go;

	if (tcgetattr(0, &tio) == 0) {
		cfmakeraw(&tio);
		(void)tcsetattr(0, TCSANOW, &tio);
	}
	/* The first line says that the terminal is raw and input is read. */
	if (burst(&line, BLOCK) != 0)
		return 1;
	while (read(0, &go, 1) == 1)
		if (burst(&line, blocks * BLOCK) != 0)
			return 1;
	return 0;
}
