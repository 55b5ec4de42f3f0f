/* SPDX-License-Identifier: MIT */
/*
 * From a log to a screen: from the newest checkpoint on, past what need not be
 * emulated, in steps. A job is somebody who waits, or one of the daemon's own
 * that makes a checkpoint when much was logged since the last, or it follows a
 * program that asks where the cursor is, and stays with its emulator. Whose
 * turn it is says screenuser.c. Invariant: a step is of so many bytes and
 * cells, whatever the log contains (abuse J06).
 */
#include "daemon/term/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/loop.h"
#include "daemon/term/ckpt.h"
#include "daemon/term/flight.h"
#include "daemon/term/state.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/* A step: so many bytes, or cells that they change. */
#define STEP_BYTES 16384
#define STEP_WORK  65536
/*
 * Effort is in units of about a nanosecond: two for each byte and one for each
 * cell it changes, or whatever else emu_feed() calls work. After so much of it
 * a checkpoint is made, so that whoever attaches waits for little more; and one
 * that takes long to write is not written for less than half its own length.
 */
#define BYTE_EFFORT 2
#define KEEP_EFFORT (4u << 20)
#define KEEP_FIRST  (1u << 20)
#define KEEP_OFTEN  (256u << 10)
#define KEEP_SELDOM (64u << 20)
/* Less than this is looked at again next time. */
#define KEEP_WORTH (1u << 20)
/* Cells put as output in a step. */
#define PUT_CELLS 4096

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

	err = ckpt_open(t->ts->conf.dirfd, t->run_id, &c, &j->load);
	/* One that was made since is nearer than the beginning. */
	if (err == 0 && c.offset <= t->log.size) {
		j->at = j->begun = c.offset;
		j->stage = SCREEN_LOAD;
		return;
	}
	if (err == 0)
		ckpt_in_free(j->load);
	j->load = NULL;
	begin_at_start(j);
	j->stage = SCREEN_RUN;
}

static void
lose(struct screen_job *j)
{
	if (j->kept)
		TAILQ_REMOVE(&j->term->ts->kept, j, next_kept);
	j->kept = false;
	ckpt_in_free(j->load);
	j->load = NULL;
	emu_put_free(j->put);
	j->put = NULL;
	buf_done(&j->out);
	if (j->keep != NULL)
		j->term->keeping = false;
	ckpt_out_free(j->keep);
	j->keep = NULL;
	emu_free(j->emu);
	j->emu = NULL;
	j->at = j->begun = j->effort = j->look_at = 0;
	j->looking = false;
}

/* From where it stands, unless a checkpoint is much nearer. */
void
screen_begin(struct screen_job *j)
{
	j->works = true;
	if (j->emu != NULL && j->term->saved >= j->at + KEEP_WORTH)
		lose(j);
	if (j->emu == NULL) {
		begin_anew(j);
		return;
	}
	TAILQ_REMOVE(&j->term->ts->kept, j, next_kept);
	j->kept = false;
	j->stage = SCREEN_RUN;
	/* Another size may have taken the place of the last one. */
	j->index = runlog_sizes(&j->term->log, j->at);
	next_size(j);
}

/* One of the daemon's own has that much less left to spend. */
static void
spend(struct screen_job *j, uint64_t effort)
{
	if (j->user == &j->term->ts->own)
		j->term->ts->credit -= (int64_t)effort;
}

/*
 * A stage's step: 1: it has more to do; 0: it is over; or -errno, with which
 * the job is.
 */
typedef int stage_fn(struct screen_job *j);

static int
load_step(struct screen_job *j)
{
	int got = ckpt_read_step(j->load, &j->emu);

	spend(j, CKPT_STEP);
	if (got == 0) {
		j->term->ts->stats.emulated += CKPT_STEP;
		return 1;
	}
	ckpt_in_free(j->load);
	j->load = NULL;
	if (got < 0) {
		j->at = j->begun = 0;
		begin_at_start(j);
		return 0;
	}
	j->index = runlog_sizes(&j->term->log, j->at);
	next_size(j);
	return 0;
}

static uint64_t
every(const struct term *t)
{
	return t->keep_every > 0 ? t->keep_every : KEEP_FIRST;
}

/* Who makes a checkpoint and is late makes another one on its way. */
static bool
is_far_enough(const struct screen_job *j)
{
	return j == j->term->keeper && j->at - j->begun >= every(j->term);
}

static int
run_step(struct screen_job *j)
{
	struct terms *ts = j->term->ts;
	size_t max = STEP_BYTES;
	uint64_t end, effort;
	long n;

	while (j->has_size && j->size.at <= j->at) {
		if (term_size_ok(j->size.cols, j->size.rows))
			emu_resize(j->emu, j->size.cols, j->size.rows);
		next_size(j);
	}
	if (j->at >= j->until || is_far_enough(j))
		return 0;
	end = j->has_size && j->size.at < j->until ? j->size.at : j->until;
	effort = j->effort;
	if (flight_step(j, end)) {
		spend(j, j->effort - effort);
		return 1;
	}
	if (max > end - j->at)
		max = (size_t)(end - j->at);
	n = runlog_read(&j->term->log, j->at, ts->step, max);
	if (n <= 0)
		return n < 0 ? (int)n : -EIO;
	n = (long)emu_feed(j->emu, ts->step, (size_t)n, STEP_WORK);
	j->at += (uint64_t)n;
	ts->stats.emulated += (uint64_t)n;
	effort = BYTE_EFFORT * (uint64_t)n + emu_work(j->emu);
	j->effort += effort;
	spend(j, effort);
	return 1;
}

static int
put_step(struct screen_job *j)
{
	const struct screen_wish *w = &j->wish;

	if (w->form == SCREEN_LOOK)
		return 0;
	if (j->put == NULL && w->form == SCREEN_OUTPUT)
		j->put = emu_put_new(j->emu, w->lines, w->max, w->alone);
	else if (j->put == NULL)
		j->put =
		    emu_put_text_new(j->emu, w->form == SCREEN_SGR, w->max);
	if (emu_put_step(j->put, PUT_CELLS))
		return 1;
	j->fits = emu_put_take(j->put, &j->out);
	emu_put_free(j->put);
	j->put = NULL;
	return 0;
}

static uint64_t
offset_of(const struct screen_job *j)
{
	return j->at - emu_partial(j->emu);
}

static void
tell(struct screen_job *j, int err)
{
	struct screen_got got = { 0 };

	j->term->ts->stats.screens++;
	if (!j->asked)
		return;
	j->asked = false;
	if (err == 0)
		got = (struct screen_got){ j->emu, offset_of(j),
			j->fits ? &j->out : NULL };
	j->done(err, &got, j->arg);
	buf_done(&j->out);
}

/*
 * What took little is done again next time; and one that follows still has its
 * emulator then, so it keeps no more often than the daemon by itself would.
 */
static bool
is_worth_keeping(const struct screen_job *j)
{
	uint64_t came = j->at - j->begun;

	if (j->follows)
		return came >= every(j->term) && j->at > j->term->kept;
	return j == j->term->keeper || j->effort >= KEEP_EFFORT / 2 ||
	       came >= KEEP_WORTH;
}

static int
tell_step(struct screen_job *j)
{
	tell(j, 0);
	if (!is_worth_keeping(j))
		j->stage = SCREEN_KEEP;
	return 0;
}

/* What is known of the next one by what this one took. */
static void
kept(struct screen_job *j, uint64_t len)
{
	uint64_t next =
	    (j->at - j->begun) / (j->effort / 1024 + 1) * (KEEP_EFFORT / 1024);

	if (next < KEEP_OFTEN)
		next = KEEP_OFTEN;
	if (next > KEEP_SELDOM)
		next = KEEP_SELDOM;
	j->term->keep_every = next > len / 2 ? next : len / 2;
	j->term->keeping = false;
	ckpt_out_free(j->keep);
	j->keep = NULL;
	j->begun = j->at;
	j->effort = 0;
}

/* A log that cannot be kept a checkpoint of is emulated again next time. */
static int
keep_step(struct screen_job *j)
{
	struct term *t = j->term;
	size_t len = 0;
	int got = 0;

	if (j->keep == NULL) {
		if (t->keeping)
			return 0;
		t->kept = offset_of(j);
		got = ckpt_create(t->ts->conf.dirfd, t->run_id, t->kept, j->emu,
		    &j->keep);
		t->keeping = got == 0;
	}
	spend(j, CKPT_STEP);
	if (got == 0)
		got = ckpt_write_step(j->keep, &len);
	if (got == 0)
		return 1;
	if (got < 0)
		log_debug("term", "no checkpoint error=%d", -got);
	else
		t->saved = t->kept;
	kept(j, len);
	return 0;
}

static stage_fn *const stages[SCREEN_OVER] = {
	[SCREEN_LOAD] = load_step,
	[SCREEN_RUN] = run_step,
	[SCREEN_PUT] = put_step,
	[SCREEN_TELL] = tell_step,
	[SCREEN_KEEP] = keep_step,
};

/* Much was logged meanwhile: it goes on from where it is. */
static bool
goes_on(struct screen_job *j)
{
	struct term *t = j->term;

	if (j != t->keeper || t->log.size - t->kept < every(t))
		return false;
	j->begun = j->at;
	j->until = t->log.size;
	j->effort = 0;
	j->stage = SCREEN_RUN;
	return true;
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
	if (own > SCREENS_OF_USER)
		lose(oldest);
	else if (all > SCREENS_FIRST)
		lose(TAILQ_FIRST(&ts->kept));
}

static void
join_owner(struct screen_job *j)
{
	struct terms *ts = j->term->ts;

	screen_user_join(j, screen_user_of(&ts->owners, j->term->owner));
}

/* Asked again while a checkpoint was written, it waits behind others. */
static void
over(struct screen_job *j, int err)
{
	if (!j->follows) {
		screen_job_free(j);
		return;
	}
	screen_user_leave(j);
	if (err == 0)
		stay(j);
	else
		lose(j);
	if (j->asked)
		join_owner(j);
}

void
screen_step(struct screen_job *j)
{
	int got;

	/* Its owner wants it gone, not looked at or kept once more. */
	if (runlog_is_removed(&j->term->log))
		got = -ENOENT;
	else
		got = stages[j->stage](j);
	if (got < 0) {
		if (!j->follows)
			j->term->kept = j->until; /* not again at once */
		tell(j, got);
		over(j, got);
	} else if (got == 0 && ++j->stage == SCREEN_OVER && !goes_on(j)) {
		over(j, 0);
	}
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

struct screen_job *
screen_job_new(struct term *t, const char *user_id,
    const struct screen_wish *wish, screen_fn *done, void *arg)
{
	struct terms *ts = t->ts;
	struct screen_job *j = job_new(t, done, arg);

	if (j == NULL)
		return NULL;
	if (wish != NULL)
		j->wish = *wish;
	j->until = t->log.size;
	/* One of the daemon's own ends with its terminal. */
	j->asked = j->holds = done != NULL;
	if (j->holds)
		term_ref(t);
	screen_user_join(j,
	    user_id != NULL ? screen_user_of(&ts->askers, user_id) : &ts->own);
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
	j->asked = true;
	j->until = until;
	if (j->user == NULL)
		join_owner(j);
}

void
screen_job_free(struct screen_job *j)
{
	struct terms *ts;
	struct term *t;
	bool holds;

	if (j == NULL)
		return;
	holds = j->holds;
	t = j->term;
	ts = t->ts;
	ts->stats.unwanted += holds && j->asked;
	if (j->user != NULL)
		screen_user_leave(j);
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
	if (t->keeper == NULL && t->log.size - t->kept >= every(t))
		t->keeper = screen_job_new(t, NULL, NULL, NULL, NULL);
}
