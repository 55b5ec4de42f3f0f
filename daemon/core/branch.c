/* SPDX-License-Identifier: MIT */
/*
 * The grammar of branch names. git takes expressions where it expects a branch
 * ("@{-1}", "HEAD~2", ":/text"), and options where it expects anything; so a
 * name from outside is judged here before git sees it (abuse G13).
 *
 * Invariant: what passes is a name to git and nothing else, and git itself
 * would accept it for a new branch. tests/unit/core compares the two.
 */
#include "daemon/core/branch.h"

#include <ctype.h>
#include <string.h>

#include "lib/str.h"

#define NAME_BYTES 200

/* What git-check-ref-format(1) forbids anywhere in a name. */
static bool
byte_ok(unsigned char c)
{
	return c > 0x20 && c != 0x7f && strchr("~^:?*[\\", c) == NULL;
}

/* Between slashes: not empty, no dot in front, no ".lock" behind. */
static bool
component_ok(const char *at, size_t len)
{
	if (len == 0 || at[0] == '.')
		return false;
	return len < 5 || memcmp(at + len - 5, ".lock", 5) != 0;
}

bool
branch_ok(const char *name)
{
	size_t len = strlen(name), n;

	if (len == 0 || len > NAME_BYTES || name[0] == '-' ||
	    name[len - 1] == '.' || !str_utf8_valid(name, len))
		return false;
	/* Both are expressions to most of git's commands. */
	if (strcmp(name, "HEAD") == 0 || strcmp(name, "@") == 0)
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!byte_ok((unsigned char)*p))
			return false;
	/* A range, and the reflog. */
	if (strstr(name, "..") != NULL || strstr(name, "@{") != NULL)
		return false;
	for (const char *p = name;; p += n + 1) {
		n = strcspn(p, "/");
		if (!component_ok(p, n))
			return false;
		if (p[n] == '\0')
			return true;
	}
}

/* Different branches may come out alike; default_path() counts on then. */
void
branch_dir(char *out, size_t size, const char *name)
{
	size_t n = 0;

	for (; *name != '\0' && n + 1 < size; name++) {
		unsigned char c = (unsigned char)*name;

		/* Runs of others become one '-', none in front. */
		if (c < 0x80 && isalnum(c))
			out[n++] = (char)tolower(c);
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}
