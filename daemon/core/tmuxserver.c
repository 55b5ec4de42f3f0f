/* SPDX-License-Identifier: MIT */
/*
 * The tmux server of an account. tmux would make itself a daemon of whichever
 * client comes first, and end with that one's run, since a run takes all it
 * started along; hence it is a run by itself.
 */
#include "daemon/core/tmuxserver.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "daemon/store/scripts.h"
#include "lib/arena.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

/*
 * The directory is the account's to make, so a shell makes it; of the text
 * nothing comes from outside. -D keeps tmux in the foreground, and up without
 * sessions.
 */
static const char script[] =
    "umask 077 && mkdir -p -- \"$1\" && "
    "exec tmux -u -S \"$1/" TMUX_SOCKET_NAME "\" -f /dev/null -D";

/* Of this, and with a row of `script` of a workspace's dev servers. */
static const char reason[] = "devserver";

struct looking {
	struct runs *runs;
	struct db *db;
	const char *user_id;
	bool found;
};

static bool
is_script(struct db *db, const char *run_id)
{
	struct arena *a = arena_new();
	struct store_script s;
	int err = store_script_get(db, a, run_id, &s);

	arena_free(a);
	return err == 0;
}

/* Whose end is known although it is not written yet does not count. */
static bool
tmux_server_row_cb(const struct store_run *r, void *arg)
{
	struct looking *look = arg;
	const struct run *run;

	if (strcmp(r->reason, reason) != 0 ||
	    strcmp(r->user_id, look->user_id) != 0 ||
	    is_script(look->db, r->id))
		return true;
	run = run_find(look->runs, r->id);
	look->found = run == NULL || !run_has_ended(run);
	return !look->found;
}

bool
tmux_server_ended(struct app *app, const char *user_id)
{
	struct looking look = {
		.runs = app->runs, .db = app->db, .user_id = user_id
	};
	int err = store_runs_in_flight(app->db, tmux_server_row_cb, &look);

	return err == 0 && !look.found;
}

struct starting {
	struct run *run;
	tmux_server_fn *cb;
	void *arg;
};

static void
tmux_server_started_cb(int err, const char *why, void *arg)
{
	struct starting *s = arg;

	s->cb(err, why, s->arg);
	free(s);
}

static void
tmux_server_written_cb(int err, void *arg)
{
	struct starting *s = arg;

	if (err == 0) {
		run_launch(s->run, tmux_server_started_cb, s);
		return;
	}
	run_discard(s->run);
	tmux_server_started_cb(err, "the tmux server could not be recorded", s);
}

void
tmux_server_start(struct app *app, uid_t uid, const char *user_id,
    const char *dir, tmux_server_fn *cb, void *arg)
{
	char id[UUID_TEXT];
	const char *const argv[] = { "/bin/sh", "-c", script, "tmux", dir,
		NULL };
	struct starting *s = xcalloc(1, sizeof(*s));
	struct run_spec spec = {
		.id = id,
		.user_id = user_id,
		.uid = uid,
		.reason = reason,
		.profile = "login",
		.io = PRIV_IO_PIPES,
		.argv = argv,
	};
	struct tx *tx = tx_begin(app->db);

	uuid_v7(id);
	s->cb = cb;
	s->arg = arg;
	s->run = run_create(app->runs, tx, &spec);
	tx_commit(tx, tmux_server_written_cb, s);
}
