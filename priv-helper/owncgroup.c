/* SPDX-License-Identifier: MIT */
/*
 * Where our own cgroup lies. Only version 2 is looked for: of the old ones
 * there are many at once, and none ends with one write all that is in it.
 */
#include "priv-helper/owncgroup.h"

#include <stdlib.h>
#include <string.h>

#include "lib/str.h"

static bool
is_version_2(const char *line, char mount[CGROUP_PATH])
{
	const char *rest = strstr(line, " - ");
	char root[8];

	/* A mount of a part of the tree would need another way to our own. */
	return rest != NULL && strncmp(rest, " - cgroup2 ", 11) == 0 &&
	       sscanf(line, "%*s %*s %*s %7s %1023s", root, mount) == 2 &&
	       strcmp(root, "/") == 0;
}

bool
owncgroup_find(FILE *mounts, FILE *self, char out[CGROUP_PATH])
{
	char *line = NULL;
	size_t size = 0, len;
	bool found = false;

	while (!found && getline(&line, &size, mounts) > 0)
		found = is_version_2(line, out);
	len = found ? strlen(out) : 0;
	found = false;
	while (len > 0 && !found && getline(&line, &size, self) > 0) {
		line[strcspn(line, "\n")] = '\0';
		/* "/..": in a cgroup outside of our namespace. */
		found = str_starts(line, "0::/") &&
			!str_starts(line, "0::/..") &&
			str_copy(out + len, line + 3, CGROUP_PATH - len);
	}
	free(line);
	if (found && str_ends(out, "/"))
		out[strlen(out) - 1] = '\0';
	return found;
}
