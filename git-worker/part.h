/* SPDX-License-Identifier: MIT */
#ifndef RDV_PART_H
#define RDV_PART_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "git-worker/difftree.h"

struct job;

/*
 * The first files of the work tree that differ from HEAD, without a look at the
 * others: of very many git says nothing before it has seen all. They are what
 * git tells of a whole look first.
 */
struct part {
	unsigned step; /* the first of its own; set by the caller */
	bool over;     /* nothing more is asked for it */
	bool told;     /* `files` are the first ones, and there are more */
	struct diff_files files;

	char index[PATH_MAX]; /* of the candidates; "": none */
	const char **same;    /* names of those that are as long as before */
	size_t nsame, limit;
};

/* The question is for that: the first page, of the work tree beside HEAD. */
bool part_wanted(const struct job *j);
/* What to ask next, until p->over. */
void part_next(struct job *j, struct part *p);
/* Its file goes; again is harmless. */
void part_done(struct part *p);

#endif
