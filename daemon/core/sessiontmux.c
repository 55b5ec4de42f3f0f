/* SPDX-License-Identifier: MIT */
/*
 * Sessions in tmux. The row is there first, then the tmux session of that name,
 * then a client of it as the session's run, over the same way as any other
 * program: so screen, recording and viewers know nothing of tmux. Invariant: a
 * tmux session is ended only by a close of the row it belongs to, and a row is
 * closed only when its tmux session is known to be gone, or tmux is: then who
 * closes it is told what is left.
 */
#include "daemon/core/sessiontmux.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/owner.h"
#include "daemon/core/worktree.h"
#include "daemon/core/sessionstate.h"
#include "daemon/core/tmux.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/term/tmuxctl.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#define AGAIN_MS       5000
#define LINE_MAX_BYTES (8 * PRIV_TEXT_MAX) /* each byte may become four */

static bool
on_own_server(const struct store_session *s)
{
	return strcmp(s->terminal_type, SESSION_TMUX) == 0;
}

bool
session_is_tmux(const struct store_session *s)
{
	return on_own_server(s) ||
	       strcmp(s->terminal_type, SESSION_TMUX_ATTACHED) == 0;
}

const char *
session_tmux_judge(const struct session_spec *spec)
{
	if (spec->terminal_type == NULL ||
	    strcmp(spec->terminal_type, SESSION_SHELL) == 0)
		return NULL;
	/* What runs there is a child of the server, which nothing confines. */
	if (strcmp(spec->profile, "login") != 0)
		return "profile: what runs in tmux is the tmux server's and "
		       "cannot be confined";
	if (spec->network != NULL || spec->network_hosts != NULL)
		return "network: what runs in tmux has the tmux server's";
	if (spec->io != PRIV_IO_PTY)
		return "io: tmux has terminals only";
	if (spec->project_path != NULL &&
	    strstr(spec->project_path, "#[") != NULL)
		return "project_path: tmux cannot start in a directory with "
		       "\"#[\" in its name";
	return NULL;
}

static const char *
name_of(struct session_op *op)
{
	return arena_printf(op->arena, "rdv-%s", op->row.id);
}

static const char *
target_of(struct session_op *op)
{
	return arena_printf(op->arena, "=%s:", name_of(op));
}

const char *const *
session_tmux_argv(struct session_op *op)
{
	const char *const cmd[] = { "attach-session", "-t", target_of(op),
		NULL };

	if (!on_own_server(&op->row))
		return session_strings(op->arena, op->row.argv_json);
	return tmux_words(op->sessions->app, op->arena, TMUX_OWN, cmd);
}

/*
 * tmux gives a single word to a shell, and more of them to execvp(3): a single
 * one is hence given to a shell that does the same.
 */
static void
put_command(struct buf *b, const char *const *argv)
{
	if (argv == NULL)
		return;
	buf_put_text(b, " --");
	if (argv[1] == NULL) {
		tmuxctl_word(b, "/bin/sh");
		tmuxctl_word(b, "-c");
		tmuxctl_word(b, "exec \"$0\"");
	}
	for (; *argv != NULL; argv++)
		tmuxctl_word(b, *argv);
}

/*
 * By -e and not by set-environment, which its first program would not see; over
 * the client's pipe, since a command line can be read by others.
 */
static bool
put_new(struct buf *b, struct session_op *op)
{
	const char *cwd = session_cwd(op);
	bool ok = true;

	buf_put_text(b, "new-session -d -s");
	tmuxctl_word(b, name_of(op));
	buf_printf(b, " -x %u -y %u -c", (unsigned)op->row.cols,
	    (unsigned)op->row.rows);
	if (cwd != NULL)
		ok = tmuxctl_format(b, cwd);
	else
		buf_put_text(b, " ~");
	for (const char *const *e = session_env(op); *e != NULL; e++) {
		buf_put_text(b, " -e");
		tmuxctl_word(b, *e);
	}
	put_command(b, session_strings(op->arena, op->row.argv_json));
	return ok;
}

static void
put_adopt(struct buf *b, struct session_op *op)
{
	buf_put_text(b, "rename-session -t");
	tmuxctl_word(b, arena_printf(op->arena, "=%s:", op->adopt));
	tmuxctl_word(b, name_of(op));
}

struct launch {
	struct session_op *op;
	run_started_fn *cb;
};

/* It is there already: an earlier attempt had got as far, or it lives on. */
static void
session_tmux_made_cb(int err, const char *text, const char *why, void *arg)
{
	const struct launch *l = arg;

	(void)text;
	l->op->in_tmux = err == 0 || err == RDV_E_EXISTS;
	if (l->op->in_tmux)
		run_launch(l->op->run, l->cb, l->op);
	else
		run_refuse(l->op->run, err,
		    why != NULL ? why : "there is no such tmux session", l->cb,
		    l->op);
}

static struct tmux_who
who_of(const struct session_op *op)
{
	return (struct tmux_who){ op->who.uid, op->who.user_id };
}

void
session_launch(struct session_op *op, run_started_fn *cb)
{
	const struct tmux_who who = who_of(op);
	struct launch *l;
	struct buf line;
	bool ok = true;

	if (!on_own_server(&op->row)) {
		run_launch(op->run, cb, op);
		return;
	}
	l = arena_alloc(op->arena, sizeof(*l));
	*l = (struct launch){ op, cb };
	buf_init_secret(&line, LINE_MAX_BYTES);
	if (op->adopt != NULL)
		put_adopt(&line, op);
	else
		ok = put_new(&line, op);
	if (ok && buf_ok(&line))
		tmux_ask(op->sessions->app->tmuxes, &who, op->adopt == NULL,
		    buf_cstr(&line), session_tmux_made_cb, l);
	else
		run_refuse(op->run, RDV_E_INVALID,
		    "tmux cannot be told to start this", cb, op);
	buf_done(&line);
}

/* Of closes that a crash came into. */
static void
session_tmux_again_cb(void *arg)
{
	struct sessions *s = arg;

	if (!s->app->draining)
		sessions_settle(s);
}

struct killing {
	struct session_op *op;
	void (*next)(struct session_op *op);
};

/*
 * The intent to close it stays, and the next attempt goes on from there: of who
 * asks again, or our own where nobody has asked for an end.
 */
static void
not_killed(struct session_op *op, const char *why)
{
	struct sessions *s = op->sessions;

	log_warnx("tmux", "not ended, not known to be gone session=%s: %s",
	    op->row.id, why);
	if (op->who.cb == NULL || op->in_tmux) {
		if (s->again == NULL)
			s->again = loop_timer_new(s->app->loop,
			    session_tmux_again_cb, s);
		loop_timer_set(s->again, AGAIN_MS);
	}
	session_op_end(op, RDV_E_UNAVAILABLE,
	    arena_printf(op->arena, "its tmux session could not be ended: %s",
		why));
}

/*
 * Whoever removed tmux while its server lives can close his sessions all the
 * same: what runs in it is an orphan then, to be adopted or ended when tmux is
 * there again.
 */
static void
left_behind(struct session_op *op, const char *why)
{
	log_warnx("tmux", "left in tmux session=%s: %s", op->row.id, why);
	/* A start that has failed says why it did. */
	if (op->err == 0)
		op->why = arena_printf(op->arena,
		    "what runs in its tmux session %s was not ended and goes "
		    "on: %s",
		    name_of(op), why);
}

static void
session_tmux_killed_cb(int err, const char *text, const char *why, void *arg)
{
	const struct killing *k = arg;

	(void)text;
	if (err == RDV_E_SPAWN)
		left_behind(k->op, why);
	if (err != 0 && err != RDV_E_NOT_FOUND && err != RDV_E_SPAWN)
		not_killed(k->op, why != NULL ? why : err_name(err));
	else if (session_op_load(k->op))
		/* Anew: its run may have ended with it in the meantime. */
		k->next(k->op);
}

/* After a crash there is nobody's request behind it. False: it is not known. */
static bool
owner_known(struct session_op *op)
{
	struct worktree_who owner;

	if (op->who.cb != NULL)
		return true;
	if (owner_find(op->sessions->app->db, op->who.user_id, &owner) != 0)
		return false;
	op->who.uid = owner.uid;
	return true;
}

void
session_tmux_kill(struct session_op *op, void (*next)(struct session_op *op))
{
	struct app *app = op->sessions->app;
	struct tmux_who who;
	struct killing *k;
	struct buf line;

	if (!on_own_server(&op->row)) {
		next(op);
		return;
	}
	if (!owner_known(op)) {
		not_killed(op, "its account is not known");
		return;
	}
	who = who_of(op);
	k = arena_alloc(op->arena, sizeof(*k));
	*k = (struct killing){ op, next };
	buf_init(&line, 1024);
	buf_put_text(&line, "kill-session -t");
	tmuxctl_word(&line, target_of(op));
	tmux_ask(app->tmuxes, &who, false, buf_cstr(&line),
	    session_tmux_killed_cb, k);
	buf_done(&line);
}

/* It stays as an orphan, which can be adopted again. */
static void
session_tmux_renamed_cb(int err, const char *text, const char *why, void *arg)
{
	const struct killing *k = arg;

	(void)text;
	if (err != 0)
		log_warnx("tmux", "not named as before session=%s: %s",
		    k->op->row.id, why != NULL ? why : err_name(err));
	k->next(k->op);
}

static void
session_tmux_undoing_cb(int err, void *arg)
{
	const struct killing *k = arg;

	if (err == 0)
		session_tmux_kill(k->op, k->next);
	else
		session_op_end(k->op, k->op->err, k->op->why);
}

void
session_tmux_undo(struct session_op *op, void (*next)(struct session_op *op))
{
	const struct tmux_who who = who_of(op);
	struct app *app = op->sessions->app;
	struct killing *k;
	struct buf line;
	struct tx *tx;

	if (!op->in_tmux) {
		next(op);
		return;
	}
	k = arena_alloc(op->arena, sizeof(*k));
	*k = (struct killing){ op, next };
	if (op->adopt == NULL) {
		/* As with any close the intent comes first. */
		tx = tx_begin(app->db);
		(void)store_session_closing(tx, op->row.id, clock_wall_ms());
		tx_commit(tx, session_tmux_undoing_cb, k);
		return;
	}
	buf_init(&line, 1024);
	buf_put_text(&line, "rename-session -t");
	tmuxctl_word(&line, target_of(op));
	tmuxctl_word(&line, op->adopt);
	tmux_ask(app->tmuxes, &who, false, buf_cstr(&line),
	    session_tmux_renamed_cb, k);
	buf_done(&line);
}
