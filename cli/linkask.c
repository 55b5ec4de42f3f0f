/* SPDX-License-Identifier: MIT */
/*
 * A link from standard input. Its bytes are read one by one up to the end of
 * the line, into memory that is wiped.
 */
#include "cli/linkask.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define LINE_MAX_BYTES 512

static bool
read_line(char *line, size_t size)
{
	size_t n = 0;
	ssize_t got = 1;

	while (n < size - 1 && got == 1) {
		got = read(STDIN_FILENO, line + n, 1);
		if (got == -1 && errno == EINTR) {
			got = 1;
			continue;
		}
		if (got == 1 && line[n] == '\n')
			break;
		n += got == 1;
	}
	line[n] = '\0';
	return n > 0;
}

/* The keyboard of who has the other end of the pipe. */
static bool
take_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	bool ok = fd != -1 && dup2(fd, STDIN_FILENO) != -1;

	if (fd != -1)
		(void)close(fd);
	return ok;
}

int
linkask(char **text, char *why, size_t whysize)
{
	char line[LINE_MAX_BYTES], *typed;

	if (isatty(STDIN_FILENO)) {
		/* glibc's, which also puts the terminal back. */
		typed = getpass("link: ");
		*text = xstrdup(typed != NULL ? typed : "");
		if (typed != NULL)
			secret_wipe(typed, strlen(typed));
		return 0;
	}
	if (!read_line(line, sizeof(line)) || !take_terminal()) {
		secret_wipe(line, sizeof(line));
		(void)snprintf(why, whysize,
		    "a link is read from standard input, and keys from the "
		    "terminal; one of them is not there");
		return RDV_E_INVALID;
	}
	*text = xstrdup(line);
	secret_wipe(line, sizeof(line));
	return 0;
}
