/* SPDX-License-Identifier: MIT */
/*
 * Viewers: live output and replay are one loop that gives log[offset..] to a
 * sink while the sink takes it. A sink that stops taking costs a number, not
 * memory (abuse D05). Invariant: what a viewer was given is a gapless prefix
 * of the log from where it began, and its end comes after the last byte.
 */
#include "daemon/term/viewer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/loop.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* One viewer's share of a turn, so that a replay does not hold up the rest. */
#define TURN_BYTES 262144
/* Nearer to the end of the log than this a viewer is never called slow. */
#define FAR_BEHIND (1024 * 1024)
#define TICK_MS	   1000

static void viewer_reap_cb(void *);

static void
later(struct viewer *v)
{
	struct terms *ts = v->term->ts;

	if (v->again)
		return;
	v->again = true;
	if (TAILQ_EMPTY(&ts->again))
		loop_timer_set_us(ts->again_timer, 0);
	TAILQ_INSERT_TAIL(&ts->again, v, next_again);
}

/* A name that is too long is cut between characters. */
static void
introduce(struct viewer *v, const struct viewer_conf *conf)
{
	size_t len;

	v->id = ++v->term->presence.last;
	v->since = clock_wall_ms();
	v->hears = conf->hears;
	v->term->presence.listeners += conf->hears;
	if (conf->name != NULL &&
	    !str_copy(v->name, conf->name, sizeof(v->name))) {
		len = strlen(v->name);
		v->name[len - str_utf8_tail(v->name, len)] = '\0';
	}
	if (conf->link != NULL)
		(void)str_copy(v->by_link, conf->link, sizeof(v->by_link));
}

struct viewer *
viewer_new(struct term *t, const struct viewer_conf *conf,
    const struct viewer_ops *ops, void *arg)
{
	struct viewer *v = xcalloc(1, sizeof(*v));

	v->term = t;
	v->ops = ops;
	v->arg = arg;
	v->offset = conf->offset;
	v->chunk = conf->chunk > 0 ? conf->chunk : VIEWER_CHUNK;
	v->read_only = conf->read_only;
	v->held = conf->held;
	term_ref(t);
	TAILQ_INSERT_TAIL(&t->viewers, v, link);
	t->nviewers++;
	t->ts->stats.viewers++;
	introduce(v, conf);
	presence_changed(t);
	later(v);
	return v;
}

static void
lag(struct viewer *v, bool on)
{
	struct terms *ts = v->term->ts;

	if (v->lagging == on)
		return;
	v->lagging = on;
	if (!on) {
		ts->lagging--;
		return;
	}
	if (ts->lagging++ == 0)
		loop_timer_set(ts->tick, TICK_MS);
}

void
viewer_free(struct viewer *v)
{
	if (v == NULL || v->dead)
		return;
	v->dead = true;
	lag(v, false);
	size_leave(v->term, v);
	v->term->nviewers--;
	v->term->ts->stats.viewers--;
	v->term->presence.listeners -= v->hears;
	presence_changed(v->term);
	/* It may stand in a list somebody is walking. */
	loop_defer(v->term->ts->conf.loop, viewer_reap_cb, v);
}

static void
viewer_reap_cb(void *arg)
{
	struct viewer *v = arg;
	struct term *t = v->term;

	if (v->again)
		TAILQ_REMOVE(&t->ts->again, v, next_again);
	TAILQ_REMOVE(&t->viewers, v, link);
	free(v);
	term_unref(t);
}

/* The last of them may be what the terminal is still there for. */
void
viewers_reap(struct term *t)
{
	struct viewer *v, *next;

	t->refs++;
	TAILQ_FOREACH_SAFE (v, &t->viewers, link, next) {
		if (!v->dead)
			continue;
		loop_undefer(t->ts->conf.loop, viewer_reap_cb, v);
		viewer_reap_cb(v);
	}
	term_unref(t);
}

/* Bytes given, 0 when the sink waits for more, or -errno. */
static long
give(struct viewer *v)
{
	struct term *t = v->term;
	const uint8_t *p;
	bool last;
	size_t took;
	long n = terms_window(t->ts, t, v->offset, v->chunk, &p);

	if (n <= 0)
		return n;
	last = t->is_ended && v->offset + (size_t)n == t->log.size;
	took = v->ops->output(v->offset, p, (size_t)n, last, v->arg);
	v->offset += took;
	return (long)took;
}

static void
tell_end(struct viewer *v)
{
	struct term *t = v->term;

	if (v->dead || v->told || !t->is_ended || v->offset < t->log.size)
		return;
	v->told = true;
	v->ops->ended(&t->end, v->arg);
}

void
viewer_run(struct viewer *v)
{
	const struct runlog *log = &v->term->log;
	size_t given = 0;
	bool full = false;
	long n = 1;

	if (v->held)
		return;
	while (!v->dead && n > 0 && v->offset < log->size) {
		full = v->ops->queued(v->arg) >= VIEWER_LOW;
		if (full)
			break;
		if (given >= TURN_BYTES) {
			later(v);
			break;
		}
		n = give(v);
		given += n > 0 ? (size_t)n : 0;
	}
	if (v->dead)
		return;
	if (n < 0) {
		log_errorx("term", "log cannot be read error=%ld", -n);
		v->ops->slow(v->arg);
		return;
	}
	lag(v, full);
	tell_end(v);
}

void
viewer_again_cb(void *arg)
{
	struct terms *ts = arg;
	const struct viewer *end = TAILQ_LAST(&ts->again, viewer_list);
	struct viewer *v;
	bool more = end != NULL;

	/* Once round: who has more yet stands behind `end` then. */
	while (more && (v = TAILQ_FIRST(&ts->again)) != NULL) {
		more = v != end;
		TAILQ_REMOVE(&ts->again, v, next_again);
		v->again = false;
		viewer_run(v);
	}
	if (!TAILQ_EMPTY(&ts->again))
		loop_timer_set_us(ts->again_timer, 0);
}

static bool
too_slow(const struct viewer *v)
{
	const struct terms *ts = v->term->ts;
	uint64_t behind;

	if (v->dead || !v->lagging || v->ops->stalled_ms == NULL)
		return false;
	behind = v->term->log.size - v->offset + v->ops->queued(v->arg);
	return behind > FAR_BEHIND &&
	       v->ops->stalled_ms(v->arg) >= ts->conf.stall_ms;
}

void
viewer_tick_cb(void *arg)
{
	struct terms *ts = arg;
	struct viewer *v;
	struct term *t;

	TAILQ_FOREACH (t, &ts->all, link) {
		TAILQ_FOREACH (v, &t->viewers, link) {
			if (!too_slow(v))
				continue;
			ts->stats.slow++;
			v->ops->slow(v->arg);
		}
	}
	if (ts->lagging > 0)
		loop_timer_set(ts->tick, TICK_MS);
}

/* Nobody waits for a held one: it is not slow. */
void
viewer_hold(struct viewer *v)
{
	v->held = true;
	lag(v, false);
}

void
viewer_release(struct viewer *v, uint64_t offset)
{
	v->held = false;
	v->offset = offset;
	later(v);
}

void
viewer_more(struct viewer *v)
{
	if (v->dead)
		return;
	viewer_run(v);
	if (!v->dead)
		presence_more(v);
}

uint64_t
viewer_id(const struct viewer *v)
{
	return v->id;
}

uint64_t
viewer_offset(const struct viewer *v)
{
	return v->offset;
}

bool
viewer_seek(struct viewer *v, uint64_t offset)
{
	if (offset > v->term->log.size)
		return false;
	v->offset = offset;
	v->held = false;
	later(v);
	return true;
}
