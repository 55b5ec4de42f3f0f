/* SPDX-License-Identifier: MIT */
/*
 * One terminal, one size, several viewers with windows of their own. The
 * newest request wins and whoever made it owns the size; requests that come
 * faster than a program can redraw are gathered (abuse H10). When the owner
 * goes, the newest size stated by those who stay is the terminal's. Invariant:
 * every viewer has been told the size in force and whether it is its own.
 */
#include <sys/ioctl.h>

#include "daemon/loop.h"
#include "daemon/term/state.h"
#include "lib/err.h"
#include "lib/log.h"

#define GATHER_MS 50

static void size_timer_cb(void *);

bool
term_size_ok(int64_t cols, int64_t rows)
{
	return cols >= TERM_COLS_MIN && cols <= TERM_COLS_MAX &&
	       rows >= TERM_ROWS_MIN && rows <= TERM_ROWS_MAX;
}

static void
tell(struct term *t)
{
	struct viewer *v;

	TAILQ_FOREACH (v, &t->viewers, link)
		if (!v->dead && v->ops->size != NULL)
			v->ops->size(t->size.cols, t->size.rows,
			    v == t->size.owner, v->arg);
}

void
size_log(struct term *t)
{
	int err = runlog_put_size(&t->log, t->size.cols, t->size.rows);

	if (err != 0)
		log_warnx("term", "size not logged error=%d", -err);
}

static void
apply(struct term *t)
{
	struct size *s = &t->size;
	struct winsize ws = { .ws_col = (unsigned short)s->cols_due,
		.ws_row = (unsigned short)s->rows_due };

	if (s->cols != s->cols_due || s->rows != s->rows_due) {
		s->cols = s->cols_due;
		s->rows = s->rows_due;
		/* Fails for a program that is gone; then nobody looks. */
		(void)ioctl(t->pump.src[0].fd, TIOCSWINSZ, &ws);
		size_log(t);
		if (t->sized != NULL)
			t->sized(t->arg);
	}
	s->told = s->owner;
	tell(t);
	presence_changed(t);
}

static bool
due(const struct size *s)
{
	return s->cols != s->cols_due || s->rows != s->rows_due ||
	       s->owner != s->told;
}

/* The first request of a burst is served at once, the last when it is over. */
static void
size_timer_cb(void *arg)
{
	struct term *t = arg;
	struct size *s = &t->size;

	if (!due(s))
		return;
	apply(t);
	loop_timer_set(s->timer, GATHER_MS);
}

static void
size_ask(struct term *t, const struct viewer *v, unsigned cols, unsigned rows)
{
	struct size *s = &t->size;
	const struct viewer *was = s->owner;

	s->cols_due = cols;
	s->rows_due = rows;
	s->owner = v;
	if (was == NULL)
		answer_owned(t);
	if (s->timer == NULL)
		s->timer = loop_timer_new(t->ts->conf.loop, size_timer_cb, t);
	/*
	 * The size can wait; who answers the program must never be two (J02).
	 */
	if (was != NULL && was != v && loop_timer_pending(s->timer) &&
	    was->ops->size != NULL) {
		was->ops->size(s->cols, s->rows, false, was->arg);
		/* So that it hears of it when the size is its own again. */
		if (s->told == was)
			s->told = NULL;
	}
	if (!due(s) || loop_timer_pending(s->timer))
		return;
	apply(t);
	loop_timer_set(s->timer, GATHER_MS);
}

static int
check(const struct term *t, unsigned cols, unsigned rows)
{
	if (!term_size_ok(cols, rows))
		return RDV_E_INVALID;
	if (t->is_ended || t->io != PRIV_IO_PTY)
		return RDV_E_STATE;
	return 0;
}

/* The window's size is known from now on, whoever owns the terminal's. */
static void
note(struct viewer *v, unsigned cols, unsigned rows)
{
	v->cols = cols;
	v->rows = rows;
	v->stated = ++v->term->size.stated;
	presence_changed(v->term);
}

static int
state_size(struct viewer *v, unsigned cols, unsigned rows)
{
	int err = check(v->term, cols, rows);

	if (err != 0)
		return err;
	if (v->read_only)
		return RDV_E_DENIED;
	note(v, cols, rows);
	return 0;
}

int
viewer_resize(struct viewer *v, unsigned cols, unsigned rows)
{
	int err = state_size(v, cols, rows);

	if (err == 0)
		size_ask(v->term, v, cols, rows);
	return err;
}

int
viewer_state_size(struct viewer *v, unsigned cols, unsigned rows)
{
	int err = state_size(v, cols, rows);

	if (err == 0 && v->term->size.owner == NULL)
		size_ask(v->term, v, cols, rows);
	return err;
}

int
viewer_take_size(struct viewer *v)
{
	if (v->cols == 0)
		return RDV_E_STATE;
	return viewer_resize(v, v->cols, v->rows);
}

bool
viewer_owns_size(const struct viewer *v)
{
	return v->term->size.owner == v;
}

/*
 * Of those who stay the one that stated its size last; one that only looks
 * has stated none.
 */
static const struct viewer *
heir(const struct term *t)
{
	const struct viewer *v, *best = NULL;

	TAILQ_FOREACH (v, &t->viewers, link)
		if (!v->dead && !v->leaving && v->stated > 0 &&
		    (best == NULL || v->stated > best->stated))
			best = v;
	return best;
}

void
size_leave(struct term *t, const struct viewer *v)
{
	struct size *s = &t->size;
	const struct viewer *next;

	if (s->told == v)
		s->told = NULL;
	if (s->owner != v)
		return;
	s->owner = NULL;
	next = v->leaving || t->is_ended ? NULL : heir(t);
	if (next != NULL)
		size_ask(t, next, next->cols, next->rows);
}

void
size_done(struct size *s)
{
	loop_timer_free(s->timer);
	s->timer = NULL;
}
