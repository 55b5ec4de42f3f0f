/* SPDX-License-Identifier: MIT */
/*
 * Failure counters in a table of fixed size. When a set of slots is full the
 * one idle for longest goes, which can only forgive.
 */
#include "daemon/auth/limit.h"

#include <stdlib.h>

#include "lib/xalloc.h"

#define SETS	   16
#define WAYS	   4
#define WINDOW_MS  60000
#define WAIT_MAX_S 300
/* Everybody together may fail this many times as often as one peer. */
#define GLOBAL_FACTOR 10

struct slot {
	uint64_t key; /* uid + 1; 0: free */
	int64_t window_ms;
	int64_t last_ms;
	int64_t until_ms;
	unsigned fails;
	unsigned over; /* failures past the bound: the exponent */
};

struct auth_limit {
	unsigned bound;
	struct slot global;
	struct slot slots[SETS][WAYS];
};

struct auth_limit *
auth_limit_new(int64_t per_minute)
{
	struct auth_limit *l = xcalloc(1, sizeof(*l));

	l->bound = (unsigned)per_minute;
	return l;
}

void
auth_limit_free(struct auth_limit *l)
{
	free(l);
}

static struct slot *
slot_of(struct auth_limit *l, uid_t peer)
{
	struct slot *set = l->slots[peer % SETS], *s = &set[0];
	uint64_t key = (uint64_t)peer + 1;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
		if (set[i].last_ms < s->last_ms)
			s = &set[i];
	}
	*s = (struct slot){ .key = key };
	return s;
}

static int64_t
slot_wait(const struct slot *s, int64_t now_ms)
{
	return s->until_ms > now_ms ? (s->until_ms - now_ms + 999) / 1000 : 0;
}

/* Returns the seconds to wait from now on, or 0 while within the bound. */
static int64_t
slot_fail(struct slot *s, unsigned bound, int64_t now_ms)
{
	int64_t wait;

	if (now_ms - s->window_ms >= WINDOW_MS && slot_wait(s, now_ms) == 0) {
		/* A quiet minute forgives; mere waiting out does not. */
		if (now_ms - s->last_ms >= WINDOW_MS)
			s->over = 0;
		s->window_ms = now_ms;
		s->fails = 0;
	}
	s->last_ms = now_ms;
	if (++s->fails <= bound)
		return 0;
	/* 2^9 s are over the longest wait already. */
	wait = s->over < 9 ? (int64_t)1 << s->over : WAIT_MAX_S;
	s->over++;
	s->until_ms = now_ms + (wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * 1000;
	return slot_wait(s, now_ms);
}

/* Both count each failure, so that peers in turn are slowed, too. */
int64_t
auth_limit_fail(struct auth_limit *l, uid_t peer, int64_t now_ms)
{
	int64_t own = slot_fail(slot_of(l, peer), l->bound, now_ms);
	int64_t all = slot_fail(&l->global, l->bound * GLOBAL_FACTOR, now_ms);

	return own > all ? own : all;
}
