/* SPDX-License-Identifier: MIT */
#ifndef RDV_HALT_H
#define RDV_HALT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What a reaper knows of its program. All zero: it goes on, as [ops] knows. */
struct halt {
	bool now;     /* the kernel has stopped it */
	bool told;    /* what [ops] has heard last */
	bool asked;   /* [ops] is to hear it again, whatever it is */
	int64_t next; /* monotonic ms: not before */
};

/* Takes what the kernel says of a child that was not waited for. */
void halt_look(struct halt *h, pid_t program);
/*
 * Tells [ops] by `control` (-1: nobody) what it does not know yet. Milliseconds
 * until it is to be called again if nothing happens before; -1: it is not.
 */
int halt_tell(struct halt *h, int control);

#endif
