/* SPDX-License-Identifier: MIT */
/*
 * A program of somebody's that swaps two names and swaps them back, as fast as
 * it can: `swap A B`. It says "on" when it begins, and how many swaps there
 * were when it is told to end; then the names are as they were. With `swap A B
 * DIR PREFIX` it bides its time: it swaps while a name in DIR begins like that.
 * `swap - DIR TARGET` waits for what is made in DIR, and swaps that with a link
 * to TARGET.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* The first that is made in argv[0], and a link to argv[1] beside it. */
static bool
catch_new(char *const *argv, char **name)
{
	static char made[PATH_MAX], link[PATH_MAX + 8];
	struct dirent *e = NULL;
	DIR *d;

	while (!over && e == NULL) {
		d = opendir(argv[0]);
		while (d != NULL && (e = readdir(d)) != NULL &&
		       e->d_name[0] == '.')
			continue;
		if (e != NULL)
			(void)snprintf(made, sizeof(made), "%s/%s", argv[0],
			    e->d_name);
		if (d != NULL)
			(void)closedir(d);
	}
	(void)snprintf(link, sizeof(link), "%s-link", argv[0]);
	name[0] = made;
	name[1] = link;
	return e != NULL && symlink(argv[1], link) == 0;
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = over_cb };
	bool bides = argc == 5;
	char *caught[2], **name = argv + 1;

	if (argc < 3 || sigaction(SIGTERM, &sa, NULL) < 0)
		return 2;
	puts("on");
	(void)fflush(stdout);
	if (argc == 4) {
		name = caught;
		over |= !catch_new(argv + 2, caught);
	}
	while (!over) {
		if (bides && !is_time(argv[3], argv[4]))
			continue;
		if (!swap(name))
			continue;
		rest(bides ? LONG_SHIFT : SHORT_SHIFT);
		/* Whoever has made another of the names has to go first. */
		while (!swap(name) && !over)
			continue;
		rest(bides ? SHORT_SHIFT : LONG_SHIFT);
	}
	printf("%lu\n", done);
	return 0;
}
