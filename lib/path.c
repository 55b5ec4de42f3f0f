/* SPDX-License-Identifier: MIT */
/*
 * Paths as text: the rules for names, and joining and comparing without looking
 * at a file system. What these allow is only a well-formed name; whether it may
 * be opened is decided by descriptor, in pathopen.c.
 */
#include "lib/path.h"

#include <limits.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

/*
 * The next component at or after *p, which moves behind it. NULL at the end.
 * Slashes before it are skipped, however many.
 */
static const char *
component(const char **p, size_t *len)
{
	const char *start = *p + strspn(*p, "/");

	*len = strcspn(start, "/");
	*p = start + *len;
	return *len > 0 ? start : NULL;
}

static bool
is_dots(const char *s, size_t len)
{
	return (len == 1 && s[0] == '.') ||
	       (len == 2 && s[0] == '.' && s[1] == '.');
}

bool
path_component_ok(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX && strchr(name, '/') == NULL &&
	       !is_dots(name, len);
}

bool
path_absolute_ok(const char *path)
{
	const char *p = path, *c;
	size_t len;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return false;
	if (path[1] == '\0')
		return true;
	while ((c = component(&p, &len)) != NULL)
		if (c[-1] != '/' || is_dots(c, len))
			return false;
	/* "//" anywhere or a slash at the end is an empty component. */
	return strstr(path, "//") == NULL && !str_ends(path, "/");
}

bool
path_is_under(const char *root, const char *path)
{
	size_t len = strlen(root);

	if (!path_absolute_ok(root) || !path_absolute_ok(path))
		return false;
	if (len == 1)
		return true;
	return str_starts(path, root) &&
	       (path[len] == '\0' || path[len] == '/');
}

/* Appends the components of `path` to `out`, which is "" or "/a/b". */
static bool
append(char *out, size_t size, size_t *used, const char *path)
{
	const char *c;
	size_t len;

	while ((c = component(&path, &len)) != NULL) {
		if (is_dots(c, len)) {
			/* Above the root is the root, as for the kernel. */
			while (len == 2 && *used > 0 && out[--*used] != '/')
				;
			continue;
		}
		if (len + 2 > size - *used)
			return false;
		out[(*used)++] = '/';
		memcpy(out + *used, c, len);
		*used += len;
	}
	return true;
}

bool
path_join(char *out, size_t size, const char *dir, const char *rel)
{
	size_t used = 0;

	if (size < 2 || (dir[0] != '/' && rel[0] != '/'))
		return false;
	if (rel[0] != '/' && !append(out, size, &used, dir))
		return false;
	if (!append(out, size, &used, rel))
		return false;
	if (used == 0)
		out[used++] = '/';
	out[used] = '\0';
	return true;
}

const char *
path_parent(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return "/";
	return arena_strndup(a, path, (size_t)(slash - path));
}
