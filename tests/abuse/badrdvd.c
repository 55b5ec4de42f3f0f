/* SPDX-License-Identifier: MIT */
/*
 * A new rdvd that is no good, in the place of the real one. How, the file
 * "mode" beside it says: "refuse", "leave" with a child left, or "stall" until
 * it is continued, when it is tried, and when it is to serve
 * "crash", "hang" with its socket closed, or "few", which claims to have found
 * nothing of what runs.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
read_mode(char mode[32])
{
	char path[PATH_MAX + 8], *end;
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	FILE *f;

	path[n > 0 ? n : 0] = '\0';
	end = strrchr(path, '/');
	if (end == NULL)
		exit(3);
	(void)snprintf(end, 8, "/mode");
	f = fopen(path, "r");
	if (f == NULL || fgets(mode, 32, f) == NULL)
		exit(3);
	(void)fclose(f);
}

static int
tried(const char *mode)
{
	if (strcmp(mode, "stall") == 0)
		(void)raise(SIGSTOP);
	if (strcmp(mode, "leave") == 0 && fork() == 0)
		for (;;)
			(void)pause();
	return strcmp(mode, "refuse") == 0 || strcmp(mode, "leave") == 0 ? 77
									 : 0;
}

int
main(int argc, char **argv)
{
	static const char settled[] = "N\0\0\0\0\0\0\0";
	struct pollfd control = { .fd = 3, .events = POLLIN };
	char mode[32] = "";
	int i;

	read_mode(mode);
	for (i = 1; i < argc; i++)
		if (strncmp(argv[i], "--try", 5) == 0)
			return tried(mode);
	if (strcmp(mode, "crash") == 0)
		abort();
	if (strcmp(mode, "few") == 0 && write(3, settled, 9) != 9)
		return 1;
	/* Not before [main] has sent what it would have to be killed for. */
	if (strcmp(mode, "hang") == 0 && poll(&control, 1, -1) == 1)
		(void)close(3);
	for (;;)
		(void)pause();
}
