/* SPDX-License-Identifier: MIT */
/*
 * The terminal objects: which log, pump, input and viewers belong together and
 * how long. The run and each viewer hold a reference; descriptors of the
 * program go when the end is durable, the log when the last one leaves.
 * Invariant: viewers hear of the end only after it is durable.
 */
#include "daemon/term/term.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

static bool term_room_cb(void *);
static void term_grown_cb(void *);
static void term_drained_cb(void *);

static const struct pump_ops pump_ops = {
	.room = term_room_cb,
	.grown = term_grown_cb,
	.drained = term_drained_cb,
};

struct terms *
terms_new(const struct terms_conf *conf)
{
	struct terms *ts = xcalloc(1, sizeof(*ts));

	ts->conf = *conf;
	TAILQ_INIT(&ts->all);
	TAILQ_INIT(&ts->again);
	TAILQ_INIT(&ts->searches);
	floods_init(&ts->load.floods, conf->loop);
	busypoll_init(&ts->load.busypoll, conf->loop);
	ts->again_timer = loop_timer_new(conf->loop, viewer_again_cb, ts);
	ts->tick = loop_timer_new(conf->loop, viewer_tick_cb, ts);
	screens_init(ts);
	turns_init(&ts->turns, conf->loop);
	return ts;
}

void
terms_free(struct terms *ts)
{
	struct term *t, *next;

	if (ts == NULL)
		return;
	TAILQ_FOREACH_SAFE (t, &ts->all, link, next)
		viewers_reap(t);
	floods_done(&ts->load.floods);
	loop_timer_free(ts->again_timer);
	loop_timer_free(ts->tick);
	screens_done(ts);
	turns_done(&ts->turns);
	free(ts);
}

void
terms_stats(const struct terms *ts, struct terms_stats *out)
{
	*out = ts->stats;
	out->bytes = ts->load.bytes;
	out->blocks = ts->load.blocks;
	out->blocked = ts->load.blocked;
	out->flowing = ts->load.floods.n;
}

/* True when the window has all there is to have of `len` bytes at `off`. */
static bool
in_window(const struct terms *ts, const struct term *t, uint64_t off,
    size_t len)
{
	return ts->window_term == t && off >= ts->window_off &&
	       off + len <= ts->window_off + ts->window_len;
}

long
terms_window(struct terms *ts, const struct term *t, uint64_t off, size_t max,
    const uint8_t **p)
{
	long n;

	if (max > t->log.size - off)
		max = (size_t)(t->log.size - off);
	if (!in_window(ts, t, off, max)) {
		ts->window_term = NULL;
		n = runlog_read(&t->log, off, ts->window, sizeof(ts->window));
		if (n <= 0)
			return n;
		ts->window_term = t;
		ts->window_off = off;
		ts->window_len = (size_t)n;
		if (max > (size_t)n)
			max = (size_t)n;
	}
	*p = ts->window + (off - ts->window_off);
	return (long)max;
}

static struct term *
term_alloc(struct terms *ts)
{
	struct term *t = xcalloc(1, sizeof(*t));

	t->ts = ts;
	t->refs = 1;
	TAILQ_INIT(&t->viewers);
	TAILQ_INIT(&t->awaits);
	input_init(&t->input);
	pump_init(&t->pump, ts->conf.loop, &t->log, &ts->load, &pump_ops, t);
	return t;
}

static int
term_make(struct terms *ts, const char *run_id, enum runlog_mode mode,
    struct term **out)
{
	struct term *t = term_alloc(ts);
	int err = runlog_open(&t->log, ts->conf.dirfd, run_id, mode);

	if (err != 0) {
		free(t);
		return err;
	}
	(void)str_copy(t->run_id, run_id, sizeof(t->run_id));
	TAILQ_INSERT_TAIL(&ts->all, t, link);
	ts->stats.terms++;
	*out = t;
	return 0;
}

int
term_new(struct terms *ts, const char *run_id, bool adopt, struct term **out)
{
	return term_make(ts, run_id, adopt ? RUNLOG_ADOPT : RUNLOG_CREATE, out);
}

static void
end_set(struct term *t, const struct term_end *end)
{
	t->end = *end;
	t->end.cause = end->cause != NULL ? xstrdup(end->cause) : NULL;
	t->is_ended = true;
}

int
term_open(struct terms *ts, const char *run_id, const struct term_end *end,
    struct term_dims size, struct term **out)
{
	int err = term_make(ts, run_id, RUNLOG_READ, out);

	if (err != 0)
		return err;
	end_set(*out, end);
	term_recall_size(*out, size);
	return 0;
}

void
term_ref(struct term *t)
{
	t->refs++;
}

static void
close_program(struct term *t)
{
	answer_stop(t);
	if (t->io != PRIV_IO_PTY && t->input.fd >= 0)
		(void)close(t->input.fd);
	input_done(&t->input);
	size_done(&t->size);
	pump_done(&t->pump);
}

void
term_unref(struct term *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	screen_job_free(t->keeper);
	close_program(t);
	presence_done(&t->presence);
	runlog_close(&t->log);
	if (t->ts->window_term == t)
		t->ts->window_term = NULL;
	TAILQ_REMOVE(&t->ts->all, t, link);
	t->ts->stats.terms--;
	free((char *)t->end.cause);
	free(t);
}

void
term_start(struct term *t, const struct term_start *s)
{
	t->io = s->io;
	t->drained = s->drained;
	t->sized = s->sized;
	t->room = s->room;
	t->arg = s->arg;
	(void)str_copy(t->owner, s->owner != NULL ? s->owner : "",
	    sizeof(t->owner));
	t->size.cols = t->size.cols_due = s->cols;
	t->size.rows = t->size.rows_due = s->rows;
	t->input.fd = s->fd[0];
	if (s->io == PRIV_IO_PTY && s->cols > 0)
		size_log(t);
	answer_start(t);
	pump_start(&t->pump, s->io, s->io != PRIV_IO_PTY ? s->fd + 1 : s->fd);
}

int
term_announce_size(struct term *t, struct term_dims size)
{
	return runlog_put_size(&t->log, size.cols, size.rows);
}

static bool
term_room_cb(void *arg)
{
	struct term *t = arg;

	return t->room == NULL || t->room(t->arg);
}

static void
term_grown_cb(void *arg)
{
	struct term *t = arg;
	struct viewer *v;

	TAILQ_FOREACH (v, &t->viewers, link)
		if (!v->dead)
			viewer_run(v);
	if (!TAILQ_EMPTY(&t->awaits))
		awaits_grown(t);
	answer_grown(t);
	screen_grown(t);
}

static void
term_drained_cb(void *arg)
{
	struct term *t = arg;

	t->drained(t->arg);
}

void
term_note(struct term *t, const char *text)
{
	int err = runlog_note(&t->log, text);

	if (err != 0)
		log_warnx("term", "note not logged error=%d", -err);
	term_grown_cb(t);
}

void
term_finish(struct term *t, enum pump_ending why)
{
	pump_finish(&t->pump, why);
}

void
term_ended(struct term *t, const struct term_end *end)
{
	close_program(t);
	end_set(t, end);
	term_grown_cb(t);
}

uint64_t
term_bytes(const struct term *t)
{
	return t->log.size;
}

void
term_size(const struct term *t, unsigned *cols, unsigned *rows)
{
	*cols = t->size.cols;
	*rows = t->size.rows;
}

void
term_recall_size(struct term *t, struct term_dims size)
{
	t->size.cols = t->size.cols_due = size.cols;
	t->size.rows = t->size.rows_due = size.rows;
}

long
term_read(const struct term *t, uint64_t off, void *p, size_t len)
{
	return runlog_read(&t->log, off, p, len);
}

bool
term_span(const struct term *t, uint64_t off, struct runlog_span *out)
{
	return runlog_span(&t->log, off, out);
}

void
term_detach_all(struct term *t, const char *reason)
{
	struct viewer *v;

	/* All of them first: nobody inherits a size from one who leaves too. */
	TAILQ_FOREACH (v, &t->viewers, link)
		v->leaving = true;
	TAILQ_FOREACH (v, &t->viewers, link)
		if (!v->dead && v->ops->detached != NULL)
			v->ops->detached(reason, v->arg);
}

void
terms_leave(struct terms *ts)
{
	struct term *t, *next;
	struct viewer *v;

	TAILQ_FOREACH (t, &ts->all, link)
		TAILQ_FOREACH (v, &t->viewers, link)
			v->leaving = true;
	TAILQ_FOREACH_SAFE (t, &ts->all, link, next)
		awaits_leave(t);
}

unsigned
term_viewers(const struct term *t)
{
	return t->nviewers;
}
