/* SPDX-License-Identifier: MIT */
/*
 * How what was asked ends without a decision: its time is over, nobody wants an
 * answer any more, or its run is no more. Invariant: none of these grants
 * anything, and each is a row and an event before anybody acts on it. Deadlines
 * are of the wall clock and looked at once a minute at the latest, so that a
 * host that slept, or an rdvd that was not there, has missed none.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/approvalstate.h"
#include "daemon/core/run.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#define LOOK_MS	  60000
#define LEAST_MS  100 /* so that a store that fails is not asked without end */
#define FAILED_MS 1000

static const char *
why_of(int err)
{
	return err < 0 ? strerror(-err) : err_name(err);
}

struct found {
	struct arena *arena;
	struct found_row {
		struct store_approval row;
		struct found_row *next;
	} * first;
};

/* After the walk, because what follows writes to the table that was read. */
static bool
approvals_found_cb(const struct store_approval *p, void *arg)
{
	struct found *f = arg;
	struct found_row *r = arena_alloc(f->arena, sizeof(*r));

	r->row = (struct store_approval){
		.id = arena_strdup(f->arena, p->id),
		.user_id = arena_strdup(f->arena, p->user_id),
		.session_id = arena_strdup(f->arena, p->session_id),
		.run_id = arena_strdup(f->arena, p->run_id),
		.kind = arena_strdup(f->arena, p->kind),
		.key = arena_strdup(f->arena, p->key),
		.state = arena_strdup(f->arena, p->state),
		.decided_at = p->decided_at,
		.delivered_at = p->delivered_at,
		.deadline_at = p->deadline_at,
	};
	r->next = f->first;
	f->first = r;
	return true;
}

int
approval_put_end(struct approvals *as, struct tx *tx,
    struct store_approval *row, struct approval_end **end)
{
	int err;

	row->decided_at = clock_wall_ms();
	if (approval_waiting(as, row->id) != NULL)
		row->delivered_at = row->decided_at;
	err = store_approval_end(tx, row);
	if (err != 0)
		return err;
	approval_event(tx, EV_APPROVAL_ENDED, row);
	*end = approval_end_new(as, row);
	return 0;
}

int
approval_put_lapse(struct approvals *as, struct tx *tx,
    struct store_approval *row, struct approval_end **end)
{
	int err = store_approval_lapse(tx, row->id, clock_wall_ms());

	if (err != 0)
		return err;
	row->state = "lapsed";
	approval_event(tx, EV_APPROVAL_ENDED, row);
	*end = approval_end_new(as, row);
	return 0;
}

typedef int put_fn(struct approvals *as, struct tx *tx,
    struct store_approval *row, struct approval_end **end);

/* One transaction each: a row that cannot be written holds up no other. */
static void
end_one(struct approvals *as, struct store_approval *row, const char *state,
    put_fn *put)
{
	struct approval_end *e = NULL;
	struct tx *tx = tx_begin(as->app->db);
	int err;

	row->state = state;
	err = put(as, tx, row, &e);
	if (err == 0) {
		tx_commit(tx, approval_ended, e);
		return;
	}
	tx_abort(tx);
	if (err != RDV_E_STATE)
		log_warnx("approval", "not recorded id=%s: %s", row->id,
		    why_of(err));
}

void
approval_lapse_run(struct approvals *as, const char *run_id)
{
	struct found f = { .arena = arena_new() };
	int err = store_approvals_open_of(as->app->db, run_id,
	    approvals_found_cb, &f);

	if (err != 0)
		log_warnx("approval", "cannot be read: %s", why_of(err));
	for (struct found_row *r = f.first; r != NULL; r = r->next)
		end_one(as, &r->row, r->row.state, approval_put_lapse);
	arena_free(f.arena);
}

void
approval_withdraw(struct approvals *as, const char *run_id, const char *key)
{
	struct found f = { .arena = arena_new() };
	int err = store_approvals_open_of(as->app->db, run_id,
	    approvals_found_cb, &f);

	if (err != 0)
		log_warnx("approval", "cannot be read: %s", why_of(err));
	for (struct found_row *r = f.first; r != NULL; r = r->next)
		if (strcmp(r->row.state, "pending") == 0 &&
		    (key == NULL || strcmp(r->row.key, key) == 0))
			end_one(as, &r->row, "withdrawn", approval_put_end);
	arena_free(f.arena);
}

void
approval_arm(struct approvals *as)
{
	int64_t deadline, ms = LOOK_MS;

	if (store_approvals_next(as->app->db, &deadline) != 0) {
		loop_timer_set(as->deadline, FAILED_MS);
		return;
	}
	if (deadline < 0) {
		loop_timer_clear(as->deadline);
		return;
	}
	if (deadline - clock_wall_ms() < ms)
		ms = deadline - clock_wall_ms();
	loop_timer_set(as->deadline, ms < LEAST_MS ? LEAST_MS : ms);
}

void
approval_deadline_cb(void *arg)
{
	struct approvals *as = arg;
	struct found f = { .arena = arena_new() };
	int err = store_approvals_due(as->app->db, clock_wall_ms(),
	    approvals_found_cb, &f);

	if (err != 0)
		log_warnx("approval", "cannot be read: %s", why_of(err));
	for (struct found_row *r = f.first; r != NULL; r = r->next)
		end_one(as, &r->row, "timed_out", approval_put_end);
	arena_free(f.arena);
	approval_arm(as);
}

/*
 * "Cannot tell" is not "gone": a run that no process was found for yet may
 * still turn up, and its row says so; we are asked again then.
 */
static bool
is_over(struct approvals *as, struct arena *a, const char *run_id)
{
	struct store_run run;

	return approval_asker(as, run_id) == NULL &&
	       store_run_find(as->app->db, a, run_id, &run) == 0 &&
	       strcmp(run.state, "starting") != 0 &&
	       strcmp(run.state, "running") != 0;
}

void
approvals_settle(struct approvals *as)
{
	struct found f = { .arena = arena_new() };
	int err = store_approvals_open(as->app->db, approvals_found_cb, &f);
	unsigned lapsed = 0, kept = 0;

	if (err != 0)
		log_warnx("approval", "cannot be read: %s", why_of(err));
	for (struct found_row *r = f.first; r != NULL; r = r->next) {
		if (is_over(as, f.arena, r->row.run_id)) {
			end_one(as, &r->row, r->row.state, approval_put_lapse);
			lapsed++;
		} else {
			kept++;
		}
	}
	if (lapsed > 0 || kept > 0)
		log_info("approval", "settled open=%u lapsed=%u", kept, lapsed);
	arena_free(f.arena);
	approval_deadline_cb(as);
}
