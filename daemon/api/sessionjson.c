/* SPDX-License-Identifier: MIT */
/*
 * What a session and a run look like from outside. A row says what is durable;
 * of a run that lives, the size of its terminal and log come from memory.
 */
#include "daemon/api/session.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/guard.h"
#include "daemon/core/run.h"
#include "daemon/store/approvals.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "daemon/term/term.h"
#include "lib/js.h"
#include "lib/str.h"

static void
add_guards(struct js *o, int64_t guards)
{
	struct js *list;
	const char *name;

	if (guards == 0) {
		js_add_json(o, "guards", "[]");
		return;
	}
	list = js_array();
	for (unsigned i = 0; (name = guard_name(guards, i)) != NULL; i++)
		js_push_str(list, name);
	js_add(o, "guards", list);
}

/* The limit itself is in the policy of the run. */
static const char no_room[] =
    "its output: as much is kept for the account as max_disk_mb of the policy "
    "allows; it goes on once output of runs that have ended is removed, or "
    "the limit is raised";

static int64_t
ms_of(int64_t us)
{
	return us < 0 ? -1 : us / 1000;
}

void
run_live_of(struct app *app, const char *run_id, struct run_live *out)
{
	struct run *run = run_find(app->runs, run_id);
	struct term *t = run != NULL ? run_term(run) : NULL;
	unsigned cols = 0, rows = 0;

	memset(out, 0, sizeof(*out));
	out->bytes = -1;
	if (run != NULL)
		out->egress = run_egress_sum(run);
	if (t == NULL)
		return;
	term_size(t, &cols, &rows);
	out->cols = cols;
	out->rows = rows;
	out->bytes = (int64_t)term_bytes(t);
}

static void
add_live(struct app *app, struct js *o, const struct store_run *r)
{
	struct run_live live;

	run_live_of(app, r->id, &live);
	/* A run over pipes has no size, in memory or in its row: null. */
	js_add_ms(o, "cols", live.cols > 0 ? live.cols : r->cols);
	js_add_ms(o, "rows", live.rows > 0 ? live.rows : r->rows);
	js_add_int(o, "log_bytes", live.bytes >= 0 ? live.bytes : r->log_bytes);
}

struct at_work {
	const struct store_run *run;
	struct js *to;
	bool asks;
};

static bool
at_work_asks_cb(const struct store_approval *p, void *arg)
{
	struct at_work *w = arg;

	w->asks = w->asks || strcmp(p->state, "pending") == 0;
	return !w->asks;
}

static bool
at_work_told_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct at_work *w = arg;

	(void)r;
	js_add_str(w->to, "agent_status",
	    w->asks ? "asks" : session_agent_status(s, w->run));
	return false;
}

/*
 * Of a conversation's run, which is all that a person finds in lists of runs;
 * what waits for a person goes before what its agent says of itself.
 */
static void
add_at_work(struct app *app, struct js *o, const struct store_run *r)
{
	struct at_work w = { .run = r, .to = o };

	if (r->ended_at >= 0 || r->session_id == NULL ||
	    strcmp(r->reason, "agent") != 0)
		return;
	(void)store_approvals_open_of(app->db, r->id, at_work_asks_cb, &w);
	(void)store_session_find(app->db, r->session_id, at_work_told_cb, &w);
}

struct js *
run_list_item(struct app *app, const struct store_run *r)
{
	struct js *o = js_object();

	js_add_str(o, "id", r->id);
	js_add_str(o, "session_id", r->session_id);
	js_add_str(o, "request_id", r->request_id);
	js_add_str(o, "reason", r->reason);
	js_add_str(o, "io", r->io);
	js_add_str(o, "state", r->state);
	/* Not times, but -1 is null for these as well. */
	js_add_ms(o, "exit_code", r->exit_code);
	js_add_ms(o, "signal", r->signal);
	js_add_str(o, "cause", r->cause);
	js_add_str(o, "profile", r->profile);
	js_add_str(o, "cwd", r->cwd);
	js_add_json(o, "argv", r->argv_json);
	add_live(app, o, r);
	add_at_work(app, o, r);
	add_guards(o, r->guards);
	js_add_ms(o, "created_at", r->created_at);
	js_add_ms(o, "started_at", r->started_at);
	js_add_ms(o, "ended_at", r->ended_at);
	/* By a signal, and beside the state: it can go on. */
	js_add_bool(o, "stopped", r->stopped_at >= 0);
	js_add_ms(o, "stopped_at", r->stopped_at);
	js_add_ms(o, "user_ms", ms_of(r->user_us));
	js_add_ms(o, "system_ms", ms_of(r->sys_us));
	js_add_ms(o, "max_rss_kb", r->maxrss_kb);
	return o;
}

/* Of one that lives, as it is now. */
static void
add_egress(struct app *app, struct js *o, const struct store_run *r)
{
	const struct run *run = run_find(app->runs, r->id);
	char *now = run != NULL ? run_egress_json(run) : NULL;

	js_add_json(o, "egress", now != NULL ? now : r->egress_json);
	free(now);
}

struct js *
run_json(struct app *app, const struct store_run *r)
{
	struct run *run = run_find(app->runs, r->id);
	struct js *o = run_list_item(app, r);

	js_add_str(o, "waits",
	    run != NULL && run_waits_for_room(run) ? no_room : NULL);
	js_add_json(o, "policy", r->policy_json);
	add_egress(app, o, r);
	return o;
}

/* `run` is taken over; NULL: it has none. */
static struct js *
session_with(const struct store_session *s, const struct store_run *r,
    struct js *run)
{
	const char *agent = session_agent_status(s, r);
	struct js *o = js_object();
	char tmux[64] = "rdv-";

	/*
	 * Only one of the type "tmux" has something called so. Clients of the
	 * older API print it and some take it for required (contract 2.2).
	 */
	(void)str_copy(tmux + 4, s->id, sizeof(tmux) - 4);
	js_add_str(o, "id", s->id);
	js_add_str(o, "name", s->name);
	js_add_str(o, "status", s->status);
	js_add_str(o, "tmux_session_name", tmux);
	js_add_str(o, "project_path", s->project_path);
	js_add_str(o, "folder_id", s->folder_id);
	js_add_str(o, "worktree_branch", s->worktree_branch);
	js_add_str(o, "worktree_id", s->worktree_id);
	js_add_str(o, "repo_path", s->repo_path);
	js_add_str(o, "agent_provider", s->agent_provider);
	js_add_bool(o, "is_orchestrator_session", s->is_orchestrator);
	js_add_str(o, "terminal_type", s->terminal_type);
	js_add_str(o, "user_id", s->user_id);
	js_add_int(o, "tab_order", s->tab_order);
	js_add_ms(o, "last_activity_at", s->last_activity_at);
	js_add_ms(o, "created_at", s->created_at);
	js_add_ms(o, "updated_at", s->updated_at);
	js_add_ms(o, "closed_at", s->closed_at);
	/* In the shape of contract 2.2 and without a meaning in rdv. */
	js_add_str(o, "profile_id", NULL);
	js_add_str(o, "parent_session_id", NULL);
	js_add_str(o, "profile", s->profile);
	js_add_str(o, "network", s->network);
	js_add_json(o, "network_hosts", s->network_hosts_json);
	js_add_bool(o, "clipboard", s->clipboard);
	js_add_str(o, "agent_status", agent);
	js_add_ms(o, "agent_status_at",
	    agent != NULL ? s->agent_status_at : -1);
	js_add_json(o, "command", s->argv_json);
	if (run != NULL)
		js_add(o, "run", run);
	else
		js_add_str(o, "run", NULL);
	return o;
}

struct js *
session_json(struct app *app, const struct store_session *s,
    const struct store_run *r)
{
	return session_with(s, r, r != NULL ? run_json(app, r) : NULL);
}

struct js *
session_list_item(struct app *app, const struct store_session *s,
    const struct store_run *r)
{
	return session_with(s, r, r != NULL ? run_list_item(app, r) : NULL);
}

struct listing {
	struct app *app;
	struct js *list;
};

static bool
session_push_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct listing *l = arg;

	js_push(l->list, session_list_item(l->app, s, r));
	return true;
}

int
session_list_json(struct app *app, const char *user_id, const char *folder_id,
    struct js **out)
{
	struct store_session_filter f = {
		.user_id = user_id,
		.folder_id = folder_id,
		.status = { "active", "suspended", NULL },
	};
	struct listing l = { app, js_array() };
	int err = store_sessions_list(app->db, &f, session_push_cb, &l);

	if (err != 0)
		js_free(l.list);
	else
		*out = l.list;
	return err;
}
