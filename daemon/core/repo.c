/* SPDX-License-Identifier: MIT */
/* What can be told of a repository from a path's text, without a look at it. */
#include "daemon/core/repo.h"

#include <limits.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/path.h"

const char *
repo_of_gitdir(struct arena *a, const char *at, const char *gitdir)
{
	static const char middle[] = "/.git/worktrees/";
	char full[PATH_MAX];
	const char *tail;

	if (!path_join(full, sizeof full, at, gitdir) ||
	    !path_absolute_ok(full))
		return NULL;
	tail = strstr(full, middle);
	if (tail == NULL || tail == full ||
	    !path_component_ok(tail + sizeof middle - 1))
		return NULL;
	return arena_strndup(a, full, (size_t)(tail - full));
}
