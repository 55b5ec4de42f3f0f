/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody's that swaps two names and swaps them back, as fast as
 * it can: `swap A B`. It says "on" when it begins, and how many swaps there
 * were when it is told to end; then the names are as they were. With `swap A B
 * DIR PREFIX` it bides its time: it swaps while a name in DIR begins like that.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * Turns of a pause, 0..16383 and 0..65535: without any, only what takes no time
 * would ever be between two swaps, and with the link there for most of the time
 * all would be refused by the first who looks.
 */
#define SHORT_SHIFT 18
#define LONG_SHIFT  16

static volatile sig_atomic_t over;
static unsigned long done;

static void
over_cb(int sig)
{
	(void)sig;
	over = 1;
}

static void
rest(unsigned shift)
{
	static unsigned turn;

	for (volatile unsigned i = ++turn * 2654435761u >> shift;
	     i > 0 && !over; i--)
		continue;
}

static bool
swap(char *const *name)
{
	bool ok = renameat2(AT_FDCWD, name[0], AT_FDCWD, name[1],
		      RENAME_EXCHANGE) == 0;

	done += ok;
	return ok;
}

static bool
is_time(const char *in, const char *prefix)
{
	DIR *d = opendir(in);
	struct dirent *e;
	bool found = false;

	while (d != NULL && !found && (e = readdir(d)) != NULL)
		found = strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	if (d != NULL)
		(void)closedir(d);
	return found;
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = over_cb };
	bool bides = argc == 5;

	if ((argc != 3 && !bides) || sigaction(SIGTERM, &sa, NULL) < 0)
		return 2;
	puts("on");
	(void)fflush(stdout);
	while (!over) {
		if (bides && !is_time(argv[3], argv[4]))
			continue;
		if (!swap(argv + 1))
			continue;
		rest(bides ? LONG_SHIFT : SHORT_SHIFT);
		/* Whoever has made another of the names has to go first. */
		while (!swap(argv + 1) && !over)
			continue;
		rest(bides ? SHORT_SHIFT : LONG_SHIFT);
	}
	printf("%lu\n", done);
	return 0;
}
