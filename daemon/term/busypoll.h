/* SPDX-License-Identifier: MIT */
#ifndef RDV_BUSYPOLL_H
#define RDV_BUSYPOLL_H

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* What a loop learned of waiting for echoes. Shared by all terminals. */
struct busypoll {
	struct loop *loop;
	bool waiting;	/* for the echo of a key */
	int64_t until;	/* monotonic us: in vain when it is not there then */
	unsigned vain;	/* twice for each wait in vain, half for each other */
	unsigned spare; /* keys that are not waited for because of that */
};

/* An echo that takes longer is worth a sleep. */
#define BUSYPOLL_US 200
/* Of programs that echo nothing one key in so many is waited for. */
#define BUSYPOLL_SPARE_MAX 64

void busypoll_init(struct busypoll *b, struct loop *l);
/*
 * A key was pressed at `now` (monotonic us): its echo is waited for, perhaps.
 */
void busypoll_begin(struct busypoll *b, int64_t now);
/* The echo is here; a late one came while nobody waited for it any more. */
void busypoll_end(struct busypoll *b, int64_t now);

#endif
