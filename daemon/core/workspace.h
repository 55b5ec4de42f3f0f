/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKSPACE_H
#define RDV_WORKSPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/worktreeremove.h"
#include "daemon/store/workspaces.h"
#include "daemon/store/worktrees.h"

struct app;
struct arena;
struct db;
struct js;
struct tx;
struct workspaces;
struct wt_size;

#define WORKSPACES_MAX	    2000 /* per user */
#define WORKSPACE_REPOS_MAX 16

/*
 * Workspaces: one branch of work over one or more repositories, in a directory
 * with a worktree of each. What is done with one is a chain of operations on
 * its worktrees, with its row as the journal: a chain that was cut off is
 * finished or undone at the next start. Those of one workspace wait for each
 * other.
 */
struct workspaces *workspaces_new(struct app *app);
/* NULL is fine for these three. */
void workspaces_free(struct workspaces *s);
/* rdvd ends: those that wait hear it. After worktrees_let_go(). */
void workspaces_let_go(struct workspaces *s);
/* Goes on with what a crash left, once worktrees are being settled. */
void workspaces_settle(struct workspaces *s);

struct workspace_spec {
	const char *name;	  /* NULL: that of the first repository */
	const char *prefix;	  /* of the branch; NULL: "rdv"; "": none */
	const char *branch;	  /* NULL: <prefix>/<short id>-<name> */
	bool existing;		  /* the branch may be there already */
	const char *const *repos; /* ids; NULL-terminated */
	const char *const *bases; /* id, branch, ..., NULL; or NULL */
};

/* Of one repository: its worktree, and what has just come of it. */
struct workspace_part {
	struct store_workspace_repo repo;
	struct store_worktree tree; /* state NULL: there is no row of it */
	const char *path;	    /* where it is, or is to be */
	bool there;		    /* a worktree, whoever has made it */
	unsigned reasons, notes;    /* WT_*: against removing it */
	const char *text;	    /* about these, or what went wrong; NULL */
	const char *trash_id;	    /* of what was removed; NULL */
	const char *done;	    /* "kept", "mended", "made", "restored" */
	bool branch_deleted;
	bool left; /* nobody can judge it: it stays, `text` says why */
	const struct wt_size *size; /* of workspace_space(); NULL: unknown */
};

struct workspace {
	struct store_workspace row;
	struct workspace_part *parts;
	size_t n;
};

/*
 * Later, once. Errors come with a sentence that names the repository: as of
 * worktree_create() and worktree_remove(), and RDV_E_STATE. RDV_E_DIRTY: each
 * part has its reasons. RDV_E_BUSY: an agent is at work in it, so it is neither
 * archived nor deleted. `ws` is NULL when there is no such workspace.
 */
typedef void
workspace_fn(int err, const struct workspace *ws, const char *why, void *arg);
void workspace_create(struct workspaces *s, const struct worktree_who *who,
    const struct workspace_spec *spec, workspace_fn *cb, void *arg);
/* Brings back what is missing of it; RDV_E_STATE when it is archived. */
void workspace_ensure(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg);
/* What each of its worktrees is like, as a removal sees it. */
void workspace_states(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg);

/*
 * What its worktrees take of the disk, from memory when that is no older than
 * `fresh_ms`. It waits for no operation on it and keeps none waiting.
 */
void workspace_space(struct workspaces *s, const struct worktree_who *who,
    const char *id, int64_t fresh_ms, workspace_fn *cb, void *arg);

/* Bits of store_workspace.wish. */
#define WORKSPACE_FORCE	   0x1	/* what holds work goes to the trash */
#define WORKSPACE_BRANCHES 0x2	/* with branches that nothing is lost with */
#define WORKSPACE_REMOVE   0x4	/* archiving removes worktrees */
#define WORKSPACE_OURS	   0x8	/* set within: only those it has made itself */
#define WORKSPACE_EXPIRES  0x10 /* set within: nobody has asked for it */
#define WORKSPACE_SCRIPTED 0x20 /* set within: archive scripts are over */

/*
 * Puts it away. With WORKSPACE_REMOVE its worktrees are removed as by
 * worktree_remove(), all or none of them as far as can be told before.
 */
void workspace_archive(struct workspaces *s, const struct worktree_who *who,
    const char *id, unsigned wish, workspace_fn *cb, void *arg);
/* Brings it back, from the trash what lies there. */
void workspace_restore(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg);
/* The same removal, for good: the row is shown no more. */
void workspace_delete(struct workspaces *s, const struct worktree_who *who,
    const char *id, unsigned wish, workspace_fn *cb, void *arg);

/* A name that people see: printable, not empty, at most 200 bytes. */
bool workspace_name_ok(const char *name);
/*
 * Writes name and pinned with an event into `tx`. 0, RDV_E_INVALID with a
 * sentence, or -errno.
 */
int
workspace_relabel(struct tx *tx, struct store_workspace *w, const char **why);

/*
 * <short id>-<name>, which a directory and a branch can have: the last four
 * digits of the id, which are random, and the name's letters and digits.
 */
#define WORKSPACE_SLUG 32
void workspace_slug(char out[WORKSPACE_SLUG], const char *id, const char *name);

/* The whole of it as it stands in the database; 0, -errno, RDV_E_NOT_FOUND. */
int workspace_load(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct workspace *out);
/* Reads a part's worktree once more; 0 or -errno. */
int workspace_tree(struct db *db, struct arena *a, const char *user_id,
    struct workspace_part *p);
/* As clients and events have a row; the caller's. */
struct js *workspace_json(const struct store_workspace *w);

#endif
