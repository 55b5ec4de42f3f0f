/* SPDX-License-Identifier: MIT */
/*
 * What all requests about sessions have in common: they copy what they were
 * given, wait for the disk or the helper, and answer once. Invariant: an
 * answer of success follows a durable commit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/conf.h"
#include "daemon/core/credential.h"
#include "daemon/core/enroll.h"
#include "daemon/core/run.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/sessionstate.h"
#include "daemon/core/sessiontmux.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define ENV_OWN 8 /* variables of rdv's own */

struct sessions *
sessions_new(struct app *app)
{
	struct sessions *s = xcalloc(1, sizeof(*s));

	s->app = app;
	TAILQ_INIT(&s->making);
	return s;
}

void
sessions_free(struct sessions *s)
{
	if (s == NULL)
		return;
	loop_timer_free(s->again);
	free(s);
}

struct session_op *
session_op_new(struct sessions *s, const struct session_who *who)
{
	struct arena *a = who->arena != NULL ? who->arena : arena_new();
	struct session_op *op = arena_alloc(a, sizeof(*op));

	op->sessions = s;
	op->arena = a;
	op->who = *who;
	op->who.user_id = arena_strdup(a, who->user_id);
	op->who.id = arena_text(a, who->id);
	op->who.request_id = arena_text(a, who->request_id);
	op->who.token_id = arena_text(a, who->token_id);
	return op;
}

void
session_op_end(struct session_op *op, int err, const char *why)
{
	const struct session_who *w = &op->who;
	struct arena *own = w->arena == NULL ? op->arena : NULL;

	/* NULL: it goes on by itself (sessions_settle), and nobody asks. */
	if (w->cb != NULL)
		w->cb(err, w->id, why, w->arg);
	/* The caller's may be gone by now, and `op` with it. */
	arena_free(own);
}

/* A row is borrowed while its callback runs; an op outlives it by turns. */
static void
keep_session(struct arena *a, struct store_session *s)
{
	s->id = arena_text(a, s->id);
	s->user_id = arena_text(a, s->user_id);
	s->folder_id = arena_text(a, s->folder_id);
	s->name = arena_text(a, s->name);
	s->status = arena_text(a, s->status);
	s->project_path = arena_text(a, s->project_path);
	s->repo_path = arena_text(a, s->repo_path);
	s->worktree_id = arena_text(a, s->worktree_id);
	s->worktree_branch = arena_text(a, s->worktree_branch);
	s->base_branch = arena_text(a, s->base_branch);
	s->agent_provider = arena_text(a, s->agent_provider);
	s->terminal_type = arena_text(a, s->terminal_type);
	s->profile = arena_text(a, s->profile);
	s->network = arena_text(a, s->network);
	s->network_hosts_json = arena_text(a, s->network_hosts_json);
	s->agent_status = arena_text(a, s->agent_status);
	s->argv_json = arena_text(a, s->argv_json);
	s->env_json = arena_text(a, s->env_json);
	s->run_id = arena_text(a, s->run_id);
}

static bool
session_load_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct session_op *op = arg;

	op->row = *s;
	keep_session(op->arena, &op->row);
	op->has_run = r != NULL;
	if (r != NULL) {
		op->run_row = *r;
		store_run_keep(op->arena, &op->run_row);
	}
	return false;
}

bool
session_op_read(struct session_op *op, store_session_fn *cb, void *arg)
{
	int err = store_session_get(op->sessions->app->db, op->who.user_id,
	    op->who.id, cb, arg);

	if (err == 0)
		return true;
	session_op_end(op, err, "there is no such session");
	return false;
}

bool
session_op_load(struct session_op *op)
{
	return session_op_read(op, session_load_cb, op);
}

bool
session_op_load_run(struct session_op *op, const char *run_id)
{
	struct db *db = op->sessions->app->db;
	const char *user = op->who.user_id;
	int err = store_session_any(db, user, op->who.id, session_load_cb, op);

	if (err == 0)
		err = store_run_get(db, op->arena, user, run_id, &op->run_row);
	if (err == 0 && (op->run_row.session_id == NULL ||
			    strcmp(op->run_row.session_id, op->row.id) != 0))
		err = RDV_E_NOT_FOUND;
	op->has_run = err == 0;
	if (err == 0)
		return true;
	session_op_end(op, err, "there is no such session");
	return false;
}

struct run *
session_run_of(struct app *app, const struct store_run *row, bool *unknown)
{
	struct run *run = run_find(app->runs, row->id);

	/*
	 * The row says that it lives and nobody here knows it: not settled yet.
	 */
	*unknown = run == NULL && (strcmp(row->state, "starting") == 0 ||
				      strcmp(row->state, "running") == 0);
	return run;
}

struct run *
session_op_run(struct session_op *op, bool *unknown)
{
	*unknown = false;
	if (!op->has_run)
		return NULL;
	return session_run_of(op->sessions->app, &op->run_row, unknown);
}

static void
session_committed_cb(int err, void *arg)
{
	session_op_end(arg, err, NULL);
}

void
session_op_commit(struct session_op *op, struct tx *tx, int err)
{
	if (err == 0) {
		tx_commit(tx, session_committed_cb, op);
		return;
	}
	tx_abort(tx);
	session_op_end(op, err, op->why);
}

static void
session_gone_cb(uid_t uid, const uint8_t digest[DIGEST_LEN], void *arg)
{
	struct app *app = arg;

	if (app->conf->system)
		enroll_drop(app, uid, digest);
}

/* The rows are the truth; memory follows (auth/auth.c), and the helper. */
static void
session_over_cb(int err, void *arg)
{
	struct session_op *op = arg;
	struct app *app = op->sessions->app;

	if (err == 0)
		auth_forget_session(app->auth, op->row.id, session_gone_cb,
		    app);
	session_op_end(op, err != 0 && op->err == 0 ? err : op->err, op->why);
}

void
session_op_over(struct session_op *op)
{
	struct db *db = op->sessions->app->db;
	struct tx *tx = tx_begin(db);
	int err = 0;

	/* Of several closers the first one writes. */
	if (store_session_closed(tx, op->row.id, clock_wall_ms()) == 0) {
		event_emit(tx, EV_SESSION_CLOSED, op->row.user_id, op->row.id,
		    session_event(&op->row, "closed"));
		err = credential_session_ends(db, tx, op->row.id);
	}
	if (err == 0) {
		tx_commit(tx, session_over_cb, op);
		return;
	}
	tx_abort(tx);
	session_over_cb(err, op);
}

struct js *
session_event(const struct store_session *s, const char *status)
{
	struct js *o = js_object();

	js_add_str(o, "id", s->id);
	js_add_str(o, "name", s->name);
	js_add_str(o, "status", status);
	js_add_str(o, "folder_id", s->folder_id);
	return o;
}

const char *const *
session_strings(struct arena *a, const char *text)
{
	struct js *list;
	const char **argv;
	char why[128];
	size_t n;

	if (text == NULL)
		return NULL;
	list = js_parse(text, strlen(text), why, sizeof(why));
	n = js_len(list);
	argv = arena_alloc(a, (n + 1) * sizeof(*argv));
	for (size_t i = 0; i < n; i++)
		argv[i] = arena_strdup(a, js_text(js_at(list, i)));
	js_free(list);
	return n > 0 ? argv : NULL;
}

struct env {
	struct arena *arena;
	const char **list;
	size_t n;
};

static void
env_add(struct env *e, const char *name, const char *value)
{
	if (value != NULL)
		e->list[e->n++] = arena_printf(e->arena, "%s=%s", name, value);
}

/*
 * What the session asked for, and what tells programs in it where they are
 * (contract 1.6). Names beginning RDV_ are refused from outside, so none
 * stands twice.
 */
const char *const *
session_env(struct session_op *op)
{
	const struct store_session *s = &op->row;
	struct env e = { .arena = op->arena };
	struct js *o = NULL, *v;
	const char *name;
	char why[128];
	size_t n = 0;

	if (s->env_json != NULL)
		o = js_parse(s->env_json, strlen(s->env_json), why,
		    sizeof(why));
	while (js_member(o, n, &name, &v))
		n++;
	e.list = arena_alloc(op->arena, (n + ENV_OWN) * sizeof(*e.list));
	for (size_t i = 0; js_member(o, i, &name, &v); i++)
		env_add(&e, name, js_text(v));
	js_free(o);
	env_add(&e, "RDV_SESSION_ID", s->id);
	env_add(&e, "RDV_FOLDER_ID", s->folder_id);
	env_add(&e, "RDV_PROJECT_PATH", s->project_path);
	env_add(&e, "RDV_WORKTREE_BRANCH", s->worktree_branch);
	env_add(&e, "RDV_API_SOCKET", op->sessions->app->conf->api_socket);
	return e.list;
}

const char *
session_new_id(struct session_op *op)
{
	char id[UUID_TEXT];

	uuid_v7(id);
	return arena_strdup(op->arena, id);
}

/* Where the last one began: where none was named that was the home. */
const char *
session_cwd(const struct session_op *op)
{
	return op->has_run ? op->run_row.cwd : op->row.project_path;
}

bool
session_op_refuse_revoked(struct session_op *op)
{
	const struct session_who *who = &op->who;

	if (who->token_id == NULL ||
	    auth_holds(op->sessions->app->auth, who->user_id, who->token_id))
		return false;
	session_op_end(op, RDV_E_REVOKED, "the credential has ended meanwhile");
	return true;
}

bool
session_op_refuse_leaving(struct session_op *op)
{
	const char *cwd = session_cwd(op);

	if (cwd == NULL ||
	    !worktree_leaves(op->sessions->app->worktrees, op->who.uid, cwd))
		return false;
	session_op_end(op, RDV_E_BUSY, "its worktree is being removed");
	return true;
}

struct run *
session_start_run(struct session_op *op, struct tx *tx, enum priv_io io)
{
	const struct store_session *s = &op->row;
	struct run_spec spec = {
		.id = s->run_id,
		.user_id = s->user_id,
		.uid = op->who.uid,
		.session_id = s->id,
		.request_id = op->who.request_id,
		.reason = "terminal",
		.profile = s->profile,
		.net = run_policy_net(s->network),
		.hosts = session_strings(op->arena, s->network_hosts_json),
		.io = io,
		.cwd = session_cwd(op),
		.cols = (unsigned)s->cols,
		.rows = (unsigned)s->rows,
	};

	if (session_is_tmux(s)) {
		spec.argv = session_tmux_argv(op);
	} else {
		spec.argv = session_strings(op->arena, s->argv_json);
		spec.env = session_env(op);
	}
	return run_create(op->sessions->app->runs, tx, &spec);
}
