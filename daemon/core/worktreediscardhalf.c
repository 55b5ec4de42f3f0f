/* SPDX-License-Identifier: MIT */
/*
 * How far git came with the files of a discard, when it was killed or its disk
 * was full: some are as they were recorded, some are gone or are HEAD's, and
 * one may be a part of either. Invariant: what cannot be told counts as
 * written.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/worktreediscard.h"
#include "lib/arena.h"

static struct wt_discard *
of(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return ch->more;
}

/* All files are looked at before the first one is written. */
bool
wt_discard_refused(const struct git_result *r)
{
	static const char *const says[] = { "Cannot merge.",
		"Untracked working tree file ", "would lose untracked files" };

	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		if (strstr(r->err, says[i]) != NULL)
			return true;
	return false;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pointers to the names, in their order. */
static const char **
sorted(struct arena *a, const char *names, size_t len, size_t *n)
{
	const char **all;

	*n = 0;
	for (size_t i = 0; i < len; i++)
		*n += names[i] == '\0';
	all = arena_alloc(a, (*n + 1) * sizeof(*all));
	for (size_t i = 0; i < *n; names += strlen(names) + 1)
		all[i++] = names;
	qsort(all, *n, sizeof(*all), by_name);
	return all;
}

/* What was discarded is that they were gone; git may have brought some back. */
static void
lost_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	char *all;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	all = arena_alloc(op->arena, d->differ_len + r->outlen + 1);
	memcpy(all, d->differ, d->differ_len);
	memcpy(all + d->differ_len, r->out, r->outlen);
	d->differ = all;
	d->differ_len += r->outlen;
	d->compared(op);
}

static void
ask_lost(struct wt_op *op)
{
	const char *with = of(op)->row.commit_id;
	const char *const argv[] = { "diff-tree", "-r", "-z", "--no-renames",
		"--name-only", "--diff-filter=D",
		arena_printf(op->arena, "%s^3", with), with, "--", NULL };

	wt_git(op, op->at, argv, NULL, lost_cb);
}

static void
differing_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	const char **all, *end = r->out + r->outlen;
	char *to;
	size_t n, len;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	all = sorted(op->arena, d->touched, d->touched_len, &n);
	to = arena_alloc(op->arena, r->outlen + 1);
	d->differ = to;
	for (const char *p = r->out; p < end; p += len) {
		len = strlen(p) + 1;
		if (bsearch(&p, all, n, sizeof(*all), by_name) == NULL)
			continue;
		memcpy(to, p, len);
		to += len;
	}
	d->differ_len = (size_t)(to - d->differ);
	ask_lost(op);
}

/* Names cannot be given to this one on its input. */
static void
compare_refreshed_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "diff-files", "-z", "--name-only",
		"--no-renames", "--ignore-submodules=all", NULL };

	/* Its status only says that some files differ. */
	(void)r;
	wt_git(op, op->at, argv, NULL, differing_cb);
}

void
wt_discard_compare(struct wt_op *op, wt_step_fn *next)
{
	static const char *const argv[] = { "update-index", "-q", "--refresh",
		NULL };

	of(op)->compared = next;
	wt_git(op, op->at, argv, NULL, compare_refreshed_cb);
}
