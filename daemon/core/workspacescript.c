/* SPDX-License-Identifier: MIT */
/*
 * What runs before a workspace is put away: its dev servers end, and the
 * archive script of each of its repositories runs, one after the other, while
 * all of the worktrees are still there. Invariant: none of them goes before its
 * script has ended well, unless it goes by force; a script that a crash cut off
 * is ended, and runs again from its beginning. One that has ended never does,
 * as its run stands in the row from its start on; once all have, that is known
 * of all (WORKSPACE_SCRIPTED). Of a tree that is gone none runs.
 */
#include "daemon/core/workspaceop.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/devserver.h"
#include "daemon/core/hostboot.h"
#include "daemon/core/run.h"
#include "daemon/core/script.h"
#include "daemon/loop.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/str.h"

#define ARCHIVE "archive"

static const char restarted[] = "rdv was restarted while it ran";
/* What the cause of a run begins with that did not come to its end. */
static const char *const cut_off[] = { restarted, "rdv was stopped",
	HOSTBOOT_CAUSE };
static const char too_long[] =
    "it took longer than worktrees.archive_timeout_ms";

struct archiving {
	struct ws_op *op;
	ws_step_fn *done;
	const char *run_id;
};

static void script_next(struct archiving *x);

static struct workspace_part *
part(const struct ws_op *op)
{
	return &op->ws.parts[op->i];
}

static void
over(struct archiving *x, int err, const char *why)
{
	struct ws_op *op = x->op;

	op->err = err;
	op->why = err != 0 ? ws_of_part(op, why) : NULL;
	x->done(op);
}

/* By force the reason stays in the row. */
static void
failed(struct archiving *x, const char *why)
{
	struct ws_op *op = x->op;
	const char *old = op->ws.row.cause, *now = ws_of_part(op, why);

	if ((op->wish & WORKSPACE_FORCE) == 0) {
		over(x, RDV_E_STATE, why);
		return;
	}
	op->ws.row.cause =
	    old != NULL ? arena_printf(op->arena, "%s; %s", old, now) : now;
	op->i++;
	script_next(x);
}

static const char *
how_ended(struct ws_op *op, const struct store_run *r)
{
	if (r->cause != NULL)
		return arena_printf(op->arena, "archive script %s: %s",
		    r->state, r->cause);
	if (strcmp(r->state, "killed") == 0)
		return arena_printf(op->arena,
		    "archive script killed: signal %" PRId64, r->signal);
	return arena_printf(op->arena, "archive script: exit status %" PRId64,
	    r->exit_code);
}

static void
workspacescript_ended_cb(int err, void *arg)
{
	struct archiving *x = arg;
	struct ws_op *op = x->op;
	struct store_run r;

	if (op->limit != NULL)
		loop_timer_clear(op->limit);
	if (err == 0)
		err = store_run_find(op->s->app->db, op->arena, x->run_id, &r);
	/* It was cut off, and runs again with the next rdv. */
	if (err == 0 && strcmp(r.state, "completed") != 0 &&
	    runs_stopping(op->s->app->runs))
		err = RDV_E_UNAVAILABLE;
	if (err != 0) {
		over(x, RDV_E_UNAVAILABLE, "its archive script has no end");
	} else if (strcmp(r.state, "completed") == 0) {
		op->i++;
		script_next(x);
	} else {
		failed(x, how_ended(op, &r));
	}
}

static void
workspacescript_late_cb(void *arg)
{
	struct archiving *x = arg;
	struct run *run = run_find(x->op->s->app->runs, x->run_id);

	if (run != NULL)
		run_stop(run, too_long);
}

static void
watch(struct archiving *x, struct run *run)
{
	struct ws_op *op = x->op;
	struct app *app = op->s->app;

	if (op->limit == NULL)
		op->limit =
		    loop_timer_new(app->loop, workspacescript_late_cb, x);
	loop_timer_set(op->limit, app->conf->archive_timeout_ms);
	run_on_end(run, workspacescript_ended_cb, x);
}

static void
workspacescript_begun_cb(int err, const char *id, const char *why, void *arg)
{
	struct archiving *x = arg;
	struct run *run;

	if (err == RDV_E_UNAVAILABLE) {
		over(x, err, why);
	} else if (err != 0) {
		failed(x, why);
	} else {
		x->run_id = arena_strdup(x->op->arena, id);
		run = run_find(x->op->s->app->runs, id);
		if (run != NULL)
			watch(x, run);
		else
			workspacescript_ended_cb(0, x);
	}
}

/* NULL: there is none, or its repository was forgotten. */
static const char *
script_of(struct ws_op *op, const struct workspace_part *p)
{
	struct store_repo repo;

	if (store_repo_get(op->s->app->db, op->arena, op->who.user_id,
		p->repo.repo_id, &repo) != 0 ||
	    repo.archive_script == NULL || repo.archive_script[0] == '\0')
		return NULL;
	return repo.archive_script;
}

/* Without removal nobody has looked at what is there. */
static bool
has_none(struct ws_op *op, const struct workspace_part *p)
{
	return ((op->wish & WORKSPACE_REMOVE) != 0 && !p->there) ||
	       script_of(op, p) == NULL;
}

static bool
is_cut_off(const char *cause)
{
	for (size_t i = 0; i < sizeof(cut_off) / sizeof(cut_off[0]); i++)
		if (str_starts(cause, cut_off[i]))
			return true;
	return false;
}

/*
 * In an earlier rdvd; not by this one, which ends what has no end by now, and
 * adds what else it had to end.
 */
static bool
has_ended(struct ws_op *op, const char *run_id)
{
	struct store_run r;

	if (run_id == NULL ||
	    store_run_find(op->s->app->db, op->arena, run_id, &r) != 0)
		return false;
	if (strcmp(r.state, "killed") != 0)
		return strcmp(r.state, "completed") == 0 ||
		       (strcmp(r.state, "failed") == 0 && r.started_at >= 0);
	return r.cause == NULL || !is_cut_off(r.cause);
}

static void
script_next(struct archiving *x)
{
	struct ws_op *op = x->op;
	struct script_wish wish = {
		.who = op->who, .workspace_id = op->id, .reason = ARCHIVE
	};

	while (op->i < op->ws.n && has_none(op, part(op)))
		op->i++;
	if (op->i == op->ws.n) {
		over(x, 0, NULL);
		return;
	}
	if (op->resumed && has_ended(op, part(op)->repo.archive_run)) {
		x->run_id = part(op)->repo.archive_run;
		workspacescript_ended_cb(0, x);
		return;
	}
	wish.repo_id = part(op)->repo.repo_id;
	wish.script = script_of(op, part(op));
	script_begin(op->s->app, &wish, workspacescript_begun_cb, x);
}

static struct archiving *
archiving_new(struct ws_op *op, ws_step_fn *done)
{
	struct archiving *x = arena_alloc(op->arena, sizeof(*x));

	*x = (struct archiving){ .op = op, .done = done };
	return x;
}

void
ws_scripts_run(struct ws_op *op, ws_step_fn *done)
{
	op->i = 0;
	script_next(archiving_new(op, done));
}

static void
workspacescript_quiet_cb(int err, void *arg)
{
	struct archiving *x = arg;

	/* What still runs there is seen by who judges. */
	(void)err;
	x->op->i = 0;
	x->done(x->op);
}

struct finding {
	const struct ws_op *op;
	const char *reason, *run_id;
};

static bool
workspacescript_live_cb(const struct store_script *s, const struct store_run *r,
    void *arg)
{
	struct finding *f = arg;

	if (strcmp(r->reason, f->reason) == 0 &&
	    strcmp(s->workspace_id, f->op->id) == 0)
		f->run_id = arena_strdup(f->op->arena, r->id);
	return f->run_id == NULL;
}

/* A run there of that reason that is not over, or NULL. */
static const char *
live(const struct ws_op *op, const char *reason)
{
	struct finding f = { op, reason, NULL };

	(void)store_scripts_in_flight(op->s->app->db, workspacescript_live_cb,
	    &f);
	return f.run_id;
}

static void
workspacescript_servers_cb(int err, void *arg)
{
	struct archiving *x = arg;
	const char *run_id = live(x->op, ARCHIVE);

	(void)err;
	if (run_id != NULL)
		script_stop(x->op->s->app, run_id, restarted,
		    workspacescript_quiet_cb, x);
	else
		workspacescript_quiet_cb(0, x);
}

void
ws_scripts_quiet(struct ws_op *op, ws_step_fn *done)
{
	/* To end one is the first that is done, before any row tells of it. */
	if ((live(op, DEVSERVER) != NULL || live(op, ARCHIVE) != NULL) &&
	    !ws_begins(op))
		return;
	devserver_stop(op->s->app->devservers, op->id,
	    "its workspace is put away", workspacescript_servers_cb,
	    archiving_new(op, done));
}
