/* SPDX-License-Identifier: MIT */
/*
 * git's machine formats, read strictly: NUL-separated, so a path may hold
 * anything, and a record that is not understood fails the whole, because half
 * an answer about what is unsaved would be a wrong one.
 */
#include "lib/porcelain.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/str.h"

#define HEADS "refs/heads/"

/* The next record and what follows it; NULL when none is left or it is cut. */
static const char *
next_record(const char **at, const char *end)
{
	const char *record = *at, *nul;

	if (record >= end)
		return NULL;
	nul = memchr(record, '\0', (size_t)(end - record));
	if (nul == NULL)
		return NULL;
	*at = nul + 1;
	return record;
}

/*
 * The rest of `s` behind `key` and a blank, or NULL. "locked" may stand alone
 * or have a reason behind it.
 */
static const char *
value_of(const char *s, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(s, key, len) != 0)
		return NULL;
	return s[len] == ' ' ? s + len + 1 : s[len] == '\0' ? s + len : NULL;
}

static bool
all_zero(const char *oid)
{
	return strspn(oid, "0") == strlen(oid);
}

static bool
list_attribute(struct arena *a, struct wt_entry *e, const char *record)
{
	const char *v;

	/* Zeros stand for a branch without a commit. */
	if ((v = value_of(record, "HEAD")) != NULL) {
		e->commit = all_zero(v) ? NULL : arena_strdup(a, v);
	} else if ((v = value_of(record, "branch")) != NULL) {
		if (str_starts(v, HEADS))
			v += strlen(HEADS);
		e->branch = arena_strdup(a, v);
	} else if ((v = value_of(record, "locked")) != NULL) {
		e->lock = arena_strdup(a, v);
	} else if (value_of(record, "prunable") != NULL) {
		e->prunable = true;
	} else if (strcmp(record, "bare") == 0) {
		e->bare = true;
	} else {
		return strcmp(record, "detached") == 0;
	}
	return true;
}

static size_t
count_entries(const char *text, size_t len)
{
	const char *end = text + len, *record;
	size_t n = 0;

	while ((record = next_record(&text, end)) != NULL)
		n += *record == '\0';
	return n;
}

/*
 * git-worktree(1), "PORCELAIN FORMAT": attributes, one a record, the first
 * always the path; an empty record ends each worktree.
 */
bool
porcelain_list(struct arena *a, const char *text, size_t len,
    struct wt_list *out)
{
	const char *end = text + len, *record, *v;
	struct wt_list l = { NULL, 0 };
	struct wt_entry *e = NULL;
	size_t max = count_entries(text, len);

	if (max == 0)
		return false;
	l.entries = arena_alloc(a, max * sizeof(*l.entries));
	while ((record = next_record(&text, end)) != NULL) {
		if (e == NULL) {
			v = value_of(record, "worktree");
			if (v == NULL || l.n == max)
				return false;
			e = &l.entries[l.n++];
			e->path = arena_strdup(a, v);
		} else if (*record == '\0') {
			e = NULL;
		} else if (!list_attribute(a, e, record)) {
			return false;
		}
	}
	if (text != end || e != NULL)
		return false;
	*out = l;
	return true;
}

const struct wt_entry *
wt_at(const struct wt_list *list, const char *path)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->entries[i].path, path) == 0)
			return &list->entries[i];
	return NULL;
}

const struct wt_entry *
wt_on(const struct wt_list *list, const char *branch)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->entries[i].branch != NULL &&
		    strcmp(list->entries[i].branch, branch) == 0)
			return &list->entries[i];
	return NULL;
}

/* Other headers may come with newer versions and say nothing here. */
static void
status_header(struct arena *a, struct wt_status *s, const char *record)
{
	const char *v;

	if ((v = value_of(record, "# branch.oid")) != NULL) {
		if (strcmp(v, "(initial)") != 0)
			s->commit = arena_strdup(a, v);
	} else if ((v = value_of(record, "# branch.head")) != NULL) {
		if (strcmp(v, "(detached)") != 0)
			s->branch = arena_strdup(a, v);
	} else if ((v = value_of(record, "# branch.ab")) != NULL) {
		char *rest;

		/* "+A -B": the sign of the second is part of its text. */
		s->ahead = strtoll(v, &rest, 10);
		s->behind = -strtoll(rest, NULL, 10);
	}
}

/* "1 XY ...": X is the index, Y the work tree (contract 2.5 counts so). */
static void
status_changed(struct wt_status *s, const char *xy)
{
	if (xy[0] == '.' && (xy[1] == 'M' || xy[1] == 'D'))
		s->modified++;
	else
		s->staged++;
}

/*
 * git-status(1), "Porcelain Format Version 2". Only counted: paths are shown by
 * nobody, and a count has a size that is known.
 */
bool
porcelain_status(struct arena *a, const char *text, size_t len,
    struct wt_status *out)
{
	const char *end = text + len, *record;
	struct wt_status s = { .commit = NULL };

	while ((record = next_record(&text, end)) != NULL) {
		switch (record[0]) {
		case '#':
			status_header(a, &s, record);
			break;
		case '2':
			/* A rename: its old path is a record of its own. */
			if (next_record(&text, end) == NULL)
				return false;
			__attribute__((fallthrough));
		case '1':
		case 'u':
			/* "1 XY " at least, before XY is looked at. */
			if (strlen(record) < 5)
				return false;
			status_changed(&s, record + 2);
			break;
		case '?':
			s.untracked++;
			break;
		case '!':
			s.ignored++;
			break;
		default:
			return false;
		}
	}
	if (text != end)
		return false;
	*out = s;
	return true;
}
