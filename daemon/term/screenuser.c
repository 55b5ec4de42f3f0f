/* SPDX-License-Identifier: MIT */
/*
 * Whose screen is worked on. Users have their turns one after the other,
 * however much each has asked for; and so have, beside them, those whose
 * programs ask where the cursor is. What the daemon does by itself gives way to
 * everybody. Invariant: the loop is held for a slice and one step at most
 * (abuse J06), and programs have a quarter of its thread however many ask
 * (abuse J02).
 */
#include "daemon/term/screenuser.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/loop.h"
#include "daemon/term/flight.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Those of programs rest so many times as long as they have worked. */
#define PROGRAMS_REST 3
/*
 * A checkpoint that nobody may ever need is made in one half of the time in
 * which nothing else is to be done, so to speak: after each slice that long is
 * rested. But a flood of output must not come more slowly for it. What floods
 * pays for it: a unit of effort for so many bytes, which is some 4 % of what
 * moving them takes, and the rest is done when it is calm again. This is
 * counted and not timed, for on a busy machine nobody has all of the time.
 */
#define REST_US	   1000
#define PAY_BYTES  6
#define CREDIT_MAX (4 << 20)
#define CALM_BYTES 16384

struct screen_user *
screen_user_of(struct screen_users *us, const char *id)
{
	struct screen_user *u;

	TAILQ_FOREACH (u, &us->all, link)
		if (strcmp(u->id, id) == 0)
			return u;
	u = xcalloc(1, sizeof(*u));
	u->of = us;
	(void)str_copy(u->id, id, sizeof(u->id));
	TAILQ_INIT(&u->jobs);
	TAILQ_INSERT_TAIL(&us->all, u, link);
	return u;
}

void
screen_user_join(struct screen_job *j, struct screen_user *u)
{
	struct terms *ts = j->term->ts;

	j->user = u;
	if (ts->step == NULL)
		ts->step = xmalloc(FLIGHT_BYTES);
	TAILQ_INSERT_TAIL(&u->jobs, j, link);
	ts->stats.working++;
	/* One that rests is not waited for. */
	loop_timer_set_us(ts->slice, 0);
}

void
screen_user_leave(struct screen_job *j)
{
	struct screen_user *u = j->user;

	j->term->ts->stats.working--;
	TAILQ_REMOVE(&u->jobs, j, link);
	if (j->works) {
		u->emus--;
		if (u->of != NULL)
			u->of->emus--;
	}
	j->works = false;
	j->user = NULL;
	if (u->of == NULL || !TAILQ_EMPTY(&u->jobs))
		return;
	TAILQ_REMOVE(&u->of->all, u, link);
	free(u);
}

static bool
may_begin(const struct terms *ts, const struct screen_user *u)
{
	if (u->of == NULL)
		return u->emus == 0;
	if (u->of == &ts->owners)
		return u->emus == 0 && u->of->emus < SCREENS_FIRST;
	return u->emus < SCREENS_OF_USER &&
	       u->of->emus < (u->emus > 0 ? SCREENS_AT_ONCE : SCREENS_FIRST);
}

/* Those that are worked on stand at the front, in turn. */
static struct screen_job *
waiting(const struct screen_user *u)
{
	struct screen_job *j;

	TAILQ_FOREACH (j, &u->jobs, link)
		if (!j->works)
			break;
	return j;
}

static void
rotate(struct screen_user *u, struct screen_job *j)
{
	struct screen_job *behind;

	TAILQ_REMOVE(&u->jobs, j, link);
	behind = waiting(u);
	if (behind != NULL)
		TAILQ_INSERT_BEFORE(behind, j, link);
	else
		TAILQ_INSERT_TAIL(&u->jobs, j, link);
}

/* Whose turn it is. Who may not begin waits for others, who can go on. */
static struct screen_user *
first_of(struct terms *ts, struct screen_users *us)
{
	struct screen_user *u;

	TAILQ_FOREACH (u, &us->all, link)
		if (u->emus > 0 || may_begin(ts, u))
			return u;
	return NULL;
}

/* Askers and owners by turns, so that neither keeps the other waiting. */
static struct screen_user *
next_user(struct terms *ts, int64_t now)
{
	struct screen_user *asker = first_of(ts, &ts->askers), *owner;

	owner = now < ts->rest_until ? NULL : first_of(ts, &ts->owners);
	if (asker != NULL && (owner == NULL || ts->owner_had))
		return asker;
	if (owner != NULL)
		return owner;
	return TAILQ_EMPTY(&ts->own.jobs) ? NULL : &ts->own;
}

static void
turn(struct terms *ts, struct screen_user *u)
{
	struct screen_job *j = may_begin(ts, u) ? waiting(u) : NULL;

	ts->owner_had = u->of == &ts->owners;
	if (u->of != NULL) {
		TAILQ_REMOVE(&u->of->all, u, link);
		TAILQ_INSERT_TAIL(&u->of->all, u, link);
	}
	if (j != NULL) {
		u->emus++;
		if (u->of != NULL)
			u->of->emus++;
		screen_begin(j);
		rotate(u, j);
		return;
	}
	j = TAILQ_FIRST(&u->jobs);
	rotate(u, j);
	screen_step(j);
}

/* What programs have cost; they rest when it is a slice. */
static void
charge(struct terms *ts, int64_t from, int64_t now)
{
	if (!ts->owner_had)
		return;
	ts->owners_us += now - from;
	if (ts->owners_us < SCREEN_SLICE_US)
		return;
	ts->rest_until = now + PROGRAMS_REST * ts->owners_us;
	ts->owners_us = 0;
	ts->stats.rests++;
}

/* Whether the daemon may do something of its own. */
static bool
may_spend(struct terms *ts)
{
	uint64_t moved = ts->load.bytes - ts->paid;

	ts->paid = ts->load.bytes;
	ts->credit += (int64_t)(moved / PAY_BYTES);
	if (ts->credit > CREDIT_MAX)
		ts->credit = CREDIT_MAX;
	if (ts->load.floods.n > 0 || moved > CALM_BYTES)
		return ts->credit > 0;
	if (ts->credit < 0)
		ts->credit = 0;
	return true;
}

/* When there is something to do again; nobody has to wait for what rests. */
static void
arm(struct terms *ts, int64_t now, int64_t spent)
{
	struct screen_user *u = next_user(ts, now);
	int64_t rest = -1, owners = ts->rest_until - now;

	if (u == &ts->own)
		rest = spent > REST_US ? spent : REST_US;
	else if (u != NULL)
		rest = 0;
	if (!TAILQ_EMPTY(&ts->owners.all) && owners > 0 &&
	    (rest < 0 || owners < rest))
		rest = owners;
	if (rest < 0)
		loop_timer_clear(ts->slice);
	else
		loop_timer_set_us(ts->slice, rest);
}

static void
screens_slice_cb(void *arg)
{
	struct terms *ts = arg;
	int64_t now = clock_mono_us(), begun = now, from;
	struct screen_user *u;
	bool may = false;

	while ((u = next_user(ts, now)) != NULL) {
		if (u == &ts->own && !may && !(may = may_spend(ts)))
			break;
		from = now;
		turn(ts, u);
		now = clock_mono_us();
		charge(ts, from, now);
		if (now - begun >= SCREEN_SLICE_US)
			break;
	}
	arm(ts, now, now - begun);
	if (ts->stats.working > 0)
		return;
	free(ts->step);
	ts->step = NULL;
}

void
screens_init(struct terms *ts)
{
	TAILQ_INIT(&ts->askers.all);
	TAILQ_INIT(&ts->owners.all);
	TAILQ_INIT(&ts->own.jobs);
	TAILQ_INIT(&ts->kept);
	ts->slice = loop_timer_new(ts->conf.loop, screens_slice_cb, ts);
}

void
screens_done(struct terms *ts)
{
	struct screen_user *u;

	/* Those of programs have gone with their terminals. */
	ts->rest_until = INT64_MAX;
	while ((u = next_user(ts, 0)) != NULL)
		screen_job_free(TAILQ_FIRST(&u->jobs));
	loop_timer_free(ts->slice);
	free(ts->step);
}
