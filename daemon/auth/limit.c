/* SPDX-License-Identifier: MIT */
/*
 * Failure counters in a table of fixed size. Slots are found by a keyed hash,
 * so that a caller cannot choose whose slot it falls into; when a set of slots
 * is full the one idle for longest goes, which can only forgive.
 */
#include "daemon/auth/limit.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/auth/digest.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define SETS	   128
#define WAYS	   4
#define WINDOW_MS  60000
#define PREFIX_LEN 12
#define WAIT_MAX_S 300
/* Everybody together may fail this many times as often as one peer. */
#define GLOBAL_FACTOR 10

struct slot {
	uint64_t key; /* 0: free */
	int64_t window_ms;
	int64_t last_ms;
	int64_t until_ms;
	unsigned fails;
	unsigned over; /* failures past the bound: the exponent */
};

struct auth_limit {
	unsigned bound;
	int64_t blocked_until; /* latest of all slots: most requests look no
				  further */
	uint8_t salt[16];
	struct slot global;
	struct slot slots[SETS][WAYS];
};

struct auth_limit *
auth_limit_new(int64_t per_minute)
{
	struct auth_limit *l = xcalloc(1, sizeof(*l));

	l->bound = (unsigned)per_minute;
	secret_random(l->salt, sizeof(l->salt));
	return l;
}

void
auth_limit_free(struct auth_limit *l)
{
	free(l);
}

/* Only the head of a credential is hashed: guesses at the rest count as one. */
static uint64_t
slot_key(const struct auth_limit *l, uid_t peer, const char *text)
{
	uint8_t in[sizeof(l->salt) + sizeof(peer) + PREFIX_LEN] = { 0 };
	uint8_t sum[DIGEST_LEN];
	uint64_t key;

	memcpy(in, l->salt, sizeof(l->salt));
	memcpy(in + sizeof(l->salt), &peer, sizeof(peer));
	memcpy(in + sizeof(l->salt) + sizeof(peer), text,
	    strnlen(text, PREFIX_LEN));
	digest_of(in, sizeof(in), sum);
	memcpy(&key, sum, sizeof(key));
	return key | 1;
}

static struct slot *
slot_find(struct auth_limit *l, uint64_t key)
{
	struct slot *set = l->slots[(key >> 1) % SETS];

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
	}
	return NULL;
}

static struct slot *
slot_take(struct auth_limit *l, uint64_t key)
{
	struct slot *set = l->slots[(key >> 1) % SETS];
	struct slot *s = slot_find(l, key);

	if (s != NULL)
		return s;
	s = &set[0];
	for (unsigned i = 1; i < WAYS; i++) {
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
	wait = s->over < 9 ? (int64_t)1 << s->over : WAIT_MAX_S;
	s->over++;
	s->until_ms = now_ms + (wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * 1000;
	return slot_wait(s, now_ms);
}

int64_t
auth_limit_check(struct auth_limit *l, uid_t peer, const char *text,
    int64_t now_ms)
{
	struct slot *s;

	if (now_ms >= l->blocked_until)
		return 0;
	s = slot_find(l, slot_key(l, peer, text));
	return s != NULL ? slot_wait(s, now_ms) : 0;
}

int64_t
auth_limit_fail(struct auth_limit *l, uid_t peer, const char *text,
    int64_t now_ms)
{
	int64_t wait, w;

	wait =
	    slot_fail(slot_take(l, slot_key(l, peer, text)), l->bound, now_ms);
	/* The empty prefix stands for the peer as a whole. */
	w = slot_fail(slot_take(l, slot_key(l, peer, "")), l->bound, now_ms);
	wait = w > wait ? w : wait;
	w = slot_fail(&l->global, l->bound * GLOBAL_FACTOR, now_ms);
	wait = w > wait ? w : wait;
	if (now_ms + wait * 1000 > l->blocked_until)
		l->blocked_until = now_ms + wait * 1000;
	return wait;
}
