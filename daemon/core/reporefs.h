/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPOREFS_H
#define RDV_REPOREFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

#define REPO_REFS_MAX 200 /* of one page */

enum repo_ref_kind { REPO_LOCAL, REPO_REMOTE, REPO_BRANCHES, REPO_TAGS };

/* Where a page ended: seconds it is sorted by (0 by name), and full name. */
struct repo_mark {
	int64_t when;
	const char *ref; /* "": the beginning */
};

struct repo_refs_spec {
	const char *path; /* of the repository's row */
	enum repo_ref_kind kind;
	const char *search; /* in the short name, case aside; NULL: all */
	bool recent;	    /* newest commit first, else by name */
	size_t limit;
	struct repo_mark after;
};

struct repo_ref {
	const char *ref;  /* refs/heads/x */
	const char *name; /* x, origin/x */
	bool remote, current;
	const char *commit;   /* what a tag leads to */
	const char *upstream; /* NULL: none */
	const char *worktree; /* where it is checked out, or NULL */
	bool annotated;	      /* a tag with a message */
	int64_t when;	      /* seconds; -1: it has no date */
};

struct repo_refs {
	struct repo_ref *refs;
	size_t n, total;       /* all that match, on any page */
	const char *current;   /* branch of the main work tree, or NULL */
	bool more;	       /* there is a next page */
	struct repo_mark last; /* of this one */
};

/*
 * One page of branches or tags, later, once. RDV_E_STATE: the repository
 * cannot be used any more, RDV_E_TOO_BIG: more names than are read (8 MiB),
 * and what git_run() gives; each with a sentence. Strings are copied.
 */
typedef void
repo_refs_fn(int err, const struct repo_refs *refs, const char *why, void *arg);
void repo_refs(struct worktrees *w, const struct worktree_who *who,
    const struct repo_refs_spec *spec, repo_refs_fn *cb, void *arg);

#endif
