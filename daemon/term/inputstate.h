/* SPDX-License-Identifier: MIT */
#ifndef RDV_TERM_INPUTSTATE_H
#define RDV_TERM_INPUTSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/list.h"

struct loop_timer;
struct loop_watch;
struct term;
struct viewer;

/* What a terminal is told: input for its program, and its size. */
struct input_chunk {
	STAILQ_ENTRY(input_chunk) link;
	size_t len, off;
	uint8_t data[];
};

struct input {
	int fd;	  /* -1: nobody to write to; of a pty it is the pump's */
	bool end; /* closed after what is queued */
	size_t queued;
	STAILQ_HEAD(, input_chunk) chunks;
	struct loop_watch *writable; /* on while something is queued */
};

struct size {
	unsigned cols, rows;		   /* in force */
	unsigned cols_due, rows_due;	   /* newest asked for */
	const struct viewer *owner, *told; /* now; as all have been told */
	struct loop_timer *timer; /* runs while requests are gathered */
	uint64_t stated;	  /* sizes stated so far */
};

void input_init(struct input *in);
void input_done(struct input *in);

/* A viewer has gone, and the size with it to whoever stated one last. */
void size_leave(struct term *t, const struct viewer *v);
void size_done(struct size *s);
/* What comes from now on was written for the size in force. */
void size_log(struct term *t);

#endif
