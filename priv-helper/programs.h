/* SPDX-License-Identifier: MIT */
#ifndef RDV_PROGRAMS_H
#define RDV_PROGRAMS_H

#include <limits.h>
#include <stddef.h>

#include "priv-helper/lookup.h"

/*
 * rdv's programs of one build, O_PATH. A program stays the one that was opened:
 * a rdvd of another build, put in its place by an update, would be refused by
 * [ops], who has the terminals of the one before it.
 */
struct programs {
	int helper, daemon;
	int egress, worker, push; /* -1: not installed */
};

#define PROGRAMS_NONE              \
	{                          \
		-1, -1, -1, -1, -1 \
	}

/* Where this program is, whatever PATH says. 0, or -errno. */
int programs_place(char dir[PATH_MAX]);
/*
 * This program itself, and those beside it in `bin`: who started it there says
 * so that they are to be executed. 0, or -errno with a sentence in `why`.
 */
int programs_own(struct programs *p, const char *bin, char *why, size_t size);
/*
 * Those in `bin` now, to take the place of these. Each is root's or ours and
 * nobody else's to write, and so is every directory on the way to it. 0, or
 * -errno with a sentence in `why` and none left open.
 */
int programs_next(struct programs *p, const char *bin, char *why, size_t size);
void programs_close(struct programs *p);
/*
 * Which file rdv-git is, by whose answers rdvd goes. While it is open no other
 * gets its number.
 */
struct program_id programs_worker(const struct programs *p);

#endif
