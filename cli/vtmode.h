/* SPDX-License-Identifier: MIT */
#ifndef RDV_VTMODE_H
#define RDV_VTMODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* What a program has changed about the terminal it writes to. */
struct vtmode {
	uint64_t changed;  /* bit per row of the two tables */
	uint64_t ever;	   /* the same of all that was on at some time */
	unsigned keyboard; /* depth of the kitty keyboard stack */
	unsigned deepest;
};

/* One complete sequence, ESC included. */
void vtmode_note(struct vtmode *m, const char *seq, size_t len);
/*
 * Output that was noted did not all reach the terminal: whatever was switched
 * on once may be on.
 */
void vtmode_doubt(struct vtmode *m);
/* Appends what takes all of it back, and forgets it. */
void vtmode_leave(struct vtmode *m, struct buf *out);

/*
 * A control sequence taken apart: ESC [ prefix params intermediate final.
 * False when `seq` is none.
 */
struct vtcsi {
	char prefix; /* one of <=>? or 0 */
	char mid;    /* last intermediate byte or 0 */
	char final;
	unsigned param[16];
	unsigned nparam;
};
bool vtcsi_parse(struct vtcsi *c, const char *seq, size_t len);

#endif
