/* SPDX-License-Identifier: MIT */
/*
 * Who looks, and who is told. What is told is made once a round and not once a
 * viewer, and one whose sink is full gets none of it until it has room, and
 * then the newest alone: so presence is bounded as output is (abuse D05).
 */
#include "daemon/term/presence.h"

#include <string.h>

#include "daemon/loop.h"
#include "daemon/term/state.h"
#include "lib/buf.h"
#include "lib/clock.h"

#define TEXT_MAX 32768

static bool
types(const struct viewer *v, int64_t now)
{
	return v->typed_ms > 0 && now - v->typed_ms < PRESENCE_TYPING_MS;
}

unsigned
presence_each(const struct term *t, unsigned max, presence_fn *cb, void *arg)
{
	int64_t now = clock_mono_ms();
	const struct viewer *v;
	unsigned n = 0;

	TAILQ_FOREACH (v, &t->viewers, link) {
		struct presence_row row = {
			.id = v->id,
			.name = v->name,
			.link = v->by_link[0] != '\0' ? v->by_link : NULL,
			.read_only = v->read_only,
			.owner = t->size.owner == v,
			.typing = types(v, now),
			.cols = v->cols,
			.rows = v->rows,
			.since = v->since,
		};

		if (!v->dead && n++ < max)
			cb(&row, arg);
	}
	return t->nviewers;
}

static void
tell(struct viewer *v, struct buf *said)
{
	v->unheard = v->ops->queued(v->arg) >= VIEWER_LOW;
	if (!v->unheard && v->ops->presence != NULL)
		v->ops->presence(v->term, said, v->arg);
}

static void
presence_round_cb(void *arg)
{
	struct term *t = arg;
	int64_t now = clock_mono_ms();
	bool typing = false;
	struct viewer *v;
	struct buf said;

	t->presence.soon = false;
	buf_init(&said, TEXT_MAX);
	TAILQ_FOREACH (v, &t->viewers, link) {
		v->typing = types(v, now);
		typing = typing || v->typing;
		if (!v->dead && v->hears)
			tell(v, &said);
	}
	buf_done(&said);
	/* The end of it is news as well. */
	if (typing && t->nviewers > 1 && !t->presence.soon)
		loop_timer_set(t->presence.timer, PRESENCE_TYPING_MS);
}

void
presence_changed(struct term *t)
{
	struct presence *p = &t->presence;

	if (p->listeners == 0 || p->soon)
		return;
	p->soon = true;
	if (p->timer == NULL)
		p->timer =
		    loop_timer_new(t->ts->conf.loop, presence_round_cb, t);
	loop_timer_set(p->timer, PRESENCE_GATHER_MS + (int64_t)t->nviewers);
}

/* Who is alone need not be told that he types. */
void
presence_typed(struct viewer *v)
{
	v->typed_ms = clock_mono_ms();
	if (v->typing || v->term->nviewers < 2)
		return;
	v->typing = true;
	presence_changed(v->term);
}

void
presence_more(struct viewer *v)
{
	struct buf said;

	if (!v->unheard)
		return;
	buf_init(&said, TEXT_MAX);
	tell(v, &said);
	buf_done(&said);
}

void
presence_done(struct presence *p)
{
	loop_timer_free(p->timer);
	p->timer = NULL;
}
