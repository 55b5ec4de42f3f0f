/* SPDX-License-Identifier: MIT */
/*
 * From a log to a screen: from the newest checkpoint on, past what need not be
 * emulated, in steps. A job is somebody who waits, or one of the daemon's own
 * that makes a checkpoint when much was logged since the last; the latter gives
 * way to everybody. Users have their turns one after the other, however much
 * each has asked for; and so have, beside them, those whose programs ask where
 * the cursor is. Invariant: the loop is held for a slice and one step at
 * most, whatever the log contains (abuse J06), and programs have a quarter of
 * its thread however many ask (abuse J02).
 */
#include "daemon/term/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/emu/skip.h"
#include "daemon/loop.h"
#include "daemon/term/ckpt.h"
#include "daemon/term/flight.h"
#include "daemon/term/state.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A step: so many bytes, or cells that they change. */
#define STEP_BYTES 16384
#define STEP_WORK  65536
/*
 * Emulators there are at once: each holds a screen and the lines above. A
 * user's second one is not begun where it could keep another's first waiting.
 */
#define OF_USER 2u
#define AT_ONCE 4u
#define FIRSTS	8u
/*
 * Jobs of the daemon's own, and those of programs, rest so long after each
 * slice.
 */
#define REST_US 1500
/*
 * So much is logged before a checkpoint is made: what has to be emulated when
 * somebody attaches shall take some 20 ms. A flood is only looked through,
 * which is many times faster, and pays for less.
 */
#define KEEP_OFTEN  (2u << 20)
#define KEEP_SELDOM (32u << 20)
/* Less than this is emulated again next time. */
#define KEEP_WORTH (1u << 20)
#define CKPT_MAX   (8u << 20)

static void
next_size(struct screen_job *j)
{
	j->has_size = runlog_next_size(&j->term->log, &j->index, &j->size);
}

/* What was logged before sizes were has the one the terminal has now. */
static void
begin_at_start(struct screen_job *j)
{
	unsigned cols, rows;

	term_size(j->term, &cols, &rows);
	j->index = runlog_sizes(&j->term->log, 0);
	next_size(j);
	if (j->has_size && j->size.at == 0 &&
	    term_size_ok(j->size.cols, j->size.rows)) {
		cols = j->size.cols;
		rows = j->size.rows;
	}
	j->emu = emu_new(cols, rows);
}

static void
begin_anew(struct screen_job *j)
{
	struct term *t = j->term;
	struct ckpt c;
	int err;

	buf_init(&j->load, CKPT_MAX);
	err = ckpt_read(t->ts->conf.dirfd, t->run_id, &c, &j->load);
	if (err == 0 && c.offset <= t->log.size &&
	    term_size_ok(c.cols, c.rows)) {
		j->emu = emu_new(c.cols, c.rows);
		j->at = j->begun = c.offset;
		/* One that was made since is nearer than the beginning. */
		if (j->until < c.offset)
			j->until = c.offset;
		j->index = runlog_sizes(&t->log, c.offset);
		next_size(j);
		return;
	}
	buf_done(&j->load);
	begin_at_start(j);
}

static void
lose(struct screen_job *j)
{
	if (j->kept)
		TAILQ_REMOVE(&j->term->ts->kept, j, next_kept);
	j->kept = false;
	emu_free(j->emu);
	j->emu = NULL;
	buf_done(&j->load);
	j->at = j->begun = j->emulated = j->look_at = 0;
	j->looking = false;
}

/* From where it stands, unless a checkpoint is much nearer. */
static void
begin(struct screen_job *j)
{
	j->working = true;
	if (j->emu != NULL && j->term->kept >= j->at + KEEP_WORTH)
		lose(j);
	if (j->emu == NULL) {
		begin_anew(j);
		return;
	}
	TAILQ_REMOVE(&j->term->ts->kept, j, next_kept);
	j->kept = false;
	if (!j->has_size)
		next_size(j);
}

/* The checkpoint itself is output to be emulated first. */
static void
load_step(struct screen_job *j)
{
	size_t left = buf_left(&j->load), n;

	n = emu_feed(j->emu, j->load.data + j->load.off,
	    left < STEP_BYTES ? left : STEP_BYTES, STEP_WORK);
	j->load.off += n;
	j->term->ts->stats.emulated += n;
	if (n == left)
		buf_done(&j->load);
}

/* One step. False: it is where it was to come, or err is set. */
static bool
step(struct screen_job *j, int *err)
{
	struct terms *ts = j->term->ts;
	size_t max = STEP_BYTES;
	uint64_t end;
	long n;

	/* Its owner wants it gone, not looked at or kept once more. */
	if (runlog_is_removed(&j->term->log)) {
		*err = -ENOENT;
		return false;
	}
	if (buf_left(&j->load) > 0) {
		load_step(j);
		return true;
	}
	while (j->has_size && j->size.at <= j->at) {
		if (term_size_ok(j->size.cols, j->size.rows))
			emu_resize(j->emu, j->size.cols, j->size.rows);
		next_size(j);
	}
	if (j->at >= j->until)
		return false;
	end = j->has_size && j->size.at < j->until ? j->size.at : j->until;
	if (flight_step(j, end))
		return true;
	if (max > end - j->at)
		max = (size_t)(end - j->at);
	n = runlog_read(&j->term->log, j->at, ts->step, max);
	if (n <= 0) {
		*err = n < 0 ? (int)n : -EIO;
		return false;
	}
	n = (long)emu_feed(j->emu, ts->step, (size_t)n, STEP_WORK);
	j->at += (uint64_t)n;
	ts->stats.emulated += (uint64_t)n;
	j->emulated += (uint64_t)n;
	return true;
}

/*
 * A log that cannot be kept a checkpoint of is emulated again next time; one of
 * which it would be too much is kept one with fewer lines above the screen.
 */
static void
keep(struct screen_job *j, uint64_t at)
{
	struct term *t = j->term;
	struct emu_look look;
	struct ckpt c;
	struct buf b;
	int err = -EFBIG;

	t->kept = at;
	t->is_flood = j->emulated < (j->at - j->begun) / 4;
	emu_look(j->emu, &look);
	c = (struct ckpt){ at, look.cols, look.rows };
	if (emu_restore_most(j->emu, EMU_HISTORY, CKPT_MAX, &b)) {
		err = ckpt_write(t->ts->conf.dirfd, t->run_id, &c, &b);
		buf_done(&b);
	}
	if (err != 0)
		log_debug("term", "no checkpoint error=%d", -err);
}

static struct screen_user *
user_of(struct screen_users *us, const char *id)
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

static void
user_leave(struct screen_user *u)
{
	if (u->of == NULL || !TAILQ_EMPTY(&u->jobs))
		return;
	TAILQ_REMOVE(&u->of->all, u, link);
	free(u);
}

/* It is waited for by nobody, or no longer. */
static void
job_leave(struct screen_job *j)
{
	struct screen_user *u = j->user;

	j->term->ts->stats.working--;
	TAILQ_REMOVE(&u->jobs, j, link);
	if (j->working) {
		u->emus--;
		if (u->of != NULL)
			u->of->emus--;
	}
	j->working = false;
	j->user = NULL;
	user_leave(u);
}

/*
 * Emulators that stay where they are until they are asked again: few of each
 * owner's, so that nobody's terminals cost another the place of his.
 */
static void
stay(struct screen_job *j)
{
	struct terms *ts = j->term->ts;
	struct screen_job *other, *oldest = NULL;
	unsigned own = 0, all = 0;

	j->kept = true;
	TAILQ_INSERT_TAIL(&ts->kept, j, next_kept);
	TAILQ_FOREACH (other, &ts->kept, next_kept) {
		all++;
		if (strcmp(other->term->owner, j->term->owner) != 0)
			continue;
		if (own++ == 0)
			oldest = other;
	}
	if (own > OF_USER)
		lose(oldest);
	else if (all > FIRSTS)
		lose(TAILQ_FIRST(&ts->kept));
}

static void
finish_followed(struct screen_job *j, int err)
{
	uint64_t at = j->at - emu_partial(j->emu);

	job_leave(j);
	j->done(err, j->emu, at, j->arg);
	if (err != 0) {
		lose(j);
		return;
	}
	if (j->at - j->begun >= KEEP_WORTH) {
		keep(j, at);
		j->begun = j->at;
		j->emulated = 0;
	}
	stay(j);
}

static void
finish(struct screen_job *j, int err)
{
	uint64_t at = j->at - emu_partial(j->emu);

	j->term->ts->stats.screens++;
	if (j->follows) {
		finish_followed(j, err);
		return;
	}
	j->over = true;
	if (j->done != NULL)
		j->done(err, j->emu, at, j->arg);
	if (err != 0)
		j->term->kept = j->until; /* not again at once */
	else if (j->at - j->begun >= KEEP_WORTH)
		keep(j, at);
	screen_job_free(j);
}

static bool
may_begin(const struct terms *ts, const struct screen_user *u)
{
	if (u->of == NULL)
		return u->emus == 0;
	if (u->of == &ts->owners)
		return u->emus == 0 && u->of->emus < FIRSTS;
	return u->emus < OF_USER &&
	       u->of->emus < (u->emus > 0 ? AT_ONCE : FIRSTS);
}

/* Those that are worked on stand at the front, in turn. */
static struct screen_job *
waiting(const struct screen_user *u)
{
	struct screen_job *j;

	TAILQ_FOREACH (j, &u->jobs, link)
		if (!j->working)
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
	int err = 0;

	ts->owner_had = u->of == &ts->owners;
	if (u->of != NULL) {
		TAILQ_REMOVE(&u->of->all, u, link);
		TAILQ_INSERT_TAIL(&u->of->all, u, link);
	}
	if (j != NULL) {
		u->emus++;
		if (u->of != NULL)
			u->of->emus++;
		begin(j);
		rotate(u, j);
		return;
	}
	j = TAILQ_FIRST(&u->jobs);
	rotate(u, j);
	if (!step(j, &err))
		finish(j, err);
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
	ts->owners_us = 0;
	ts->rest_until = now + REST_US;
	ts->stats.rests++;
}

/* When there is something to do again; nobody has to wait for what rests. */
static void
arm(struct terms *ts, int64_t now)
{
	struct screen_user *u = next_user(ts, now);

	if (u != NULL && u != &ts->own)
		loop_timer_set_us(ts->slice, 0);
	else if (!TAILQ_EMPTY(&ts->owners.all) && now < ts->rest_until)
		loop_timer_set_us(ts->slice, ts->rest_until - now);
	else if (u != NULL)
		loop_timer_set_us(ts->slice, REST_US);
	else
		loop_timer_clear(ts->slice);
}

static void
screens_slice_cb(void *arg)
{
	struct terms *ts = arg;
	int64_t now = clock_mono_us(), end = now + SCREEN_SLICE_US, from;
	struct screen_user *u;

	while ((u = next_user(ts, now)) != NULL) {
		from = now;
		turn(ts, u);
		now = clock_mono_us();
		charge(ts, from, now);
		if (now >= end)
			break;
	}
	arm(ts, now);
	if (ts->stats.working > 0)
		return;
	free(ts->step);
	ts->step = NULL;
}

static struct screen_job *
job_new(struct term *t, screen_fn *done, void *arg)
{
	struct screen_job *j;

	if (t->size.cols == 0 || t->size.rows == 0)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->term = t;
	j->done = done;
	j->arg = arg;
	return j;
}

static void
job_join(struct screen_job *j, struct screen_user *u, uint64_t until)
{
	struct terms *ts = j->term->ts;

	j->user = u;
	j->until = until;
	if (ts->step == NULL)
		ts->step = xmalloc(FLIGHT_BYTES);
	TAILQ_INSERT_TAIL(&u->jobs, j, link);
	ts->stats.working++;
}

struct screen_job *
screen_job_new(struct term *t, const char *user_id, screen_fn *done, void *arg)
{
	struct terms *ts = t->ts;
	struct screen_job *j = job_new(t, done, arg);

	if (j == NULL)
		return NULL;
	job_join(j, user_id != NULL ? user_of(&ts->askers, user_id) : &ts->own,
	    t->log.size);
	/* One of the daemon's own ends with its terminal. */
	if (done != NULL)
		term_ref(t);
	/* One that rests is not waited for. */
	loop_timer_set_us(ts->slice, 0);
	return j;
}

struct screen_job *
screen_follow_new(struct term *t, screen_fn *done, void *arg)
{
	struct screen_job *j = job_new(t, done, arg);

	if (j != NULL)
		j->follows = true;
	return j;
}

void
screen_follow(struct screen_job *j, uint64_t until)
{
	struct terms *ts = j->term->ts;

	job_join(j, user_of(&ts->owners, j->term->owner), until);
	loop_timer_set_us(ts->slice, 0);
}

void
screen_job_free(struct screen_job *j)
{
	struct terms *ts;
	struct term *t;
	bool holds;

	if (j == NULL)
		return;
	holds = j->done != NULL && !j->follows;
	t = j->term;
	ts = t->ts;
	ts->stats.unwanted += holds && !j->over;
	if (j->user != NULL)
		job_leave(j);
	if (ts->stats.working == 0)
		loop_timer_clear(ts->slice);
	lose(j);
	if (t->keeper == j)
		t->keeper = NULL;
	free(j);
	if (holds)
		term_unref(t);
}

void
screen_grown(struct term *t)
{
	uint64_t every = t->is_flood ? KEEP_SELDOM : KEEP_OFTEN;

	if (t->keeper == NULL && t->log.size - t->kept >= every)
		t->keeper = screen_job_new(t, NULL, NULL, NULL);
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
