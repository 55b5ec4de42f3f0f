/* SPDX-License-Identifier: MIT */
/*
 * The job that looks whether rdv keeps its promises about what it has run.
 * Invariant: it reads and tells; what is wrong stays as it is until a person
 * has seen it. A pass goes over the tables in pages and never takes the loop
 * for more than a millisecond or the one statement it is at. What it finds is
 * looked at again a second later, since a row may be between two changes of
 * which each is durable by itself, and only what is still there is told.
 */
#include "daemon/core/integrity.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/integrity.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define EVERY_MS     (3600 * 1000)
#define AGAIN_MS     1000
#define STEP_US	     1000
#define PAUSE_MS     20 /* by the clock, and while somebody waits: */
#define HURRY_MS     2
#define ROWS	     64 /* of a page */
#define FINDINGS_MAX 200
#define TOLD_MAX     20 /* in the log, of one pass */
#define WAITERS_MAX  64

enum phase { AT_REST, LOOKING, BETWEEN, AGAIN };

struct candidate {
	struct integrity_finding is;
	const struct store_check *check;
	int64_t rowid;
	bool still;
};

struct waiter {
	integrity_fn *cb;
	void *arg;
	bool next; /* came amid a pass, and is told of the one after it */
};

struct integrity {
	struct app *app;
	struct loop_timer *timer;
	enum phase phase;
	const struct store_check *check;
	int64_t after, pages, begun_ms;
	struct candidate found[FINDINGS_MAX];
	size_t n, at; /* at: of those that are looked at again */
	bool more;
	struct waiter waiters[WAITERS_MAX];
	size_t nwaiters;
	struct integrity_finding told[FINDINGS_MAX];
	struct integrity_report report;
};

static void
begin(struct integrity *it)
{
	it->phase = LOOKING;
	it->check = store_checks;
	it->after = -1;
	it->pages = 0;
	it->n = it->at = 0;
	it->more = false;
	it->begun_ms = clock_mono_ms();
	for (size_t i = 0; i < it->nwaiters; i++)
		it->waiters[i].next = false;
	loop_timer_set(it->timer, 0);
}

/* Those that were there when it began; what they do may be to ask again. */
static void
tell_waiters(struct integrity *it, int err, const char *why, bool all)
{
	struct waiter w;
	size_t i = 0;

	while (i < it->nwaiters) {
		if (it->waiters[i].next && !all) {
			i++;
			continue;
		}
		w = it->waiters[i];
		it->waiters[i] = it->waiters[--it->nwaiters];
		w.cb(err, why, w.arg);
	}
}

static void
rest(struct integrity *it, int err, const char *why)
{
	it->phase = AT_REST;
	tell_waiters(it, err, why, false);
	if (it->phase != AT_REST)
		return;
	if (it->nwaiters > 0)
		begin(it);
	else
		loop_timer_set(it->timer, EVERY_MS);
}

static void
fail(struct integrity *it, int err)
{
	log_errorx("integrity", "%s cannot be read: %s", it->check->table,
	    err < 0 ? strerror(-err) : err_name(err));
	rest(it, RDV_E_UNAVAILABLE, "the database cannot be read");
}

static void
tell_log(const struct integrity_report *r)
{
	for (size_t i = 0; i < r->n && i < TOLD_MAX; i++) {
		const struct integrity_finding *f = &r->findings[i];

		log_errorx("integrity", "%s: %s of %s: %s", f->check, f->id,
		    f->table, f->what);
	}
	if (r->n > 0)
		log_errorx("integrity", "found=%zu%s; nothing was changed",
		    r->n, r->more ? " and more" : "");
	log_info("integrity", "looked pages=%lld ms=%lld found=%zu",
	    (long long)r->pages, (long long)r->ms, r->n);
}

static void
finish(struct integrity *it)
{
	struct integrity_report *r = &it->report;

	*r = (struct integrity_report){ .at = clock_wall_ms(),
		.ms = clock_mono_ms() - it->begun_ms,
		.pages = it->pages,
		.findings = it->told,
		.more = it->more };
	for (size_t i = 0; i < it->n; i++)
		if (it->found[i].still)
			it->told[r->n++] = it->found[i].is;
	tell_log(r);
	rest(it, 0, NULL);
}

/* What is under way is no finding while rdvd sees to it. */
static bool
is_excused(const struct integrity *it, const struct store_finding *f)
{
	return it->check->live && (!runs_settled(it->app->runs) ||
				      run_find(it->app->runs, f->id) != NULL);
}

static void
integrity_found_cb(const struct store_finding *f, void *arg)
{
	struct integrity *it = arg;
	struct candidate *c = &it->found[it->n];

	if (is_excused(it, f))
		return;
	if (it->n == FINDINGS_MAX) {
		it->more = true;
		return;
	}
	*c = (struct candidate){ .check = it->check, .rowid = f->rowid };
	c->is.check = it->check->name;
	c->is.table = it->check->table;
	c->is.what = it->check->what;
	(void)str_copy(c->is.id, f->id, sizeof(c->is.id));
	(void)str_copy(c->is.user_id, f->user_id, sizeof(c->is.user_id));
	it->n++;
}

/* One page; false when the pass is over, or has failed. */
static bool
look(struct integrity *it)
{
	struct db *db = it->app->db;
	int64_t upto;
	int err = store_check_page(db, it->check, it->after, ROWS, &upto);

	if (err == 0)
		err = store_check_look(db, it->check, it->after, upto,
		    integrity_found_cb, it);
	if (err != 0) {
		fail(it, err);
		return false;
	}
	it->pages++;
	it->after = upto;
	if (upto < INT64_MAX)
		return true;
	it->after = -1;
	it->check++;
	if (it->check->name != NULL)
		return true;
	it->phase = BETWEEN;
	loop_timer_set(it->timer, it->n > 0 ? AGAIN_MS : 0);
	return false;
}

static void
integrity_again_cb(const struct store_finding *f, void *arg)
{
	struct integrity *it = arg;
	struct candidate *c = &it->found[it->at];

	c->still = strcmp(c->is.id, f->id) == 0 && !is_excused(it, f);
}

static bool
look_again(struct integrity *it)
{
	const struct candidate *c = &it->found[it->at];
	int err;

	if (it->at == it->n) {
		finish(it);
		return false;
	}
	it->check = c->check;
	err = store_check_look(it->app->db, c->check, c->rowid - 1, c->rowid,
	    integrity_again_cb, it);
	if (err != 0) {
		fail(it, err);
		return false;
	}
	it->at++;
	return true;
}

static void
integrity_step_cb(void *arg)
{
	struct integrity *it = arg;
	const int64_t until = clock_mono_us() + STEP_US;
	bool on;

	if (it->app->draining)
		return;
	if (it->phase == AT_REST)
		begin(it);
	if (it->phase == BETWEEN)
		it->phase = AGAIN;
	do
		on = it->phase == LOOKING ? look(it) : look_again(it);
	while (on && clock_mono_us() < until);
	if (on)
		loop_timer_set(it->timer,
		    it->nwaiters > 0 ? HURRY_MS : PAUSE_MS);
}

struct integrity *
integrity_new(struct app *app)
{
	struct integrity *it = xcalloc(1, sizeof(*it));

	it->app = app;
	it->timer = loop_timer_new(app->loop, integrity_step_cb, it);
	return it;
}

void
integrity_free(struct integrity *it)
{
	if (it == NULL)
		return;
	integrity_let_go(it);
	loop_timer_free(it->timer);
	free(it);
}

void
integrity_settled(struct integrity *it)
{
	if (it == NULL)
		return;
	if (it->phase == AT_REST)
		begin(it);
}

const struct integrity_report *
integrity_report(const struct integrity *it)
{
	return &it->report;
}

int
integrity_ask(struct integrity *it, integrity_fn *cb, void *arg)
{
	if (it->nwaiters == WAITERS_MAX)
		return RDV_E_FULL;
	it->waiters[it->nwaiters++] =
	    (struct waiter){ cb, arg, it->phase != AT_REST };
	if (it->phase == AT_REST)
		begin(it);
	return 0;
}

void
integrity_let_go(struct integrity *it)
{
	if (it != NULL)
		tell_waiters(it, RDV_E_UNAVAILABLE, "rdvd ends", true);
}
