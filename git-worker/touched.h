/* SPDX-License-Identifier: MIT */
#ifndef RDV_TOUCHED_H
#define RDV_TOUCHED_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Which names of a work tree something has happened to, relative to its top.
 * Beyond so many, or when what has happened may matter for all of them, it is
 * just all. Zeroed is none.
 */
#define TOUCHED_MAX 32

struct touched {
	char *name[TOUCHED_MAX];
	size_t n;
	bool all; /* and then no name is kept */
};

void touched_add(struct touched *t, const char *name);
void touched_all(struct touched *t);
/* Adds what is in `from`, which stays as it is. */
void touched_join(struct touched *t, const struct touched *from);
void touched_clear(struct touched *t);
bool touched_any(const struct touched *t);

#endif
