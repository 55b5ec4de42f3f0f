/* SPDX-License-Identifier: MIT */
/*
 * What lies where rdv makes worktrees, whoever has put it there: names alone,
 * and nothing of what is in it. A link is none of them, wherever it leads.
 */
#include "git-worker/rooms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/path.h"
#include "lib/xalloc.h"

/* Looked at in one directory, which has them in no order. */
#define ROOMS_MAX 20000

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t
read_names(DIR *d, const char *after, char **names)
{
	struct dirent *e;
	struct stat st;
	size_t n = 0;

	while (n < ROOMS_MAX && (e = readdir(d)) != NULL)
		if (path_component_ok(e->d_name) &&
		    strcmp(e->d_name, after) > 0 &&
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
			0 &&
		    S_ISDIR(st.st_mode))
			names[n++] = xstrdup(e->d_name);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

int
rooms_list(const char *dir, const char *after, char *out, size_t size)
{
	char **names;
	size_t n, at = 0;
	DIR *d = opendir(dir);

	if (d == NULL)
		return -errno;
	names = xcalloc(ROOMS_MAX, sizeof(*names));
	n = read_names(d, after, names);
	out[0] = '\0';
	for (size_t i = 0; i < n && at + strlen(names[i]) + 2 <= size; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s",
		    i > 0 ? "/" : "", names[i]);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	(void)closedir(d);
	return 0;
}
