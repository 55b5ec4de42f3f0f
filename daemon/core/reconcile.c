/* SPDX-License-Identifier: MIT */
/*
 * What an earlier daemon left behind. INVENTORY says what lives, the rows say
 * what was wanted; each run of either becomes adopted, ended or lost, with the
 * cause. Invariant: a run is called lost only after a complete answer, and one
 * that may still be starting only after the helper's own deadline for it.
 *
 * A process without a row cannot be a run: its row was durable before the
 * helper heard of it. It is a tool of a dead daemon, whose outcome nobody waits
 * for, and it is ended.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "daemon/app.h"
#include "daemon/core/hostboot.h"
#include "daemon/core/kept.h"
#include "daemon/core/rundoor.h"
#include "daemon/core/runpolicy.h"
#include "daemon/core/runstate.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "daemon/store/runs.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* [ops] gives a start 10 s (docs/helper-protocol.md, SPAWN). */
#define START_MS 12000
#define AGAIN_MS 1000
#define DOOM_MS	 30000 /* two seconds of grace, and a busy disk */

struct reconcile {
	struct runs *runs;
	runs_settled_fn *settled;
	void *arg;
	int64_t began;
	bool again;    /* not the first look on this connection */
	bool look_due; /* something could not be settled yet */
	bool full;     /* this process has no room for more, as was said */
	struct loop_timer *timer;
	unsigned adopted, lost, ended;
	uint64_t ended_to; /* the highest handle of those */
};

static void reconcile_item_cb(int, const struct priv_inventory_answer *,
    struct seqpkt_fds *, void *);
static void reconcile_timer_cb(void *);

/* Of one connection: runs_lost() drops it when the next is to come. */
void
runs_reconcile(struct runs *r, runs_settled_fn *settled, void *arg)
{
	struct reconcile *rc = xcalloc(1, sizeof(*rc));

	rc->runs = r;
	rc->settled = settled;
	rc->arg = arg;
	rc->began = clock_mono_ms();
	rc->timer = loop_timer_new(r->app->loop, reconcile_timer_cb, rc);
	r->reconcile = rc;
	helper_inventory(r->app->helper, reconcile_item_cb, rc);
}

/* Its question has been answered or failed: the helper sees to that first. */
void
reconcile_free(struct reconcile *rc)
{
	if (rc == NULL)
		return;
	loop_timer_free(rc->timer);
	free(rc);
}

static void
reconcile_doomed_cb(const struct priv_exit *ev, void *arg)
{
	struct runs *r = arg;

	r->doomed--;
	/* NULL: [ops] has gone, and its handles with it. */
	if (ev != NULL)
		helper_exit_ack(r->app->helper, ev->handle);
}

void
runs_doom(struct runs *r, uint64_t handle)
{
	log_warnx("run", "ending a process nobody waits for handle=%016llx",
	    (unsigned long long)handle);
	helper_on_exit(r->app->helper, handle, reconcile_doomed_cb, r);
	r->doomed++;
	r->doomed_until = clock_mono_ms() + DOOM_MS;
	/* Not killed at once: the locks that git leaves then nobody removes. */
	helper_signal(r->app->helper, handle, SIGTERM, true, NULL, NULL);
}

/*
 * What the kernel cannot end, as its file system does not answer, is not waited
 * for without end: that would hold up everybody.
 */
bool
runs_dooming(const struct runs *r)
{
	if (r->reconcile != NULL && !r->reconcile->again)
		return true;
	return r->doomed > 0 && clock_mono_ms() < r->doomed_until;
}

static void
exited(struct run *run, const struct priv_inventory_answer *a)
{
	struct priv_exit ev = {
		.handle = a->handle, .status = a->status, .cut = a->cut
	};

	/* INVENTORY has the status alone; usage goes with the notice. */
	if (a->state == PRIV_EXITED)
		run_exited(run, &ev, false);
}

/* What the terminal really has: it may have been resized since the row. */
static void
size_of(int master, const struct store_run *row, struct term_start *s)
{
	const struct term_dims was = run_size(row);
	struct winsize ws = { 0 };

	s->cols = was.cols;
	s->rows = was.rows;
	if (ioctl(master, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0) {
		s->cols = ws.ws_col;
		s->rows = ws.ws_row;
	}
}

static void
start_term(struct run *run, const struct store_run *row, enum priv_io io,
    struct seqpkt_fds *fds)
{
	struct term_start start = {
		.io = io,
		.fd = { fds->fd[0], fds->fd[1], fds->fd[2] },
		.owner = run->user_id,
		.drained = run_drained_cb,
		.sized = run_sized_cb,
		.room = run_room_cb,
		.arg = run,
	};

	if (io == PRIV_IO_PTY) {
		size_of(fds->fd[0], row, &start);
	} else if (io == PRIV_IO_PIPES) {
		/* Its standard input ended with the daemon that held it. */
		start.fd[0] = -1;
		start.fd[1] = fds->fd[0];
		start.fd[2] = fds->fd[1];
	}
	fds->n = 0;
	term_start(run->term, &start);
}

static void
adopt(struct reconcile *rc, const struct store_run *row,
    const struct priv_inventory_answer *a, struct seqpkt_fds *fds)
{
	struct runs *r = rc->runs;
	struct run *run = run_alloc(r, row->id, row->user_id, row->session_id);
	int err = term_new(r->terms, row->id, true, &run->term);

	if (err != 0) {
		/* No descriptors or no space: it waits where it is. */
		log_errorx("run", "cannot adopt run=%s: %s", row->id,
		    strerror(-err));
		run_free(run);
		rc->look_due = true;
		return;
	}
	rc->adopted++;
	run->uid = a->uid;
	run->io = a->io;
	(void)str_copy(run->reason, row->reason, sizeof(run->reason));
	run->handle = a->handle;
	run->generation = helper_generation(r->app->helper);
	run_take_hold(run, a->guards, &a->hold);
	/* Without, it goes on: what has begun is not ended by our disk. */
	(void)kept_follow(run);
	if (row->request_id != NULL)
		(void)str_copy(run->request_id, row->request_id,
		    sizeof(run->request_id));
	run->cwd = row->cwd != NULL ? xstrdup(row->cwd) : NULL;
	run->argv_json =
	    row->argv_json != NULL ? xstrdup(row->argv_json) : NULL;
	run->started_at =
	    row->started_at >= 0 ? row->started_at : a->started_ms;
	run->halted_at = run->halted_row = row->stopped_at;
	run->phase = RUN_LIVE;
	run_door_take(run, a->guards, fds);
	run_take_page(run, &a->hold, fds);
	run_door_open(run, row->door);
	start_term(run, row, a->io, fds);
	/* Its daemon may have died between the start and the row of it. */
	run->running_due = strcmp(row->state, "starting") == 0;
	if (run->running_due)
		run->policy_json =
		    run_policy_json(a->profile, a->guards, &a->hold);
	run_store(run);
	if (a->state == PRIV_RUNNING)
		run_halted(run, (enum priv_halt)a->halt);
	/* Last: an end may be recorded inside, on top of all of the above. */
	exited(run, a);
}

static bool
in_flight(const struct store_run *row)
{
	return strcmp(row->state, "starting") == 0 ||
	       strcmp(row->state, "running") == 0;
}

static void
end_item(struct reconcile *rc, const struct priv_inventory_answer *a)
{
	/* Told of once more: the list was begun anew. */
	if (a->handle <= rc->ended_to)
		return;
	rc->ended_to = a->handle;
	rc->ended++;
	if (a->state == PRIV_EXITED)
		helper_exit_ack(rc->runs->app->helper, a->handle);
	else
		runs_doom(rc->runs, a->handle);
}

static void
item(struct reconcile *rc, const struct priv_inventory_answer *a,
    struct seqpkt_fds *fds, struct arena *arena)
{
	struct runs *r = rc->runs;
	struct run *run = run_find(r, a->label);
	struct store_run row;
	int err = RDV_E_NOT_FOUND;

	/* Ours, and its EXIT may have gone to nobody. */
	if (run != NULL && run->handle == a->handle) {
		exited(run, a);
		run_halted(run, (enum priv_halt)a->halt);
		run_found(run);
		return;
	}
	/* Its start was never answered, and has failed because of that. */
	if (run != NULL) {
		end_item(rc, a);
		return;
	}
	if (uuid_valid(a->label))
		err = store_run_find(r->app->db, arena, a->label, &row);
	if (err < 0)
		rc->look_due = true;
	else if (err == 0 && in_flight(&row))
		adopt(rc, &row, a, fds);
	else if (!rc->again) /* later it may be a child of our own */
		end_item(rc, a);
}

struct left {
	struct reconcile *rc;
	struct arena *arena;
	struct store_run *rows;
	size_t n, cap;
};

static bool
reconcile_left_cb(const struct store_run *row, void *arg)
{
	struct left *l = arg;
	struct store_run *copy;

	if (run_find(l->rc->runs, row->id) != NULL)
		return true;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 16 : l->cap * 2;
		l->rows = xreallocarray(l->rows, l->cap, sizeof(*l->rows));
	}
	copy = &l->rows[l->n++];
	*copy = *row;
	copy->id = arena_strdup(l->arena, row->id);
	copy->user_id = arena_strdup(l->arena, row->user_id);
	copy->state = arena_strdup(l->arena, row->state);
	copy->reason = arena_strdup(l->arena, row->reason);
	copy->session_id = row->session_id == NULL
			       ? NULL
			       : arena_strdup(l->arena, row->session_id);
	copy->generation = row->generation == NULL
			       ? NULL
			       : arena_strdup(l->arena, row->generation);
	copy->cause =
	    row->cause == NULL ? NULL : arena_strdup(l->arena, row->cause);
	return true;
}

static bool
of_this_helper(const struct reconcile *rc, const struct store_run *row)
{
	return row->generation != NULL &&
	       strtoull(row->generation, NULL, 16) ==
		   helper_generation(rc->runs->app->helper);
}

/* All of rdv was on its way down, and took it along (core/runstop.c). */
static bool
is_stopped(const struct reconcile *rc, const struct store_run *row)
{
	return row->cause != NULL && !of_this_helper(rc, row);
}

/*
 * NULL: it may still turn up. Another generation means that whoever knew its
 * end is gone; the same one without a record was asked completely and has none.
 */
static const char *
why_lost(const struct reconcile *rc, const struct store_run *row)
{
	bool starting = strcmp(row->state, "starting") == 0;

	if (is_stopped(rc, row))
		return row->cause;
	if (rc->runs->app->rebooted)
		return HOSTBOOT_CAUSE;
	if (row->generation != NULL && !of_this_helper(rc, row))
		return "rdv was stopped or restarted while it ran; exit "
		       "status unknown";
	if (!starting)
		return "the helper has no record of it; exit status unknown";
	if (clock_mono_ms() - rc->began < START_MS)
		return NULL;
	return "rdvd ended while it was being started, and it was not";
}

static void
lose(struct reconcile *rc, const struct store_run *row, const char *why)
{
	struct runs *r = rc->runs;
	struct run *run = run_alloc(r, row->id, row->user_id, row->session_id);

	(void)str_copy(run->reason, row->reason, sizeof(run->reason));
	if (!is_stopped(rc, row))
		rc->lost++;
	/* For the size of its log; there may be none. */
	if (term_new(r->terms, row->id, true, &run->term) == 0)
		term_recall_size(run->term, run_size(row));
	run_over(run, is_stopped(rc, row) ? "killed" : "lost", why);
}

static void
settle_rows(struct reconcile *rc)
{
	struct left l = { .rc = rc, .arena = arena_new() };
	int err =
	    store_runs_in_flight(rc->runs->app->db, reconcile_left_cb, &l);

	if (err != 0)
		rc->look_due = true;
	/* After the walk, because this writes to the table that was read. */
	for (size_t i = 0; i < l.n; i++) {
		const char *why = why_lost(rc, &l.rows[i]);

		if (why == NULL)
			rc->look_due = true;
		else
			lose(rc, &l.rows[i], why);
	}
	free(l.rows);
	arena_free(l.arena);
}

/* All that lives has been told of, or as much as there was room for. */
static void
complete(struct reconcile *rc, bool all)
{
	struct runs *r = rc->runs;
	bool first = !rc->again;

	if (all)
		runs_not_found(r);
	else
		rc->look_due = true;
	/* What lives and could not be adopted has a row like what is gone. */
	if (!rc->look_due)
		settle_rows(rc);
	rc->again = true;
	log_info("run", "settled adopted=%u lost=%u ended=%u more=%d",
	    rc->adopted, rc->lost, rc->ended, rc->look_due);
	if (rc->look_due)
		loop_timer_set(rc->timer, AGAIN_MS);
	if (!r->settled) {
		r->found = rc->adopted + rc->ended;
		r->lost = rc->lost;
	}
	r->settled = true;
	rc->settled(first, rc->arg);
	if (!rc->look_due) {
		r->reconcile = NULL;
		reconcile_free(rc);
	}
}

static void
reconcile_item_cb(int err, const struct priv_inventory_answer *a,
    struct seqpkt_fds *fds, void *arg)
{
	struct reconcile *rc = arg;
	struct arena *arena;

	if (a != NULL) {
		arena = arena_new();
		item(rc, a, fds, arena);
		arena_free(arena);
		seqpkt_fds_close(fds);
		return;
	}
	/*
	 * Without a complete answer nothing is known to be gone. When [ops]
	 * has gone, another look begins with the next one.
	 */
	if (err == RDV_E_FULL && !rc->full)
		log_errorx("run", "runs wait to be taken over: %s",
		    helper_why(err));
	rc->full = err == RDV_E_FULL;
	if (err == 0 || rc->full)
		complete(rc, err == 0);
	else if (helper_ready(rc->runs->app->helper))
		loop_timer_set(rc->timer, AGAIN_MS);
}

static void
reconcile_timer_cb(void *arg)
{
	struct reconcile *rc = arg;

	rc->look_due = false;
	helper_inventory(rc->runs->app->helper, reconcile_item_cb, rc);
}
