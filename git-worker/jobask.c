/* SPDX-License-Identifier: MIT */
/*
 * Names that a question comes with. They were typed by somebody, and go on
 * git's command line: each is judged here, whoever has judged it before.
 */
#include <string.h>

#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

#define REF_MAX 512

struct js *
job_refuse(struct job *j, const char *why)
{
	j->error = "question";
	j->why = why;
	return NULL;
}

static bool
is_name_in_tree(struct arena *a, const char *name)
{
	char *rest = arena_strdup(a, name), *part;

	if (*name == '\0' || strlen(name) > 4095)
		return false;
	while ((part = strsep(&rest, "/")) != NULL)
		if (!path_component_ok(part))
			return false;
	return true;
}

const char *
job_name(struct job *j, const char *key)
{
	const char *name = js_str(j->ask, key, NULL), *coded;
	size_t len, max;
	char *out;

	coded = js_str(j->ask, arena_printf(j->arena, "%s_base64", key), NULL);
	if (coded != NULL) {
		max = strlen(coded);
		out = arena_alloc(j->arena, max + 1);
		if (!str_unbase64(out, max, &len, coded) || strlen(out) != len)
			out[0] = '\0';
		name = out;
	}
	if (name == NULL)
		return NULL;
	if (!is_name_in_tree(j->arena, name)) {
		job_refuse(j, "that is no name in the work tree");
		return NULL;
	}
	return name;
}

/* git-check-ref-format(1), and not what gitrevisions(7) has beyond it. */
static bool
is_ref(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > REF_MAX || s[0] == '-' || s[0] == '/' ||
	    s[len - 1] == '/' || s[len - 1] == '.' ||
	    strpbrk(s, "~^:?*[\\ ") != NULL || strstr(s, "..") != NULL ||
	    strstr(s, "@{") != NULL || strstr(s, "//") != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return strcmp(s, "@") != 0;
}

const char *
job_ref(struct job *j, const char *key)
{
	const char *ref = js_str(j->ask, key, NULL);

	if (ref == NULL || is_ref(ref))
		return ref;
	job_refuse(j, "that is no name of a branch, a tag or a commit");
	return NULL;
}
