/* SPDX-License-Identifier: MIT */
/*
 * A terminal program whose every output byte is known from its offset, so that
 * a reader can tell a lost, doubled or foreign byte at once: sixteen-byte lines
 * that count. The same in what a full-screen program writes, and in what is
 * meant to do harm. The byte 'g' of its input releases one burst of the asked
 * size; 'x' ends it with the asked status, end of input with 0. Nothing else
 * does anything: to some of what it writes a terminal answers.
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
#define TURNS 8

/*
 * What is before the number of a line, and what is behind it, by turns; its
 * digits fill what is left. tests/crash/viewer.mjs has the same.
 */
static const struct kind {
	const char *name;
	unsigned turns;
	const char *before[TURNS], *after[TURNS];
} kinds[] = {
	{ "plain", 1, { "" }, { "\n" } },
	{ "screen", TURNS,
	    { "\033[?1049h", "\033[2J\033[H", "\033[7m", "\033[5;9H", "\033[0m",
		"\033[3;9r", "\033M", "\033[r" },
	    { "\n", "\n", "\033[K\n", "\n", "\r\n", "\n", "\t\n", "\033[9H" } },
	{ "hostile", TURNS,
	    { "\033]52;c;", "\033]52;c;?", "\033[c", "\033[5n", "\033]2;",
		"\033P$q", "\377\376\200", "\033[?1000h" },
	    { "\a", "\a", "\n", "\n", "\a", "\033\\", "\n", "\n" } },
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

static void
put_line(char *at, uint64_t line)
{
	const char *before = kind->before[line % kind->turns];
	const char *after = kind->after[line % kind->turns];
	int digits = LINE - (int)(strlen(before) + strlen(after));

	(void)snprintf(at, LINE + 1, "%s%0*llx%s", before, digits,
	    (unsigned long long)line, after);
}

static int
burst(uint64_t *line, size_t bytes)
{
	static char block[BLOCK + 1];
	size_t i;

	for (; bytes > 0; bytes -= BLOCK) {
		for (i = 0; i < BLOCK; i += LINE)
			put_line(block + i, (*line)++);
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
		else if (go == 'g' && burst(&line, blocks * BLOCK) != 0)
			return 1;
	return 0;
}
