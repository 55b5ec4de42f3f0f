/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTPATH_H
#define RDV_AGENTPATH_H

#include <stdbool.h>

struct app;
struct git_fact;
struct wt_op;
struct worktree_who;

/*
 * The program of that name that nobody but root and the account can replace: in
 * the directories of `agents.path`, then in those that agents are installed
 * into, as the account sees them. An absolute name is that file itself. With
 * `agent` (a row's name) also the home that it has where it is confined, which
 * is made; with `settings` which of these are there. Later, once: 0 and
 * absolute paths, for the callback; RDV_E_NOT_FOUND, or another error whose
 * sentence says what others can write.
 */
struct agentpath {
	const char *program;
	const char *home;    /* or NULL */
	const char *brought; /* agenttrust.h; NULL: none */
};
struct agentpath_wish {
	const char *name;
	const char *agent;	    /* or NULL */
	const char *top, *settings; /* agenttrust_question(); or NULL */
};
typedef void agentpath_fn(int err, const struct agentpath *found,
    const char *why, void *arg);
void agentpath_find(struct app *app, const struct worktree_who *who,
    const struct agentpath_wish *wish, agentpath_fn *cb, void *arg);

/* Where that home lies, "~" being the account's: not looked at. */
const char *agentpath_home(struct wt_op *op, const char *agent);

/*
 * Has the questions "program" behind it answered with agents.path before all
 * else. In the step that follows agentpath_searched() is to be asked of the
 * fact: false, and the operation has failed, when they were not.
 */
const struct git_fact *agentpath_search(struct wt_op *op);
bool agentpath_searched(struct wt_op *op, const struct git_fact *f);

#endif
