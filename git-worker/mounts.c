/* SPDX-License-Identifier: MIT */
/*
 * Where file systems are mounted. What is deleted with a directory is all that
 * can be reached in it, and behind a mount that is somebody else's: a remote
 * one, or the directory that it was bound from.
 */
#include "git-worker/mounts.h"

#include <string.h>

/* In front of the mount point: mount, parent, device and root. */
#define FIELDS 4

/* The byte at *p, which moves behind it: "\040" is a blank. */
static char
next_byte(const char **p, const char *end)
{
	const char *s = *p;

	if (s[0] != '\\' || end - s < 4) {
		*p = s + 1;
		return s[0];
	}
	*p = s + 4;
	return (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
}

/* The mount point `p` is `dir` or below it. */
static bool
is_below(const char *p, const char *end, const char *dir)
{
	while (p < end && *dir != '\0' && next_byte(&p, end) == *dir)
		dir++;
	return *dir == '\0' && (p == end || *p == '/');
}

bool
mounts_below(const char *text, size_t len, const char *dir)
{
	const char *end = text + len, *p, *stop, *next;
	bool root = false;

	for (; text < end; text = next) {
		next = memchr(text, '\n', (size_t)(end - text));
		next = next != NULL ? next + 1 : end;
		p = text;
		for (unsigned i = 0; i < FIELDS && p != NULL; i++) {
			p = memchr(p, ' ', (size_t)(next - p));
			p = p != NULL ? p + 1 : NULL;
		}
		stop = p != NULL ? memchr(p, ' ', (size_t)(next - p)) : NULL;
		if (stop == NULL)
			continue;
		root = root || (stop == p + 1 && *p == '/');
		if (is_below(p, stop, dir))
			return true;
	}
	return !root;
}
