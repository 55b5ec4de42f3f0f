/* SPDX-License-Identifier: MIT */
#ifndef RDV_STAGES_H
#define RDV_STAGES_H

#include <stdbool.h>

enum { STAGE_BASE = 1, STAGE_OURS, STAGE_THEIRS, STAGES };

/*
 * Files in conflict in "100644 <oid> 2\tname" records, NUL-terminated, as
 * git-merge-tree(1) and git-ls-files(1) say them: those of one file stand
 * together. Begins with `at` and `end`, the rest is told by stages_next().
 */
struct stages {
	const char *at, *end;
	const char *path;
	const char *record[STAGES]; /* NULL: it is not in that one */
};

/* The next file; false when none is left. */
bool stages_next(struct stages *s);
/* "both modified" and the like. */
const char *stages_words(const struct stages *s);

#endif
