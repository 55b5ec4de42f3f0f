/* SPDX-License-Identifier: MIT */
/*
 * Finding a program happens in the parent, where it may be refused politely.
 * Relative and empty entries of a search path mean "whatever directory we are
 * in" and are passed over.
 */
#include "priv-helper/lookup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/str.h"

/* Tells "not there" from "there, and not to be run". */
static int
try(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -ENOENT;
	/* By the effective rights: the real ones are the helper's own. */
	if (!S_ISREG(st.st_mode) ||
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return -EACCES;
	return 0;
}

int
lookup_program(char *out, size_t size, const char *name, const char *search)
{
	int err = -ENOENT, now, n;
	size_t len;

	if (name[0] == '\0')
		return -ENOENT;
	if (strchr(name, '/') != NULL)
		return str_copy(out, name, size) ? 0 : -ENAMETOOLONG;
	for (; *search != '\0'; search += len + (search[len] == ':')) {
		len = strcspn(search, ":");
		if (search[0] != '/')
			continue;
		n = snprintf(out, size, "%.*s/%s", (int)len, search, name);
		if (n < 0 || (size_t)n >= size)
			return -ENAMETOOLONG;
		now = try(out);
		if (now == 0)
			return 0;
		/* As execvp(3) does: say what was in the way, if anything. */
		if (now == -EACCES)
			err = now;
	}
	return err;
}
