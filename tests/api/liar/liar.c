/* SPDX-License-Identifier: MIT */
/*
 * What is linked into rdv-git to make a liar of it: while there is a file "lie"
 * beside the trash, it makes another directory and calls that the trash. The
 * rest of it is the real one.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/place.h"
#include "lib/arena.h"
#include "lib/path.h"
#include "lib/str.h"

int __real_place_make(struct arena *a, const char *path, const char **out,
    const char **why);
int __wrap_place_make(struct arena *a, const char *path, const char **out,
    const char **why);

int
__wrap_place_make(struct arena *a, const char *path, const char **out,
    const char **why)
{
	const char *parent = path_parent(a, path);

	if (str_ends(path, "/trash") &&
	    access(arena_printf(a, "%s/lie", parent), F_OK) == 0)
		path = arena_printf(a, "%s/elsewhere", parent);
	return __real_place_make(a, path, out, why);
}
