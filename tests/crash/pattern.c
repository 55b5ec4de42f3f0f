/* SPDX-License-Identifier: MIT */
/*
 * A terminal program whose every output byte is known from its offset, so that
 * a reader can tell a lost, doubled or foreign byte at once: sixteen-byte lines
 * that count. The same in sequences that a screen or somebody's clipboard is
 * changed by. Each byte of input releases one burst of the asked size; 'x' ends
 * it with the asked status, end of input with 0.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE  16
#define BLOCK 65536

/* All of one length: what is before the number, its digits, and the end. */
static const struct kind {
	const char *name, *before;
	int digits;
	char end;
} kinds[] = {
	{ "plain", "", 15, '\n' },
	{ "screen", "\033[?1049h", 7, '\n' },
	{ "hostile", "\033]52;c;", 8, '\a' },
};

static const struct kind *kind = kinds;

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
			(void)snprintf(block + i, LINE + 1, "%s%0*llx%c",
			    kind->before, kind->digits,
			    (unsigned long long)(*line)++, kind->end);
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
	const int status = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0;
	struct termios tio;
	uint64_t line = 0;
	size_t i;
	char go;

	for (i = 0; argc > 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[2], kinds[i].name) == 0)
			kind = &kinds[i];
	if (tcgetattr(0, &tio) == 0) {
		cfmakeraw(&tio);
		(void)tcsetattr(0, TCSANOW, &tio);
	}
	/* The first line says that the terminal is raw and input is read. */
	if (burst(&line, BLOCK) != 0)
		return 1;
	while (read(0, &go, 1) == 1)
		if (go == 'x')
			return status;
		else if (burst(&line, blocks * BLOCK) != 0)
			return 1;
	return 0;
}
