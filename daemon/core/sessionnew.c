/* SPDX-License-Identifier: MIT */
/*
 * Creating a session: judge, make the worktree if one is wanted, write session
 * and run in one transaction, start the process. Invariant: whoever is told it
 * failed finds no session that looks alive; and two sessions are two, however
 * alike their names and times (abuse H14).
 */
#include <stdio.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/run.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/sessionstate.h"
#include "daemon/core/sessiontmux.h"
#include "daemon/core/worktree.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "daemon/store/folders.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

#define NAME_BYTES 100
/* Far more than the helper takes of either (PRIV_TEXT_MAX). */
#define JSON_BYTES (1024 * 1024)

/* What creation needs beyond the row. */
struct session_making {
	TAILQ_ENTRY(session_making) link; /* while there is no row */
	const char *user_id;
	enum priv_io io;
	bool create_worktree;
	const char *worktree_path;
};

bool
session_name_ok(const char *name, const char **why)
{
	size_t len = strlen(name);

	*why = "name: 1 to 100 bytes of text without control characters, not "
	       "beginning with '-' or '='";
	/*
	 * Either could make it an option, or a target, where it is used as a
	 * word (H13).
	 */
	if (len == 0 || len > NAME_BYTES || name[0] == '-' || name[0] == '=' ||
	    !str_utf8_valid(name, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)name[i];

		/* C0, DEL, and C1 as UTF-8 has it. */
		if (c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (uint8_t)name[i + 1] < 0xa0))
			return false;
	}
	return true;
}

static bool
path_ok(const char *path)
{
	return path == NULL || path_absolute_ok(path);
}

static const char *
judge_paths(const struct session_spec *spec)
{
	if (!path_ok(spec->project_path))
		return "project_path: not a plain absolute path";
	if (!path_ok(spec->repo_path))
		return "repo_path: not a plain absolute path";
	if (!path_ok(spec->worktree_path))
		return "worktree_path: not a plain absolute path";
	if (spec->create_worktree && spec->repo_path == NULL)
		return "repo_path: a worktree needs the repository it is of";
	if (spec->create_worktree && spec->worktree_branch == NULL)
		return "worktree_branch: a worktree needs a branch";
	return NULL;
}

/* RDV_ names tell programs where they are (contract 1.6): nobody else may. */
static const char *
judge_env(const char *const *env)
{
	for (; env != NULL && *env != NULL; env += 2)
		if (str_starts(env[0], "RDV_"))
			return "environment: names beginning RDV_ are rdv's "
			       "own";
	return NULL;
}

static const char *
judge_command(const struct session_spec *spec)
{
	if (spec->argv != NULL && spec->shell_command != NULL)
		return "shell_command: there is a command already";
	if (spec->argv != NULL &&
	    (spec->argv[0] == NULL || spec->argv[0][0] == '\0'))
		return "command: names no program";
	return NULL;
}

static size_t
bytes_of(const char *const *list)
{
	size_t n = 0;

	for (; list != NULL && *list != NULL; list++)
		n += strlen(*list);
	return n;
}

/*
 * The helper would refuse it, too, but only when there are rows and perhaps a
 * worktree; and what does not fit into JSON_BYTES would not be in its row.
 */
static bool
fits(const struct session_spec *spec)
{
	size_t shell =
	    spec->shell_command != NULL ? strlen(spec->shell_command) : 0;

	return bytes_of(spec->argv) + bytes_of(spec->env) +
		   bytes_of(spec->network_hosts) + shell <=
	       PRIV_TEXT_MAX;
}

/* Room for one more, those included whose worktree is being made. */
static int
judge_room(struct session_op *op)
{
	struct sessions *s = op->sessions;
	const struct session_making *m;
	int64_t count, next;
	int err =
	    store_sessions_count(s->app->db, op->who.user_id, &count, &next);

	if (err != 0)
		return err;
	TAILQ_FOREACH (m, &s->making, link)
		count += strcmp(m->user_id, op->who.user_id) == 0;
	op->why = "there are as many sessions as terminal.max_sessions allows";
	return count < s->app->conf->max_sessions ? 0 : RDV_E_FULL;
}

/*
 * 0, or an outcome with op->why. The cheap questions first, the database last.
 */
static int
judge(struct session_op *op, const struct session_spec *spec)
{
	struct app *app = op->sessions->app;
	struct store_folder folder;
	int err;

	if (!session_name_ok(spec->name, &op->why))
		return RDV_E_INVALID;
	op->why = judge_paths(spec);
	if (op->why == NULL)
		op->why = judge_env(spec->env);
	if (op->why == NULL)
		op->why =
		    run_policy_judge_hosts(spec->network, spec->network_hosts);
	if (op->why == NULL)
		op->why = judge_command(spec);
	if (op->why == NULL)
		op->why = session_tmux_judge(spec);
	if (op->why != NULL)
		return RDV_E_INVALID;
	op->why = "command and environment are too long";
	if (!fits(spec))
		return RDV_E_TOO_BIG;
	if (spec->folder_id != NULL) {
		op->why = "folder_id: there is no such folder";
		err = store_folder_get(app->db, op->arena, op->who.user_id,
		    spec->folder_id, &folder);
		if (err != 0)
			return err;
		/*
		 * Its directory is where the session begins, unless it names
		 * one.
		 */
		op->row.folder_id = folder.id;
		op->row.project_path = folder.path;
	}
	return judge_room(op);
}

static const char *
dump(struct arena *a, struct js *v)
{
	struct buf b;
	const char *text;

	buf_init(&b, JSON_BYTES);
	js_dump(v, &b);
	text = buf_ok(&b) ? arena_strdup(a, buf_cstr(&b)) : NULL;
	buf_done(&b);
	js_free(v);
	return text;
}

static const char *
command_json(struct arena *a, const struct session_spec *spec)
{
	struct js *list;

	if (spec->argv == NULL && spec->shell_command == NULL)
		return NULL;
	list = js_array();
	for (const char *const *p = spec->argv; p != NULL && *p != NULL; p++)
		js_push_str(list, *p);
	if (spec->argv == NULL) {
		js_push_str(list, "/bin/sh");
		js_push_str(list, "-c");
		js_push_str(list, spec->shell_command);
	}
	return dump(a, list);
}

static const char *
hosts_json(struct arena *a, const char *const *hosts)
{
	struct js *list;

	if (hosts == NULL || hosts[0] == NULL)
		return NULL;
	list = js_array();
	for (; *hosts != NULL; hosts++)
		js_push_str(list, *hosts);
	return dump(a, list);
}

static const char *
env_json(struct arena *a, const char *const *env)
{
	struct js *o;

	if (env == NULL || env[0] == NULL)
		return NULL;
	o = js_object();
	for (; *env != NULL; env += 2)
		js_add_str(o, env[0], env[1]);
	return dump(a, o);
}

static void
fill_row(struct session_op *op, const struct session_spec *spec)
{
	struct store_session *row = &op->row;
	struct arena *a = op->arena;

	op->who.id = row->id = session_new_id(op);
	row->user_id = op->who.user_id;
	row->name = arena_strdup(a, spec->name);
	row->status = "active";
	if (spec->project_path != NULL)
		row->project_path = arena_strdup(a, spec->project_path);
	row->repo_path = arena_text(a, spec->repo_path);
	row->worktree_branch = arena_text(a, spec->worktree_branch);
	row->base_branch = arena_text(a, spec->base_branch);
	row->agent_provider = arena_text(a, spec->agent_provider);
	row->is_orchestrator = spec->is_orchestrator;
	row->clipboard = spec->clipboard;
	row->terminal_type = spec->terminal_type == NULL
				 ? SESSION_SHELL
				 : arena_strdup(a, spec->terminal_type);
	op->adopt = arena_text(a, spec->adopt);
	row->profile = arena_strdup(a, spec->profile);
	row->network = arena_text(a, spec->network);
	row->network_hosts_json = hosts_json(a, spec->network_hosts);
	row->argv_json = command_json(a, spec);
	row->env_json = env_json(a, spec->env);
	row->cols = spec->cols;
	row->rows = spec->rows;
	row->created_at = row->updated_at = clock_wall_ms();
	row->last_activity_at = row->created_at;
}

static void
session_started_cb(int err, const char *why, void *arg)
{
	struct session_op *op = arg;

	/* While rdvd ends the next one finds out what became of it. */
	if (err == 0 || op->sessions->app->draining) {
		session_op_end(op, err, why);
		return;
	}
	/*
	 * A session whose first program never ran is no session: it is closed,
	 * and its one run says why.
	 */
	op->err = err;
	op->why = arena_text(op->arena, why);
	session_tmux_undo(op, session_op_over);
}

static void
session_written_cb(int err, void *arg)
{
	struct session_op *op = arg;

	if (err == 0) {
		session_launch(op, session_started_cb);
		return;
	}
	run_discard(op->run);
	session_op_end(op, err, NULL);
}

/*
 * Its place, now that the row is written: a folder that was deleted while git
 * was at work would have let go of what is in it.
 */
static int
find_place(struct session_op *op)
{
	struct db *db = op->sessions->app->db;
	struct store_folder folder;
	int64_t count;
	int err = 0;

	if (op->row.folder_id != NULL)
		err = store_folder_get(db, op->arena, op->who.user_id,
		    op->row.folder_id, &folder);
	if (err == RDV_E_NOT_FOUND) {
		op->row.folder_id = NULL;
		err = 0;
	}
	return err != 0 ? err
			: store_sessions_count(db, op->who.user_id, &count,
			      &op->row.tab_order);
}

static void
write_session(struct session_op *op)
{
	const struct session_making *m = op->more;
	struct tx *tx;
	int err;

	if (session_op_refuse_revoked(op) || session_op_refuse_leaving(op))
		return;
	err = find_place(op);
	if (err != 0) {
		session_op_end(op, err, NULL);
		return;
	}
	tx = tx_begin(op->sessions->app->db);
	op->row.run_id = session_new_id(op);
	(void)store_session_insert(tx, &op->row);
	op->run = session_start_run(op, tx, m->io);
	event_emit(tx, EV_SESSION_CREATED, op->row.user_id, op->row.id,
	    session_event(&op->row, "active"));
	tx_commit(tx, session_written_cb, op);
}

static void
session_worktree_cb(int err, const struct worktree_made *made, const char *why,
    void *arg)
{
	struct session_op *op = arg;
	struct session_making *m = op->more;

	TAILQ_REMOVE(&op->sessions->making, m, link);
	if (err != 0) {
		session_op_end(op, err, why);
		return;
	}
	op->row.worktree_id = arena_strdup(op->arena, made->id);
	op->row.worktree_branch = arena_text(op->arena, made->branch);
	op->row.repo_path = arena_text(op->arena, made->repo);
	/* It is where the session works, whatever else was named. */
	op->row.project_path = arena_strdup(op->arena, made->path);
	write_session(op);
}

static void
make_worktree(struct session_op *op)
{
	struct session_making *m = op->more;
	const struct session_who *who = &op->who;
	struct worktree_spec spec = {
		.who = { .uid = who->uid },
		.repo = op->row.repo_path,
		.branch = op->row.worktree_branch,
		.base = op->row.base_branch,
		.path = m->worktree_path,
		.either = true,
	};

	(void)str_copy(spec.who.user_id, who->user_id,
	    sizeof(spec.who.user_id));
	if (who->token_id != NULL)
		(void)str_copy(spec.who.token_id, who->token_id,
		    sizeof(spec.who.token_id));
	m->user_id = who->user_id;
	/* Counted by judge_room() until there is a row to count. */
	TAILQ_INSERT_TAIL(&op->sessions->making, m, link);
	worktree_create(op->sessions->app->worktrees, &spec,
	    session_worktree_cb, op);
}

void
session_create(struct sessions *s, const struct session_who *who,
    const struct session_spec *spec)
{
	struct session_op *op = session_op_new(s, who);
	struct session_making *m = arena_alloc(op->arena, sizeof(*m));
	int err = judge(op, spec);

	if (err != 0) {
		session_op_end(op, err, op->why);
		return;
	}
	m->io = spec->io;
	m->worktree_path = arena_text(op->arena, spec->worktree_path);
	op->more = m;
	fill_row(op, spec);
	if (spec->create_worktree)
		make_worktree(op);
	else
		write_session(op);
}
