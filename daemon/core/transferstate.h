/* SPDX-License-Identifier: MIT */
#ifndef RDV_TRANSFERSTATE_H
#define RDV_TRANSFERSTATE_H

#include "daemon/core/cloneurl.h"
#include "daemon/core/transfer.h"
#include "daemon/core/worktreeop.h"

struct cloneproc;
struct git_fact;
struct transfer;

typedef void transfer_ran_fn(struct transfer *t, int status);

/* What transfer*.c share. */
struct transfer {
	TAILQ_ENTRY(transfer) link;
	struct transfers *ts;
	struct wt_op *op; /* whose arena it lives in */
	struct store_transfer row;
	struct transfer_spec spec;
	enum clone_way way;
	const struct git_fact *source; /* of a path: what lies there */
	struct cloneproc *proc;	       /* while git is at work */
	transfer_ran_fn *ran;
	int64_t told;	      /* when its progress was, monotonic */
	const char *settings; /* of the repository, see transferask.c */
	size_t settings_len;
	bool noted;   /* a row tells of it */
	bool unsure;  /* it may have arrived */
	bool fetches; /* git brings something, which has a bound */
	bool over;
	transfer_made_fn *cb; /* NULL: answered */
	void *arg;
	wt_step_fn *next;	       /* when the row is durable */
	const char *fetched;	       /* references of the picture */
	const char **lines;	       /* of update-ref */
	size_t nlines, drops, done;    /* the first of them delete */
	const struct git_fact *midway; /* what is open in the tree */
};

struct transfers {
	struct app *app;
	TAILQ_HEAD(, transfer) live;
	struct loop_timer *settle;
};

/* A transfer with its operation, in the list. */
struct transfer *
transfer_new(struct transfers *ts, const struct worktree_who *who);
/* The one at work on this row, or NULL. */
struct transfer *
transfer_find(const struct transfers *ts, const char *user_id, const char *id);
/* Its operation is over, and it with that. */
void transfer_over(struct transfer *t);
/* Writes the row with an event, and goes on when it is durable. */
void transfer_store(struct transfer *t, const char *state, wt_step_fn *next);
/* From the opened repository to the row, which it begins with. */
void transfer_ask(struct wt_op *op);
void transfer_note(struct transfer *t);
/* transfergo.c: from the row on. */
void transfer_go(struct wt_op *op);
/* Whether what was pushed has arrived is asked of the remote. */
void transfer_asking(struct wt_op *op);
/* What came is written into the repository; also once more. */
void transfer_landing(struct wt_op *op);
/* Where the repository has its objects, in the arena. */
const char *transfer_objects(struct transfer *t);
/* transferpull.c: it has come, and the tree goes forward to it. */
void transfer_pull(struct wt_op *op);
/* "refs/remotes/<remote>/<branch>", in the arena. */
const char *transfer_upstream(struct transfer *t);
/* transferfix.c: how it ended is known, its directory goes. */
void transfer_end(struct transfer *t, const char *outcome, const char *code,
    const char *cause);
/* Not everything can go: the row says so, and where it is. */
void transfer_stays(struct transfer *t, const char *why);
void transferfix_settle_cb(void *arg);

/* Why a git at a remote failed: a code, from what was kept of its words. */
struct clone_talk;
const char *transfer_code(const struct clone_talk *talk);

#endif
