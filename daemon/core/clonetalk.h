/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLONETALK_H
#define RDV_CLONETALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLONE_LINE_MAX 512
#define CLONE_SAID_MAX 8 /* lines that are no progress; the last ones stay */
#define CLONE_TEXT_MAX 256

/* How far git says it is; -1: it does not say. */
struct clone_progress {
	const char *phase; /* a constant; NULL: nothing was said yet */
	int64_t done, total;
	int64_t percent;
	int64_t bytes, rate; /* received, and per second */
};

/* What has come from the standard error of `git clone --progress`. */
struct clone_talk {
	struct clone_progress now;
	char line[CLONE_LINE_MAX]; /* not yet ended */
	size_t len;
	char said[CLONE_SAID_MAX][CLONE_TEXT_MAX]; /* a ring, printable */
	size_t nsaid;				   /* ever */
};

void clone_talk_init(struct clone_talk *t);
/* Takes any bytes, cut anywhere. True when `now` has changed. */
bool clone_hear(struct clone_talk *t, const char *bytes, size_t len);
/* Where git ends a line is as good as an end of it. */
bool clone_hear_end(struct clone_talk *t);
/* The i-th of what is kept, the oldest first; NULL behind the last. */
const char *clone_said(const struct clone_talk *t, size_t i);
/* What git says that it died of, or its last word; "" when it said nothing. */
const char *clone_complaint(const struct clone_talk *t);

#endif
