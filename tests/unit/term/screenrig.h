/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_SCREENRIG_H
#define RDV_TEST_SCREENRIG_H

#include "daemon/term/ckpt.h"
#include "tests/unit/term/termrig.h"

/* A log as a test makes it, and what its screen is worked out to be. */
#define COLS 80
#define ROWS 24
#define OUT  (8u << 20)

struct screenrig {
	struct termrig g;
	char run[UUID_TEXT];
	struct buf log; /* as it should be */
	struct term *term;
	bool done;
	int err;
	uint64_t offset;
	struct buf got; /* as emu_restore() puts it */
};

int screenrig_setup(void **state);
int screenrig_teardown(void **state);

/* One of the lines a log consists of. */
typedef void screenrig_line(struct buf *b, unsigned i);
screenrig_line screenrig_coloured, screenrig_moving;
/* So many bytes of lines; they are not logged yet. */
void screenrig_flood(struct screenrig *fx, size_t len, screenrig_line *line);
/* What was put into fx->log since the last time is logged. */
void screenrig_flush(struct screenrig *fx);
/* That, and fx->term is opened as that of a run that has ended. */
void screenrig_open(struct screenrig *fx);
/*
 * fx->got is what its screen is worked out to be, and what is kept of it is
 * kept.
 */
void screenrig_ask(struct screenrig *fx);
/* And that is as if one had watched all along. */
void screenrig_check(struct screenrig *fx);
bool screenrig_is_done(void *fx);
/* Nothing is worked on any more. */
bool screenrig_is_idle(void *fx);
/* The checkpoint's offset and length. */
struct ckpt screenrig_kept(struct screenrig *fx);

#endif
