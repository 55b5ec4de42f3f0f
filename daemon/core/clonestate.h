/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLONESTATE_H
#define RDV_CLONESTATE_H

#include "daemon/core/clone.h"
#include "daemon/core/cloneurl.h"
#include "daemon/core/worktreeop.h"

struct cloneproc;
struct git_fact;

/* What clone.c, clonego.c and clonefix.c share of one clone. */
struct clone {
	TAILQ_ENTRY(clone) link;
	struct clones *cs;
	struct wt_op *op; /* whose arena it lives in */
	struct store_clone row;
	enum clone_way way;
	const char *dir;
	const struct git_fact *placed, *source;
	struct cloneproc *proc; /* while git is at work */
	int64_t told;		/* when its progress was, monotonic */
	bool noted;		/* a row tells of it */
	bool undoing, settling; /* settling: only its row is to be written */
	bool over;
	clone_made_fn *cb; /* NULL: answered */
	void *arg;
	wt_step_fn *next; /* when the row is durable */
};

struct clones {
	struct app *app;
	TAILQ_HEAD(, clone) live;
	struct loop_timer *settle;
};

/* A clone with its operation, in the list. */
struct clone *clone_new(struct clones *cs, const struct worktree_who *who);
/* The one at work on this row, or NULL. */
struct clone *
clone_find(const struct clones *cs, const char *user_id, const char *id);
/* Its operation is over, and it with that. */
void clone_over(struct clone *c);
/* Writes the row with an event, and goes on when it is durable. */
void clone_store(struct clone *c, bool insert, wt_step_fn *next);
/* clonego.c: from the row to the repository. */
void clone_go(struct wt_op *op);
void clone_land(struct wt_op *op);
/* clonefix.c: everything that was made goes, and the row says why. */
void clone_undo(struct clone *c, const char *cause);
/* Not everything can: the row says so, and where it is. */
void clone_stays(struct clone *c, const char *why);
/* The answer of rdv-git in the arena; NULL with a sentence. */
const struct git_fact *
clone_fact(struct wt_op *op, const struct git_result *r, const char **why);
/* "DEV INO BORN" as three words; false when it is anything else. */
bool clone_identity(struct arena *a, const char *text, const char **word);
void clonefix_settle_cb(void *arg);

#endif
