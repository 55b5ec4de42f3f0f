/* SPDX-License-Identifier: MIT */
/*
 * From a log to a screen: from the newest checkpoint on, past what need not be
 * emulated, in steps. A job is somebody who waits, or one of the daemon's own
 * that makes a checkpoint when much was logged since the last; the latter gives
 * way to everybody. Users have their turns one after the other, however much
 * each has asked for. Invariant: the loop is held for a slice and one step at
 * most, whatever the log contains (abuse J06).
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
/* A job of the daemon's own rests so long after each slice. */
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
begin(struct screen_job *j)
{
	struct term *t = j->term;
	struct ckpt c;
	int err;

	buf_init(&j->load, CKPT_MAX);
	err = ckpt_read(t->ts->conf.dirfd, t->run_id, &c, &j->load);
	if (err == 0 && c.offset <= j->until && term_size_ok(c.cols, c.rows)) {
		j->emu = emu_new(c.cols, c.rows);
		j->at = j->begun = c.offset;
		j->index = runlog_sizes(&t->log, c.offset);
		next_size(j);
		return;
	}
	buf_done(&j->load);
	begin_at_start(j);
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

static void
finish(struct screen_job *j, int err)
{
	uint64_t at = j->at - emu_partial(j->emu);

	j->term->ts->stats.screens++;
	j->over = true;
	if (j->done != NULL)
		j->done(err, j->emu, at, j->arg);
	if (err != 0)
		j->term->kept = j->until; /* not again at once */
	else if (j->at - j->begun >= KEEP_WORTH)
		keep(j, at);
	screen_job_free(j);
}

static struct screen_user *
user_of(struct terms *ts, const char *id)
{
	struct screen_user *u;

	if (id == NULL)
		return &ts->own;
	TAILQ_FOREACH (u, &ts->askers, link)
		if (strcmp(u->id, id) == 0)
			return u;
	u = xcalloc(1, sizeof(*u));
	(void)str_copy(u->id, id, sizeof(u->id));
	TAILQ_INIT(&u->jobs);
	TAILQ_INSERT_TAIL(&ts->askers, u, link);
	return u;
}

static void
user_leave(struct terms *ts, struct screen_user *u)
{
	if (u == &ts->own || !TAILQ_EMPTY(&u->jobs))
		return;
	TAILQ_REMOVE(&ts->askers, u, link);
	free(u);
}

static bool
may_begin(const struct terms *ts, const struct screen_user *u)
{
	if (u == &ts->own)
		return u->emus == 0;
	return u->emus < OF_USER && ts->emus < (u->emus > 0 ? AT_ONCE : FIRSTS);
}

/* Those that have an emulator stand at the front, in turn. */
static struct screen_job *
waiting(const struct screen_user *u)
{
	struct screen_job *j;

	TAILQ_FOREACH (j, &u->jobs, link)
		if (j->emu == NULL)
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
next_user(struct terms *ts)
{
	struct screen_user *u;

	TAILQ_FOREACH (u, &ts->askers, link)
		if (u->emus > 0 || may_begin(ts, u))
			return u;
	return TAILQ_EMPTY(&ts->own.jobs) ? NULL : &ts->own;
}

static void
turn(struct terms *ts, struct screen_user *u)
{
	struct screen_job *j = may_begin(ts, u) ? waiting(u) : NULL;
	int err = 0;

	if (u != &ts->own) {
		TAILQ_REMOVE(&ts->askers, u, link);
		TAILQ_INSERT_TAIL(&ts->askers, u, link);
	}
	if (j != NULL) {
		u->emus++;
		ts->emus += u != &ts->own;
		begin(j);
		rotate(u, j);
		return;
	}
	j = TAILQ_FIRST(&u->jobs);
	rotate(u, j);
	if (!step(j, &err))
		finish(j, err);
}

static void
screens_slice_cb(void *arg)
{
	struct terms *ts = arg;
	int64_t end = clock_mono_us() + SCREEN_SLICE_US;
	struct screen_user *u;

	while ((u = next_user(ts)) != NULL) {
		turn(ts, u);
		if (clock_mono_us() >= end)
			break;
	}
	u = next_user(ts);
	if (u != NULL) {
		loop_timer_set_us(ts->slice, u != &ts->own ? 0 : REST_US);
		return;
	}
	free(ts->step);
	ts->step = NULL;
}

struct screen_job *
screen_job_new(struct term *t, const char *user_id, screen_fn *done, void *arg)
{
	struct terms *ts = t->ts;
	struct screen_job *j;

	if (t->size.cols == 0 || t->size.rows == 0)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->term = t;
	j->user = user_of(ts, user_id);
	j->done = done;
	j->arg = arg;
	j->until = t->log.size;
	/* One of the daemon's own ends with its terminal. */
	if (done != NULL)
		term_ref(t);
	if (ts->step == NULL)
		ts->step = xmalloc(FLIGHT_BYTES);
	TAILQ_INSERT_TAIL(&j->user->jobs, j, link);
	ts->stats.working++;
	/* One that rests is not waited for. */
	loop_timer_set_us(ts->slice, 0);
	return j;
}

void
screen_job_free(struct screen_job *j)
{
	struct terms *ts;
	struct term *t;
	bool holds;

	if (j == NULL)
		return;
	holds = j->done != NULL;
	t = j->term;
	ts = t->ts;
	ts->stats.working--;
	ts->stats.unwanted += holds && !j->over;
	TAILQ_REMOVE(&j->user->jobs, j, link);
	if (j->emu != NULL) {
		j->user->emus--;
		ts->emus -= j->user != &ts->own;
	}
	user_leave(ts, j->user);
	if (next_user(ts) == NULL)
		loop_timer_clear(ts->slice);
	emu_free(j->emu);
	buf_done(&j->load);
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
	TAILQ_INIT(&ts->askers);
	TAILQ_INIT(&ts->own.jobs);
	ts->slice = loop_timer_new(ts->conf.loop, screens_slice_cb, ts);
}

void
screens_done(struct terms *ts)
{
	struct screen_user *u;

	while ((u = next_user(ts)) != NULL)
		screen_job_free(TAILQ_FIRST(&u->jobs));
	loop_timer_free(ts->slice);
	free(ts->step);
}
