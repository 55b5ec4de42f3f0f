/* SPDX-License-Identifier: MIT */
#ifndef RDV_CAST_H
#define RDV_CAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/term/runlog.h"

struct buf;
struct term;

/*
 * The log of a terminal as asciicast v2: a line of JSON for the whole, then one
 * for each event, [seconds since the beginning, code, data]
 * (https://docs.asciinema.org/manual/asciicast/v2/). Of what is typed nothing
 * is in it but what the program has shown of it.
 */
struct cast {
	const struct term *term; /* the caller's, for as long */
	uint64_t index;		 /* of the record that comes next */
	struct runlog_record next;
	bool has_next;
	int64_t begun_ms; /* wall clock of the first record; -1: no records */
	int64_t wall_ms;  /* of the newest that was passed; -1: none was */
	int64_t ms;	  /* since the beginning */
	unsigned cols, rows;
};

/* What of the first line the log does not know. NULL and 0: not known. */
struct cast_head {
	const char *title, *command, *shell, *term;
	int64_t begun_ms;   /* for a log without times */
	int64_t idle_limit; /* s; players shorten what is longer */
};

/* False: it has no terminal, so there is nothing to play. */
bool cast_begin(struct cast *c, const struct term *t);
/* The first line; for a log without times also an event that says so. */
void
cast_put_head(struct cast *c, const struct cast_head *head, struct buf *out);
/*
 * Events for the bytes of the log at [off, off + len), which follow those of
 * the call before. Returns how many were taken: all when they are the `last`,
 * or less to cut between characters. Each byte takes CAST_ROOM bytes at most.
 */
size_t cast_put(struct cast *c, uint64_t off, const uint8_t *p, size_t len,
    bool last, struct buf *out);

/* One byte alone in its event, with a new size before it. */
#define CAST_ROOM 96

#endif
