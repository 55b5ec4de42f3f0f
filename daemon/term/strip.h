/* SPDX-License-Identifier: MIT */
#ifndef RDV_STRIP_H
#define RDV_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct strip;
struct term;

/*
 * Output as plain text: escape sequences gone, carriage return, backspace and
 * erase-in-line acted upon, so that a progress bar is its last state. A line
 * at a time; it is no screen.
 */
struct strip *strip_new(struct buf *out);
/* Whole characters: see utf8_whole(). */
void strip_feed(struct strip *s, const uint8_t *p, size_t len);
/* Appends what of the last line has no newline yet, and frees. */
void strip_end(struct strip *s);

struct scrollback {
	struct buf *out;   /* UTF-8 without NUL */
	bool raw;	   /* keep escape sequences */
	uint64_t from, to; /* bytes of the log this is */
	bool truncated;	   /* there were more of the lines asked for */
};
/* Bytes of the log one scrollback looks at. */
#define SCROLLBACK_MAX (1024 * 1024)
/* The last `lines` lines of the log. 0 or -errno. */
int scrollback_get(const struct term *t, uint64_t lines, struct scrollback *s);

#endif
