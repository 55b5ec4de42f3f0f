/* SPDX-License-Identifier: MIT */
/*
 * Which program an agent is. rdvd sees no directory of a user's, so rdv-git
 * looks, as that user, and runs none that somebody else could replace or that a
 * repository brought (abuse L10, git-worker/program.c). Invariant: what people
 * are told of an agent and what a turn of it runs is one look-up.
 */
#include "daemon/core/agentpath.h"

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/privproto.h"

struct finding {
	const char *name;
	const char *agent; /* whose home is asked for, or NULL */
	const char *top, *settings;
	const struct git_fact *search, *program, *home, *brought;
	agentpath_fn *cb;
	void *arg;
};

const struct git_fact *
agentpath_search(struct wt_op *op)
{
	char *const *dir = op->w->app->conf->agents_path;
	const char *all = dir[0];

	for (size_t i = 1; dir[i] != NULL; i++)
		all = arena_printf(op->arena, "%s\n%s", all, dir[i]);
	return wt_question(op, "search", all);
}

bool
agentpath_searched(struct wt_op *op, const struct git_fact *f)
{
	if (f->found != GIT_FOUND)
		wt_fail(op, RDV_E_UNAVAILABLE, "agents.path: %s", f->text);
	return f->found == GIT_FOUND;
}

static void
find_fail(struct wt_op *op, int err, const char *why)
{
	const struct finding *f = op->own;

	f->cb(err, NULL, why, f->arg);
	wt_end(op);
}

const char *
agentpath_home(struct wt_op *op, const char *agent)
{
	const struct conf *conf = op->w->app->conf;

	return arena_printf(op->arena, "%s/" PRIV_AGENTS "/%s",
	    conf->system ? "~/.rdv" : conf->base, agent);
}

/* What cannot be told of settings is no leave to start with them. */
static void
tell(struct wt_op *op)
{
	const struct finding *f = op->own;
	const struct git_fact *b = f->brought;
	const struct agentpath found = { .program = f->program->text,
		.home = f->home != NULL ? f->home->text : NULL,
		.brought =
		    b != NULL && b->found == GIT_FOUND ? b->text : NULL };

	if (b != NULL && b->found != GIT_FOUND && b->found != GIT_NO_SUCH) {
		wt_fail(op, RDV_E_INVALID,
		    "settings that the agent would take cannot be looked at: "
		    "%s",
		    b->text);
		return;
	}
	if (f->home != NULL && f->home->found != GIT_FOUND) {
		wt_fail(op, RDV_E_INVALID, "the agent's home: %s",
		    f->home->text);
		return;
	}
	f->cb(0, &found, NULL, f->arg);
	wt_end(op);
}

static void
found(struct wt_op *op)
{
	const struct finding *f = op->own;
	const struct git_fact *p = f->program;

	if (!agentpath_searched(op, f->search))
		return;
	if (p->found == GIT_FOUND && path_absolute_ok(p->text))
		tell(op);
	else if (p->found != GIT_NO_SUCH)
		wt_fail(op, RDV_E_INVALID, "%s is not run: %s", f->name,
		    p->text);
	else if (f->name[0] == '/')
		wt_fail(op, RDV_E_NOT_FOUND, "%s: there is no such program",
		    f->name);
	else
		wt_fail(op, RDV_E_NOT_FOUND,
		    "%s is in none of the directories of agents.path and not "
		    "where agents are installed; install it, or name the "
		    "directory it is in",
		    f->name);
}

static void
ask(struct wt_op *op)
{
	struct finding *f = op->own;

	f->search = agentpath_search(op);
	f->program = wt_question(op, "program", f->name);
	if (f->agent != NULL)
		f->home =
		    wt_question(op, "agent", agentpath_home(op, f->agent));
	if (f->settings != NULL)
		f->brought = wt_question(op, "brought", f->settings);
	wt_ask_in(op,
	    f->brought != NULL ? (const char *const[]){ f->top, NULL } : NULL,
	    found);
}

void
agentpath_find(struct app *app, const struct worktree_who *who,
    const struct agentpath_wish *wish, agentpath_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(app->worktrees, who, false, find_fail);
	struct finding *f = arena_alloc(op->arena, sizeof(*f));

	f->name = arena_strdup(op->arena, wish->name);
	f->agent = arena_text(op->arena, wish->agent);
	f->top = arena_text(op->arena, wish->top);
	f->settings = arena_text(op->arena, wish->settings);
	f->home = f->brought = NULL;
	f->cb = cb;
	f->arg = arg;
	op->own = f;
	wt_later(op, ask);
}
