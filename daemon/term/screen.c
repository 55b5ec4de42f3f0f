/* SPDX-License-Identifier: MIT */
/*
 * From a log to a screen. While nobody asks nothing is emulated: an idle
 * terminal has no emulator and a flood pays for none. Jobs take turns, a few
 * at a time, since each holds a screen and the lines above it. Invariant: the
 * loop is held for a slice and one step at most, whatever the log contains
 * (abuse J06).
 */
#include "daemon/term/screen.h"

#include <errno.h>
#include <stdlib.h>

#include "daemon/emu/emu.h"
#include "daemon/loop.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

/* A step: so many bytes, or cells that they change. */
#define STEP_BYTES 16384
#define STEP_WORK  65536
/* Emulators there are at once. */
#define AT_ONCE 4

struct screen_job {
	TAILQ_ENTRY(screen_job) link;
	struct term *term;
	screen_fn *done;
	void *arg;
	struct emu *emu; /* NULL: its turn has not come */
	uint64_t at, until;
	uint64_t index; /* of the next size in the log's index */
	struct runlog_size size;
	bool has_size; /* `size` is to come */
};

static void screens_slice_cb(void *terms);

static void
next_size(struct screen_job *j)
{
	j->has_size = runlog_next_size(&j->term->log, &j->index, &j->size);
}

/* What was logged before sizes were has the one the terminal has now. */
static void
begin(struct screen_job *j)
{
	unsigned cols, rows;

	term_size(j->term, &cols, &rows);
	j->index = runlog_sizes(&j->term->log, 0);
	next_size(j);
	if (j->has_size && j->size.at == 0) {
		cols = j->size.cols;
		rows = j->size.rows;
	}
	j->emu = emu_new(cols, rows);
}

/* One step. False: it is where it was to come, or err is set. */
static bool
step(struct screen_job *j, int *err)
{
	struct terms *ts = j->term->ts;
	size_t max = STEP_BYTES;
	long n;

	while (j->has_size && j->size.at <= j->at) {
		if (term_size_ok(j->size.cols, j->size.rows))
			emu_resize(j->emu, j->size.cols, j->size.rows);
		next_size(j);
	}
	if (j->at >= j->until)
		return false;
	if (max > j->until - j->at)
		max = (size_t)(j->until - j->at);
	if (j->has_size && max > j->size.at - j->at)
		max = (size_t)(j->size.at - j->at);
	n = runlog_read(&j->term->log, j->at, ts->step, max);
	if (n <= 0) {
		*err = n < 0 ? (int)n : -EIO;
		return false;
	}
	j->at += emu_feed(j->emu, ts->step, (size_t)n, STEP_WORK);
	return true;
}

static void
finish(struct screen_job *j, int err)
{
	uint64_t at = j->at - emu_partial(j->emu);

	j->done(err, j->emu, at, j->arg);
	screen_job_free(j);
}

/* The first of those whose turn it is goes behind the others. */
static void
turn(struct terms *ts)
{
	struct screen_job *j = TAILQ_FIRST(&ts->jobs), *last = j;
	int err = 0;

	if (j->emu == NULL)
		begin(j);
	if (!step(j, &err)) {
		finish(j, err);
		return;
	}
	for (unsigned n = 1; n < AT_ONCE && last != NULL; n++)
		last = TAILQ_NEXT(last, link);
	TAILQ_REMOVE(&ts->jobs, j, link);
	if (last == NULL || last == j)
		TAILQ_INSERT_TAIL(&ts->jobs, j, link);
	else
		TAILQ_INSERT_AFTER(&ts->jobs, last, j, link);
}

static void
screens_slice_cb(void *arg)
{
	struct terms *ts = arg;
	int64_t end = clock_mono_us() + SCREEN_SLICE_US;

	do
		turn(ts);
	while (!TAILQ_EMPTY(&ts->jobs) && clock_mono_us() < end);
	if (TAILQ_EMPTY(&ts->jobs)) {
		free(ts->step);
		ts->step = NULL;
	} else {
		loop_timer_set_us(ts->slice, 0);
	}
}

struct screen_job *
screen_job_new(struct term *t, screen_fn *done, void *arg)
{
	struct terms *ts = t->ts;
	struct screen_job *j;

	if (t->size.cols == 0 || t->size.rows == 0)
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->term = t;
	j->done = done;
	j->arg = arg;
	j->until = t->log.size;
	term_ref(t);
	if (ts->step == NULL)
		ts->step = xmalloc(STEP_BYTES);
	if (TAILQ_EMPTY(&ts->jobs))
		loop_timer_set_us(ts->slice, 0);
	TAILQ_INSERT_TAIL(&ts->jobs, j, link);
	return j;
}

void
screen_job_free(struct screen_job *j)
{
	struct terms *ts;
	struct term *t;

	if (j == NULL)
		return;
	t = j->term;
	ts = t->ts;
	TAILQ_REMOVE(&ts->jobs, j, link);
	if (TAILQ_EMPTY(&ts->jobs))
		loop_timer_clear(ts->slice);
	emu_free(j->emu);
	free(j);
	term_unref(t);
}

void
screens_init(struct terms *ts)
{
	TAILQ_INIT(&ts->jobs);
	ts->slice = loop_timer_new(ts->conf.loop, screens_slice_cb, ts);
}

void
screens_done(struct terms *ts)
{
	loop_timer_free(ts->slice);
	free(ts->step);
}
