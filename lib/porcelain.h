/* SPDX-License-Identifier: MIT */
#ifndef RDV_PORCELAIN_H
#define RDV_PORCELAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* One entry of `git worktree list --porcelain -z`. */
struct wt_entry {
	const char *path;
	const char *commit; /* NULL: bare, or no commit yet */
	const char *branch; /* without refs/heads/; NULL: detached or bare */
	const char *lock;   /* NULL: not locked; the reason, perhaps "" */
	bool bare;
	bool prunable; /* git no longer finds its directory */
};

struct wt_list {
	struct wt_entry *entries; /* the first one is the main work tree */
	size_t n;
};

/* False when it is not in that format. Everything lies in the arena. */
bool porcelain_list(struct arena *a, const char *text, size_t len,
    struct wt_list *out);
/* NULL when no entry has this path. */
const struct wt_entry *wt_at(const struct wt_list *list, const char *path);
/* The one that has this branch checked out, or NULL. */
const struct wt_entry *wt_on(const struct wt_list *list, const char *branch);

/* `git status --porcelain=v2 --branch -z --ignored`, counted. */
struct wt_status {
	const char *commit; /* NULL: no commit yet */
	const char *branch; /* NULL: detached */
	int64_t ahead, behind;
	int64_t untracked, modified, staged, ignored;
	bool partial; /* there is more than was counted; set by who knows */
};

/* False when it is not in that format; `*out` is then as it was. */
bool porcelain_status(struct arena *a, const char *text, size_t len,
    struct wt_status *out);

#endif
