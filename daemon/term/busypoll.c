/* SPDX-License-Identifier: MIT */
/*
 * The echo of a key comes within microseconds, and waking a processor that went
 * to sleep meanwhile takes longer than the echo does. So the loop stays awake
 * for it, giving way to whoever can run. Not every program echoes, and on a
 * busy machine who waits awake may stand in the way of what is waited for: when
 * waits are in vain, fewer keys are waited for.
 *
 * Invariant: a key costs BUSYPOLL_US of processor time at most, and keys that
 * are never echoed cost that once in BUSYPOLL_SPARE_MAX.
 */
#include "daemon/term/busypoll.h"

#include "daemon/loop.h"

void
busypoll_init(struct busypoll *b, struct loop *l)
{
	*b = (struct busypoll){ .loop = l };
}

static void
in_vain(struct busypoll *b)
{
	b->waiting = false;
	b->vain = b->vain == 0 ? 1 : b->vain * 2;
	if (b->vain > BUSYPOLL_SPARE_MAX)
		b->vain = BUSYPOLL_SPARE_MAX;
	b->spare = b->vain - 1;
}

void
busypoll_begin(struct busypoll *b, int64_t now)
{
	/* Keys that come in a burst are one wait. */
	if (b->waiting && now < b->until)
		return;
	if (b->waiting)
		in_vain(b);
	if (b->spare > 0) {
		b->spare--;
		return;
	}
	b->waiting = true;
	b->until = now + BUSYPOLL_US;
	loop_busy_poll(b->loop, BUSYPOLL_US);
}

void
busypoll_end(struct busypoll *b, int64_t now)
{
	if (!b->waiting)
		return;
	if (now >= b->until) {
		in_vain(b);
		return;
	}
	b->waiting = false;
	b->vain /= 2;
	loop_busy_poll(b->loop, 0);
}
