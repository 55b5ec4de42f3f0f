/* SPDX-License-Identifier: MIT */
#ifndef RDV_FLOOD_H
#define RDV_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct loop;
struct loop_alarm;
struct loop_soon;

/* One who has more to give than a turn takes. Embedded. */
struct flood {
	TAILQ_ENTRY(flood) link;
	bool joined;
	size_t (*turn)(void *arg); /* bytes moved; may join and leave */
	void *arg;
};

/* All of a loop's floods take turns, some in each round. */
struct floods {
	TAILQ_HEAD(, flood) all;
	struct loop_soon *round; /* at once, or: */
	struct loop_alarm *rest;
	int64_t not_before;	      /* monotonic us: held until then */
	int64_t crowded_until;	      /* monotonic us: nobody is let go ahead */
	const struct flood *held_by;  /* whose echo ends that; compared alone */
	const struct flood *typed_by; /* the only one, or NULL; the same */
	unsigned n;
	size_t moved;	/* since the last hold */
	size_t between; /* what moves between two holds */
	bool settling;	/* awake, until not_before */
	bool typed;	/* somebody did elsewhere, when this round began */
	bool calm;	/* this round is that of one, and nobody else types */
	unsigned left;	/* of its turns, behind the present one */
	int64_t calm_from; /* monotonic us */
};

/*
 * Turns in a round, after which the loop looks at everybody else: a key waits
 * for no more of them, however many flood.
 */
#define FLOODS_TURNS 8
/* Nobody gave more than this: the writers are slower than we are. */
#define FLOODS_LITTLE 1024
/* As long they are left alone then. */
#define FLOODS_REST_US 250
/*
 * A held round comes after this long at the latest. A clock that is not due
 * before the kernel's own next tick is set in no time; one that is takes longer
 * than rdvd's whole work for a key.
 */
#define FLOODS_HOLD_US 4000
/* Behind an echo: until who typed has it. */
#define FLOODS_SETTLE_US 50
/*
 * Behind what a flood shows while somebody types: who reads it may be who types
 * next, and would find the next page at work.
 */
#define FLOODS_SHOWN_US 25
/* Who stays awake for that and is away for so long finds a busy machine. */
#define FLOODS_LOST_US 1000
/* There nobody stays awake for as long as this. */
#define FLOODS_CROWDED_US 20000
/*
 * Floods move this much between two holds, however many keys are pressed; twice
 * as much behind each hold that no echo ended, up to the latter.
 */
#define FLOODS_HOLD_BYTES     131072
#define FLOODS_HOLD_BYTES_MAX (64 * FLOODS_HOLD_BYTES)
/* Who has typed may type again within this; then it is calm. */
#define FLOODS_TYPING_US 100000

void floods_init(struct floods *fs, struct loop *l);
void floods_done(struct floods *fs);
void flood_join(struct floods *fs, struct flood *f);
void flood_leave(struct floods *fs, struct flood *f);
/*
 * A key was pressed in the terminal of `by`: the next round leaves its echo
 * time to come.
 */
void floods_hold(struct floods *fs, const struct flood *by);
/* The terminal of `by` has said something: a hold for it need not last. */
void floods_release(struct floods *fs, const struct flood *by);
/*
 * Whether who has its turn and has moved so much may go on at once, as if it
 * had the next one, too: it is alone, and nobody else types.
 */
bool floods_another(struct floods *fs, size_t moved);
/* One of them has shown what it had. */
void floods_shown(struct floods *fs);

#endif
