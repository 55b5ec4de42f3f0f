/* SPDX-License-Identifier: MIT */
/*
 * Runs from their row to their process: create, launch, signal, stop. The
 * helper is asked only after the row is durable, so a process whose run nobody
 * has heard of cannot exist. How runs end is core/runend.c, how those of an
 * earlier daemon are found again core/reconcile.c.
 */
#include "daemon/core/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/grant.h"
#include "daemon/core/kept.h"
#include "daemon/core/rundoor.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/runstate.h"
#include "daemon/event/event.h"
#include "daemon/helper.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Text of argv as JSON is at most six times what the helper takes. */
#define ARGV_JSON (6 * PRIV_TEXT_MAX + 4096)

void
run_spawn_free(struct run *run)
{
	/* An environment is in it: it goes as soon as the helper has it. */
	if (run->spawn == NULL)
		return;
	priv_spawn_done(run->spawn);
	secret_wipe(run->spawn->token, sizeof(run->spawn->token));
	free(run->spawn);
	run->spawn = NULL;
}

static char **
copy_list(const char *const *list, unsigned *n)
{
	char **out;

	for (*n = 0; list != NULL && list[*n] != NULL; (*n)++)
		continue;
	out = xcalloc(*n + 1, sizeof(*out));
	for (unsigned i = 0; i < *n; i++)
		out[i] = xstrdup(list[i]);
	return out;
}

static struct priv_spawn *
spawn_of(const struct run_spec *spec)
{
	struct priv_spawn *m = xcalloc(1, sizeof(*m));

	(void)str_copy(m->profile, spec->profile, sizeof(m->profile));
	(void)str_copy(m->label, spec->id, sizeof(m->label));
	m->io = (uint8_t)spec->io;
	m->net = (uint8_t)spec->net;
	m->cols = (uint16_t)spec->cols;
	m->rows = (uint16_t)spec->rows;
	m->cwd = spec->cwd != NULL ? xstrdup(spec->cwd) : NULL;
	m->argv = copy_list(spec->argv, &m->argc);
	m->envp = copy_list(spec->env, &m->envc);
	m->hosts = copy_list(spec->hosts, &m->hostc);
	if (spec->paths != NULL)
		m->paths = copy_list(spec->paths, &m->pathc);
	return m;
}

static char *
argv_json(const struct priv_spawn *m)
{
	struct js *list = js_array();
	struct buf b;
	char *text;

	for (unsigned i = 0; i < m->argc; i++)
		js_push_str(list, m->argv[i]);
	buf_init(&b, ARGV_JSON);
	js_dump(list, &b);
	/* For show: without it a run is no less a run. */
	text = buf_ok(&b) ? xstrdup(buf_cstr(&b)) : NULL;
	buf_done(&b);
	js_free(list);
	return text;
}

static void
write_row(struct tx *tx, const struct run *run, const struct run_spec *spec)
{
	const bool pty = spec->io == PRIV_IO_PTY;
	/* Which [ops] was to start it, for why_lost() of a later daemon. */
	uint64_t now = helper_generation(run->runs->app->helper);
	char generation[17];
	struct store_run row = {
		.id = run->id,
		.session_id = spec->session_id,
		.user_id = run->user_id,
		.request_id = spec->request_id,
		.door = run->door_digest[0] != '\0' ? run->door_digest : NULL,
		.reason = spec->reason,
		.io = pty ? "pty" : "pipes",
		.profile = spec->profile,
		.generation = now != 0 ? generation : NULL,
		.argv_json = run->argv_json,
		.cwd = run->cwd,
		.cols = pty ? (int64_t)spec->cols : -1,
		.rows = pty ? (int64_t)spec->rows : -1,
		.created_at = clock_wall_ms(),
	};

	(void)snprintf(generation, sizeof(generation), "%016llx",
	    (unsigned long long)now);
	/* An error stays in the transaction, whose end tells of it. */
	(void)store_run_insert(tx, &row);
	event_emit(tx, EV_RUN_STARTING, run->user_id, run->id,
	    run_event(run, "starting"));
}

struct run *
run_create(struct runs *r, struct tx *tx, const struct run_spec *spec)
{
	struct run *run =
	    run_alloc(r, spec->id, spec->user_id, spec->session_id);

	run->uid = spec->uid;
	run->io = spec->io;
	if (spec->request_id != NULL)
		(void)str_copy(run->request_id, spec->request_id,
		    sizeof(run->request_id));
	(void)str_copy(run->reason, spec->reason, sizeof(run->reason));
	run->spawn = spawn_of(spec);
	run->cwd = spec->cwd != NULL ? xstrdup(spec->cwd) : NULL;
	run->argv_json = spec->argv != NULL ? argv_json(run->spawn) : NULL;
	run_door_wish(run, run->spawn);
	write_row(tx, run, spec);
	return run;
}

/* Nobody has heard of it: its row was undone. */
void
run_discard(struct run *run)
{
	run_leave(run, 0);
}

/*
 * The process was not started; that is the run's end and its starter's answer.
 * A person looking at the terminal finds the reason there (abuse H16).
 */
static void
start_failed(struct run *run, int err, const char *state, const char *why)
{
	char text[2 * PRIV_WHY_MAX + 64];

	run_spawn_free(run);
	run->start_err = err;
	if (run->term != NULL) {
		(void)snprintf(text, sizeof(text),
		    "rdv: could not be started: %s\r\n", why);
		term_note(run->term, text);
	}
	run_over(run, state, why);
}

/* What the helper says to a spawn, as an outcome for the one who asked. */
static const int outcomes[PRIV_RESULT_MAX] = {
	[PRIV_DENIED] = RDV_E_DENIED,
	[PRIV_NO_SUCH] = RDV_E_SPAWN,
	[PRIV_FAILED] = RDV_E_SPAWN,
	[PRIV_BUSY] = RDV_E_BUSY,
	[PRIV_UNSUPPORTED] = RDV_E_SPAWN,
};

/*
 * A program or a directory that is not there is a mistake of the one who asked,
 * who is told its name; any other stage is told as the helper names it.
 */
static void
spawn_failed(struct run *run, const struct priv_spawn_answer *a)
{
	const struct priv_spawn *m = run->spawn;
	const char *verb = NULL, *name = NULL;
	char safe[256], why[PRIV_WHY_MAX + sizeof(safe)];

	if (strcmp(a->stage, "C12 chdir") == 0) {
		verb = "enter";
		name = m->cwd;
	} else if (m->argc > 0 && (strcmp(a->stage, "P3 program") == 0 ||
				      strcmp(a->stage, "C18 execve") == 0)) {
		verb = "run";
		name = m->argv[0];
	}
	(void)str_copy(why, a->why, sizeof(why));
	if (name != NULL) {
		(void)str_escape(safe, sizeof(safe), name, strlen(name));
		(void)snprintf(why, sizeof(why), "cannot %s %s: %s (%s)", verb,
		    safe, strerror(a->err), a->stage);
	}
	start_failed(run, outcomes[a->result], "failed", why);
}

void
run_take_hold(struct run *run, uint32_t guards, const struct priv_hold *h)
{
	run->guards = guards;
	run->output_max = h->limits[PRIV_LIMIT_ACCOUNT_OUTPUT_BYTES].max;
}

bool
run_room_cb(void *arg)
{
	return kept_has_room(arg);
}

static void
spawned(struct run *run, const struct priv_spawn_answer *a,
    struct seqpkt_fds *fds)
{
	struct term_start start = {
		.io = run->spawn->io,
		.fd = { fds->fd[0], fds->fd[1], fds->fd[2] },
		.owner = run->user_id,
		.drained = run_drained_cb,
		.sized = run_sized_cb,
		.room = run_room_cb,
		.arg = run,
	};

	if (start.io == PRIV_IO_PTY) {
		start.cols = run->spawn->cols;
		start.rows = run->spawn->rows;
	}
	run_door_take(run, a->guards, fds);
	run_take_page(run, &a->hold, fds);
	fds->n = 0;
	run->handle = a->handle;
	run->generation = helper_generation(run->runs->app->helper);
	run_take_hold(run, a->guards, &a->hold);
	run->policy_json =
	    run_policy_json(run->spawn->profile, a->guards, &a->hold);
	run->started_at = clock_wall_ms();
	run->phase = RUN_LIVE;
	run_spawn_free(run);
	run_door_open(run, run->door_digest);
	term_start(run->term, &start);
	run->running_due = true;
	run_store(run);
	log_info("run", "running run=%s session=%s request=%s pid=%u", run->id,
	    run->session_id, run->request_id, a->pid);
	/* Stopped while it was started; now there is a handle to do it by. */
	if (run->stop != NULL)
		run_end_now(run);
}

/*
 * rdvd ends: the next one looks whether the process was started. Hence no end
 * is written: the row stays "starting".
 */
static void
let_go(struct run *run)
{
	run_started_fn *cb = run->started;
	void *arg = run->started_arg;

	run_leave(run, RDV_E_UNAVAILABLE);
	cb(RDV_E_UNAVAILABLE, "rdv is ending; look again when it is back", arg);
}

static void
run_spawn_cb(int err, const struct priv_spawn_answer *a, struct seqpkt_fds *fds,
    void *arg)
{
	struct run *run = arg;

	/* A grant ends with its token, and the helper alone knows when. */
	if (err == 0 && a->result == PRIV_DENIED)
		grant_forget(run->runs->app->grants, run->uid);
	if (err == 0 && a->result == PRIV_DONE)
		spawned(run, a, fds);
	else if (err == 0)
		spawn_failed(run, a);
	else if (run->runs->app->draining)
		let_go(run);
	else if (err == RDV_E_UNAVAILABLE)
		start_failed(run, err, "lost",
		    "the helper ended before it answered; whether the program "
		    "was started is not known");
	else
		start_failed(run, err, "failed", helper_why(err));
}

static void
fill_in(struct run *run, const struct grant *g)
{
	struct priv_spawn *m = run->spawn;
	/* As login(1) starts it; -l, because argv[0] is the path here. */
	const char *const shell[] = { g->shell, "-l", NULL };

	memcpy(m->grant, g->bytes, sizeof(m->grant));
	m->output_bytes = kept_bytes(run);
	if (m->argc == 0) {
		free(m->argv);
		m->argv = copy_list(shell, &m->argc);
		run->argv_json = argv_json(m);
	}
	if (m->cwd == NULL) {
		m->cwd = xstrdup(g->home);
		run->cwd = xstrdup(g->home);
	}
	/* Confined: its own directory is all it may write. */
	if (strcmp(m->profile, "login") != 0 && m->paths == NULL) {
		const char *const paths[] = { m->cwd, NULL };

		m->paths = copy_list(paths, &m->pathc);
	}
}

static void
run_grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct run *run = arg;

	if (run->stop != NULL) {
		start_failed(run, RDV_E_STATE, "killed", run->stop);
	} else if (err != 0) {
		start_failed(run, err, "failed", why);
	} else {
		fill_in(run, g);
		helper_spawn(run->runs->app->helper, run->spawn, run_spawn_cb,
		    run);
	}
}

/* A terminal that cannot be recorded is not started, whoever asks for it. */
static int
record(struct run *run)
{
	const struct priv_spawn *m = run->spawn;
	const struct term_dims size = { m->cols, m->rows };
	int err = term_new(run->runs->terms, run->id, false, &run->term);

	if (err == 0 && m->io == PRIV_IO_PTY && m->cols > 0)
		err = term_announce_size(run->term, size);
	return err;
}

static void
not_recorded(struct run *run, int err)
{
	char why[128];

	(void)snprintf(why, sizeof(why), "its output cannot be recorded: %s",
	    strerror(-err));
	start_failed(run, err, "failed", why);
}

void
run_launch(struct run *run, run_started_fn *cb, void *arg)
{
	struct runs *r = run->runs;
	int err;

	run->started = cb;
	run->started_arg = arg;
	run->phase = RUN_ASKED;
	/* Before the process: what fails from here on can be shown in it. */
	err = record(run);
	if (r->app->draining)
		start_failed(run, RDV_E_UNAVAILABLE, "failed", "rdv is ending");
	else if (err != 0)
		not_recorded(run, err);
	else if ((err = kept_follow(run)) != 0)
		start_failed(run, err, "failed", strerror(-err));
	else
		grant_get(r->app->grants, run->uid, run_grant_cb, run);
}

void
run_refuse(struct run *run, int err, const char *why, run_started_fn *cb,
    void *arg)
{
	run->started = cb;
	run->started_arg = arg;
	run->phase = RUN_ASKED;
	if (run->runs->app->draining)
		let_go(run);
	else
		start_failed(run, err, "failed", why);
}
