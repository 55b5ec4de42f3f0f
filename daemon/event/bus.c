/* SPDX-License-Identifier: MIT */
/*
 * Fan-out. A subscriber is a cursor: it is told that there may be more and
 * pulls from the ring, or from pages of the table while it is behind. So a slow
 * one costs nothing but its place, and resuming after a break is the same code
 * as keeping up.
 *
 * Invariants: nothing above `newest` is ever shown, and `newest` only moves to
 * what is durable. A subscriber is woken at most once per turn, however many
 * events there were. One ended while subscribers are being woken is freed after
 * that (mark and sweep), so a wake may end any of them.
 */
#include "daemon/event/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/event/item.h"
#include "daemon/event/retain.h"
#include "daemon/event/ring.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/outbox.h"
#include "daemon/store/tx.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define PAGE 64
/* So many rows that others may not see does one call pass over. */
#define SKIP_MAX 1024
/* Starting has better things to do. */
#define RETAIN_FIRST_MS (60 * 1000)

struct page {
	size_t n, at;
	struct event_item *items[PAGE];
};

struct event_sub {
	LIST_ENTRY(event_sub) link;
	struct event_bus *bus;
	void (*wake)(void *);
	void *arg;
	int64_t next;	   /* the first number not seen yet */
	struct page *page; /* only while behind the ring */
	bool again;	   /* stopped for this turn's bound */
	bool dead;
	char user[UUID_TEXT]; /* "": sees only what is for everybody */
};

struct event_bus {
	struct loop *loop;
	struct db *db;
	LIST_HEAD(, event_sub) subs;
	unsigned nsubs;
	int64_t oldest, newest; /* numbers kept, and durable */
	int64_t woken;		/* newest when subscribers were last woken */
	bool waking;		/* a call is deferred */
	bool walking, swept;
	struct retain *retain;
	struct ring ring;
};

static bool
visible(const struct event_sub *s, const struct event *ev)
{
	return ev->user_id == NULL || strcmp(ev->user_id, s->user) == 0;
}

/* True when the new events concern this subscriber. */
static bool
concerned(const struct event_sub *s)
{
	const struct event_item *item;

	if (s->again)
		return true;
	for (int64_t seq = s->bus->woken + 1; seq <= s->bus->newest; seq++) {
		item = ring_get(&s->bus->ring, seq);
		/* A flood has overrun the ring: look for yourself. */
		if (item == NULL || visible(s, &item->ev))
			return true;
	}
	return false;
}

static void
page_empty(struct page *p)
{
	while (p->at < p->n)
		free(p->items[p->at++]);
	p->n = p->at = 0;
}

static void
page_drop(struct event_sub *s)
{
	if (s->page == NULL)
		return;
	page_empty(s->page);
	free(s->page);
	s->page = NULL;
}

static void
sub_free(struct event_sub *s)
{
	LIST_REMOVE(s, link);
	s->bus->nsubs--;
	page_drop(s);
	free(s);
}

static void
wake_all_cb(void *arg)
{
	struct event_bus *bus = arg;
	struct event_sub *s, *next;

	bus->waking = false;
	bus->walking = true;
	LIST_FOREACH (s, &bus->subs, link) {
		if (s->dead || !concerned(s))
			continue;
		s->again = false;
		s->wake(s->arg);
	}
	bus->walking = false;
	bus->woken = bus->newest;
	if (!bus->swept)
		return;
	bus->swept = false;
	LIST_FOREACH_SAFE (s, &bus->subs, link, next)
		if (s->dead)
			sub_free(s);
}

static void
wake_later(struct event_bus *bus)
{
	if (bus->waking)
		return;
	bus->waking = true;
	loop_defer(bus->loop, wake_all_cb, bus);
}

static void
bus_publish_cb(void *event, void *arg)
{
	struct event_bus *bus = arg;
	struct event_item *item = event;

	bus->newest = item->ev.seq;
	if (bus->oldest == 0)
		bus->oldest = item->ev.seq;
	ring_put(&bus->ring, item);
	wake_later(bus);
}

struct event_bus *
event_bus_new(struct loop *l, struct db *db)
{
	struct event_bus *bus = xcalloc(1, sizeof *bus);

	bus->loop = l;
	bus->db = db;
	LIST_INIT(&bus->subs);
	/* What was emitted before there was a bus is durable after this. */
	db_settle(db);
	if (store_event_bounds(db, &bus->oldest, &bus->newest) != 0) {
		free(bus);
		return NULL;
	}
	bus->woken = bus->newest;
	db_publish_to(db, bus_publish_cb, bus);
	return bus;
}

void
event_bus_free(struct event_bus *bus)
{
	struct event_sub *s;

	if (bus == NULL)
		return;
	db_publish_to(bus->db, NULL, NULL);
	loop_undefer(bus->loop, wake_all_cb, bus);
	while ((s = LIST_FIRST(&bus->subs)) != NULL)
		sub_free(s);
	retain_free(bus->retain);
	ring_done(&bus->ring);
	free(bus);
}

struct event_sub *
event_subscribe(struct event_bus *bus, const char *user_id, int64_t since,
    void (*wake)(void *), void *arg)
{
	struct event_sub *s;

	if (since > bus->newest)
		return NULL;
	s = xcalloc(1, sizeof *s);
	s->bus = bus;
	s->wake = wake;
	s->arg = arg;
	s->next = (since < 0 ? bus->newest : since) + 1;
	if (user_id != NULL)
		(void)str_copy(s->user, user_id, sizeof s->user);
	/* At the head: those being woken right now do not include it. */
	LIST_INSERT_HEAD(&bus->subs, s, link);
	bus->nsubs++;
	return s;
}

void
event_unsubscribe(struct event_sub *s)
{
	if (s == NULL)
		return;
	if (s->bus->walking) {
		s->dead = true;
		s->bus->swept = true;
		return;
	}
	sub_free(s);
}

static bool
page_row_cb(const struct store_event *e, void *arg)
{
	struct page *p = arg;

	p->items[p->n++] = event_item_new(e);
	return p->n < PAGE;
}

static int
page_fill(struct event_sub *s)
{
	struct page *p = s->page;
	int err;

	if (p == NULL)
		p = s->page = xcalloc(1, sizeof *p);
	page_empty(p);
	err = store_events_range(s->bus->db, s->next, s->bus->newest, PAGE,
	    page_row_cb, p);
	/* The last row of the range cannot be missing: it is never deleted. */
	return err == 0 && p->n == 0 ? -EIO : err;
}

/*
 * The page's first item was given the last time it was used; is the one behind
 * it the next one wanted? Meanwhile the ring may have served, or retention
 * moved the cursor: then what was read ahead is of the past.
 */
static bool
page_turn(struct page *p, int64_t next)
{
	if (p == NULL || p->at == p->n)
		return false;
	free(p->items[p->at++]);
	return p->at < p->n && p->items[p->at]->ev.seq == next;
}

/*
 * The next event, whoever may see it. From a page it stays until the one after
 * it is asked for.
 */
static int
pull(struct event_sub *s, const struct event_item **item)
{
	int err;

	*item = ring_get(&s->bus->ring, s->next);
	if (*item != NULL)
		return 0;
	if (!page_turn(s->page, s->next)) {
		err = page_fill(s);
		if (err != 0)
			return err;
	}
	*item = s->page->items[s->page->at];
	return 0;
}

int
event_next(struct event_sub *s, struct event *ev)
{
	const struct event_item *item;
	int err;

	if (s->next < s->bus->oldest) {
		s->next = s->bus->oldest;
		*ev = (struct event){ .seq = s->next };
		return RDV_E_NOT_FOUND;
	}
	for (int i = 0; s->next <= s->bus->newest; i++) {
		if (i == SKIP_MAX) {
			s->again = true;
			wake_later(s->bus);
			return 0;
		}
		err = pull(s, &item);
		if (err != 0)
			return err;
		s->next = item->ev.seq + 1;
		if (visible(s, &item->ev)) {
			*ev = item->ev;
			return 1;
		}
	}
	/* Caught up: from here on the ring serves. */
	page_drop(s);
	return 0;
}

int64_t
event_newest(const struct event_bus *bus)
{
	return bus->newest;
}

int64_t
event_oldest(const struct event_bus *bus)
{
	return bus->oldest;
}

unsigned
event_subscribers(const struct event_bus *bus)
{
	return bus->nsubs;
}

static void
moved_cb(int64_t oldest, void *arg)
{
	struct event_bus *bus = arg;

	bus->oldest = oldest;
}

void
event_retain(struct event_bus *bus, int64_t keep_ms)
{
	const struct retain_spec spec = {
		.keep_ms = keep_ms,
		.first_ms = RETAIN_FIRST_MS,
		.moved = moved_cb,
		.arg = bus,
	};

	retain_free(bus->retain);
	bus->retain = retain_new(bus->loop, bus->db, &spec);
}
