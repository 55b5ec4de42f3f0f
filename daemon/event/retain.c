/* SPDX-License-Identifier: MIT */
/*
 * Old events make room. Deletion has a budget per hour and always leaves the
 * newest thousand, so that neither a clock that jumps nor a host that slept for
 * a month empties the history at once (abuse G23).
 */
#include "daemon/event/retain.h"

#include <stdlib.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/outbox.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

#define PERIOD_MS (60 * 60 * 1000)
#define PAUSE_MS  100	 /* between two transactions */
#define ROWS	  500	 /* in one transaction */
#define BUDGET	  100000 /* in one period */
#define KEEP_ROWS 1000

struct retain {
	struct loop_timer *timer;
	struct db *db;
	struct retain_spec spec;
	int64_t left; /* of the budget */
};

static void
retain_cb(void *arg)
{
	struct retain *r = arg;
	int64_t oldest, newest, now = clock_wall_ms();
	struct tx *tx;
	long n = 0;

	tx = tx_begin(r->db);
	if (store_event_bounds(r->db, &oldest, &newest) == 0)
		n = store_events_expire(tx, &(struct store_expiry){
						.to = newest - KEEP_ROWS,
						.before = now - r->spec.keep_ms,
						.now = now,
						.limit = ROWS,
					    });
	/*
	 * Told now and not when it is durable: the rows are gone for readers of
	 * this turn. Should the turn fail, a few are called gone that are not.
	 */
	if (n > 0 && store_event_bounds(r->db, &oldest, &newest) == 0)
		r->spec.moved(oldest, r->spec.arg);
	tx_commit(tx, NULL, NULL);
	r->left -= n > 0 ? n : 0;
	if (n == ROWS && r->left > 0) {
		loop_timer_set(r->timer, PAUSE_MS);
		return;
	}
	r->left = BUDGET;
	loop_timer_set(r->timer, PERIOD_MS);
}

struct retain *
retain_new(struct loop *l, struct db *db, const struct retain_spec *spec)
{
	struct retain *r = xcalloc(1, sizeof *r);

	r->db = db;
	r->spec = *spec;
	r->left = BUDGET;
	r->timer = loop_timer_new(l, retain_cb, r);
	loop_timer_set(r->timer, spec->first_ms);
	return r;
}

void
retain_free(struct retain *r)
{
	if (r == NULL)
		return;
	loop_timer_free(r->timer);
	free(r);
}
