/* SPDX-License-Identifier: MIT */
/*
 * Two paths, separated by a NUL. Invariant: a join is well formed, joining it
 * again changes nothing, and what was joined without dots lies under its root.
 */
#include "tests/fuzz/fuzz.h"

#include <limits.h>
#include <string.h>

#include "lib/path.h"
#include "lib/str.h"

static void
check_join(const char *dir, const char *rel)
{
	char out[PATH_MAX], again[PATH_MAX], small[8];

	if (!path_join(out, sizeof(out), dir, rel))
		return;
	FUZZ_CHECK(path_absolute_ok(out));
	FUZZ_CHECK(path_join(again, sizeof(again), out, ""));
	FUZZ_CHECK(strcmp(out, again) == 0);
	FUZZ_CHECK(path_is_under("/", out) && path_is_under(out, out));
	if (path_absolute_ok(dir) && rel[0] != '/' && strstr(rel, "..") == NULL)
		FUZZ_CHECK(path_is_under(dir, out));
	if (path_join(small, sizeof(small), dir, rel))
		FUZZ_CHECK(strcmp(small, out) == 0);
}

static void
check_under(const char *root, const char *path)
{
	size_t len = strlen(root);

	if (!path_is_under(root, path))
		return;
	FUZZ_CHECK(path_absolute_ok(root) && path_absolute_ok(path));
	FUZZ_CHECK(str_starts(path, root));
	FUZZ_CHECK(len == 1 || path[len] == '\0' || path[len] == '/');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2 * PATH_MAX], name[NAME_MAX + 2];
	const char *second;

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	second = text + strlen(text);
	second += second < text + size ? 1 : 0;
	check_join(text, second);
	check_under(text, second);
	if (path_component_ok(text)) {
		name[0] = '/';
		str_copy(name + 1, text, sizeof(name) - 1);
		FUZZ_CHECK(path_absolute_ok(name));
		FUZZ_CHECK(path_is_under("/", name));
	}
	return 0;
}
