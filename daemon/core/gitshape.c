/* SPDX-License-Identifier: MIT */
/*
 * What workers say, in the form that the API promises. They are processes of
 * the user's: what they say is taken for what it is about, but its form is made
 * here, so that no client meets another one.
 */
#include "daemon/core/gitshape.h"

#include <stdbool.h>
#include <stddef.h>

#include "lib/js.h"

static const struct shape change[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "kind", SHAPE_TEXT, NULL },
	{ "index", SHAPE_TEXT, NULL },
	{ "worktree", SHAPE_TEXT, NULL },
	{ "conflict", SHAPE_TEXT, NULL },
	{ "old_path", SHAPE_TEXT, NULL },
	{ "old_path_base64", SHAPE_TEXT, NULL },
	{ "similarity", SHAPE_NUMBER, NULL },
	{ "submodule", SHAPE_TEXTS, NULL },
	{ "run_by", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_changes[] = {
	{ "commit", SHAPE_TEXT, NULL },
	{ "branch", SHAPE_TEXT, NULL },
	{ "detached", SHAPE_FLAG, NULL },
	{ "unborn", SHAPE_FLAG, NULL },
	{ "upstream", SHAPE_TEXT, NULL },
	{ "ahead", SHAPE_NUMBER, NULL },
	{ "behind", SHAPE_NUMBER, NULL },
	{ "stashes", SHAPE_NUMBER, NULL },
	{ "operation", SHAPE_TEXT, NULL },
	{ "locked", SHAPE_FLAG, NULL },
	{ "lock_reason", SHAPE_TEXT, NULL },
	{ "staged", SHAPE_NUMBER, NULL },
	{ "unstaged", SHAPE_NUMBER, NULL },
	{ "untracked", SHAPE_NUMBER, NULL },
	{ "conflicts", SHAPE_NUMBER, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "partial", SHAPE_FLAG, NULL },
	{ "as_of", SHAPE_TEXT, NULL },
	{ "total", SHAPE_NUMBER, NULL },
	{ "next", SHAPE_NUMBER, NULL },
	{ "entries", SHAPE_OBJECTS, change },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape differing[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "status", SHAPE_TEXT, NULL },
	{ "old_path", SHAPE_TEXT, NULL },
	{ "old_path_base64", SHAPE_TEXT, NULL },
	{ "similarity", SHAPE_NUMBER, NULL },
	{ "old_mode", SHAPE_TEXT, NULL },
	{ "new_mode", SHAPE_TEXT, NULL },
	{ "binary", SHAPE_FLAG, NULL },
	{ "added", SHAPE_NUMBER, NULL },
	{ "removed", SHAPE_NUMBER, NULL },
	{ "run_by", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_diffstat[] = {
	{ "from", SHAPE_TEXT, NULL },
	{ "to", SHAPE_TEXT, NULL },
	{ "added", SHAPE_NUMBER, NULL },
	{ "removed", SHAPE_NUMBER, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "partial", SHAPE_FLAG, NULL },
	{ "as_of", SHAPE_TEXT, NULL },
	{ "total", SHAPE_NUMBER, NULL },
	{ "next", SHAPE_NUMBER, NULL },
	{ "files", SHAPE_OBJECTS, differing },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_follow[] = {
	{ "token", SHAPE_NUMBER, NULL },
	{ "from", SHAPE_TEXT, NULL },
	{ "whole", SHAPE_FLAG, NULL },
	{ "total", SHAPE_NUMBER, NULL },
	{ "added", SHAPE_NUMBER, NULL },
	{ "removed", SHAPE_NUMBER, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "operation", SHAPE_TEXT, NULL },
	{ "files", SHAPE_OBJECTS, differing },
	{ "gone", SHAPE_TEXTS, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape hunk[] = {
	{ "old_start", SHAPE_NUMBER, NULL },
	{ "old_lines", SHAPE_NUMBER, NULL },
	{ "new_start", SHAPE_NUMBER, NULL },
	{ "new_lines", SHAPE_NUMBER, NULL },
	{ "section", SHAPE_TEXT, NULL },
	{ "lines", SHAPE_TEXTS, NULL },
	{ "cut", SHAPE_FLAG, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_diff[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "old_path", SHAPE_TEXT, NULL },
	{ "old_path_base64", SHAPE_TEXT, NULL },
	{ "status", SHAPE_TEXT, NULL },
	{ "old_mode", SHAPE_TEXT, NULL },
	{ "new_mode", SHAPE_TEXT, NULL },
	{ "from", SHAPE_TEXT, NULL },
	{ "to", SHAPE_TEXT, NULL },
	{ "binary", SHAPE_FLAG, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "looked", SHAPE_NUMBER, NULL },
	{ "hunks", SHAPE_OBJECTS, hunk },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape commit[] = {
	{ "commit", SHAPE_TEXT, NULL },
	{ "parents", SHAPE_TEXTS, NULL },
	{ "author", SHAPE_TEXT, NULL },
	{ "author_email", SHAPE_TEXT, NULL },
	{ "authored_at", SHAPE_NUMBER, NULL },
	{ "committer", SHAPE_TEXT, NULL },
	{ "committer_email", SHAPE_TEXT, NULL },
	{ "committed_at", SHAPE_NUMBER, NULL },
	{ "subject", SHAPE_TEXT, NULL },
	{ "body", SHAPE_TEXT, NULL },
	{ "cut", SHAPE_FLAG, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_log[] = {
	{ "next", SHAPE_NUMBER, NULL },
	{ "commits", SHAPE_OBJECTS, commit },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape held[] = {
	{ "name", SHAPE_TEXT, NULL },
	{ "name_base64", SHAPE_TEXT, NULL },
	{ "mode", SHAPE_TEXT, NULL },
	{ "type", SHAPE_TEXT, NULL },
	{ "oid", SHAPE_TEXT, NULL },
	{ "size", SHAPE_NUMBER, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_tree[] = {
	{ "commit", SHAPE_TEXT, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "total", SHAPE_NUMBER, NULL },
	{ "next", SHAPE_NUMBER, NULL },
	{ "entries", SHAPE_OBJECTS, held },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_file[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "commit", SHAPE_TEXT, NULL },
	{ "size", SHAPE_NUMBER, NULL },
	{ "binary", SHAPE_FLAG, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "text", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_compare[] = {
	{ "base", SHAPE_TEXT, NULL },
	{ "to", SHAPE_TEXT, NULL },
	{ "merge_base", SHAPE_TEXT, NULL },
	{ "ahead", SHAPE_NUMBER, NULL },
	{ "behind", SHAPE_NUMBER, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape conflict[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "conflict", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_merge[] = {
	{ "base", SHAPE_TEXT, NULL },
	{ "to", SHAPE_TEXT, NULL },
	{ "merge_base", SHAPE_TEXT, NULL },
	{ "tree", SHAPE_TEXT, NULL },
	{ "clean", SHAPE_FLAG, NULL },
	{ "merged", SHAPE_FLAG, NULL },
	{ "fast_forward", SHAPE_FLAG, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "total", SHAPE_NUMBER, NULL },
	{ "next", SHAPE_NUMBER, NULL },
	{ "conflicts", SHAPE_OBJECTS, conflict },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape blamed[] = {
	{ "commit", SHAPE_TEXT, NULL },
	{ "author", SHAPE_TEXT, NULL },
	{ "author_email", SHAPE_TEXT, NULL },
	{ "authored_at", SHAPE_NUMBER, NULL },
	{ "subject", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape range[] = {
	{ "commit", SHAPE_TEXT, NULL },
	{ "start", SHAPE_NUMBER, NULL },
	{ "from", SHAPE_NUMBER, NULL },
	{ "old_path", SHAPE_TEXT, NULL },
	{ "old_path_base64", SHAPE_TEXT, NULL },
	{ "lines", SHAPE_TEXTS, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_blame[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "commit", SHAPE_TEXT, NULL },
	{ "next", SHAPE_NUMBER, NULL },
	{ "commits", SHAPE_OBJECTS, blamed },
	{ "ranges", SHAPE_OBJECTS, range },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape unmerged[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "conflict", SHAPE_TEXT, NULL },
	{ "base", SHAPE_FLAG, NULL },
	{ "ours", SHAPE_FLAG, NULL },
	{ "theirs", SHAPE_FLAG, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_conflicts[] = {
	{ "operation", SHAPE_TEXT, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "total", SHAPE_NUMBER, NULL },
	{ "next", SHAPE_NUMBER, NULL },
	{ "conflicts", SHAPE_OBJECTS, unmerged },
	{ NULL, SHAPE_TEXT, NULL },
};

static const struct shape version[] = {
	{ "version", SHAPE_TEXT, NULL },
	{ "mode", SHAPE_TEXT, NULL },
	{ "binary", SHAPE_FLAG, NULL },
	{ "truncated", SHAPE_FLAG, NULL },
	{ "text", SHAPE_TEXT, NULL },
	{ NULL, SHAPE_TEXT, NULL },
};

const struct shape shape_conflict[] = {
	{ "path", SHAPE_TEXT, NULL },
	{ "path_base64", SHAPE_TEXT, NULL },
	{ "conflict", SHAPE_TEXT, NULL },
	{ "versions", SHAPE_OBJECTS, version },
	{ NULL, SHAPE_TEXT, NULL },
};

static bool
copy_number(const struct shape *s, const struct js *v, struct js *out)
{
	const int64_t n = js_num(v, INT64_MIN);

	js_add_int(out, s->name, n);
	return n != INT64_MIN;
}

static bool
copy_flag(const struct shape *s, const struct js *v, struct js *out)
{
	const bool on = js_flag(v, false);

	js_add_bool(out, s->name, on);
	/* What is neither gives whatever it is asked to fall back on. */
	return on == js_flag(v, true);
}

static bool
copy_text(const struct shape *s, const struct js *v, struct js *out)
{
	const char *text = js_text(v);

	js_add_str(out, s->name, text);
	return text != NULL;
}

static bool
copy_texts(const struct shape *s, const struct js *v, struct js *out)
{
	struct js *list = js_array();
	bool ok = js_is_array(v);

	for (size_t i = 0; ok && i < js_len(v); i++) {
		const char *text = js_text(js_at(v, i));

		ok = text != NULL;
		js_push_str(list, text);
	}
	js_add(out, s->name, list);
	return ok;
}

static bool
copy_objects(const struct shape *s, const struct js *v, struct js *out)
{
	struct js *list = js_array(), *o;
	bool ok = js_is_array(v);

	for (size_t i = 0; ok && i < js_len(v); i++) {
		o = shape_copy(s->of, js_at(v, i));
		ok = o != NULL;
		if (ok)
			js_push(list, o);
	}
	js_add(out, s->name, list);
	return ok;
}

static bool (*const copies[])(const struct shape *s, const struct js *v,
    struct js *out) = {
	[SHAPE_NUMBER] = copy_number,
	[SHAPE_FLAG] = copy_flag,
	[SHAPE_TEXT] = copy_text,
	[SHAPE_TEXTS] = copy_texts,
	[SHAPE_OBJECTS] = copy_objects,
};

struct js *
shape_copy(const struct shape *s, const struct js *v)
{
	struct js *out, *member;

	if (!js_is_object(v))
		return NULL;
	out = js_object();
	for (; s->name != NULL; s++) {
		member = js_get(v, s->name);
		if (member == NULL)
			continue;
		if (js_is_null(member)) {
			js_add_str(out, s->name, NULL);
		} else if (!copies[s->kind](s, member, out)) {
			js_free(out);
			return NULL;
		}
	}
	return out;
}
