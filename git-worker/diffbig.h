/* SPDX-License-Identifier: MIT */
#ifndef RDV_DIFFBIG_H
#define RDV_DIFFBIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diff_file;
struct job;
struct sides;

/*
 * What differs at the beginning of a file of the work tree that is over
 * OTHER_MAX: git would read and hash all of both sides before its first line,
 * and then call it binary.
 */
struct diffbig {
	bool wanted; /* it is one */
	bool shown;  /* git is asked about the windows, and says what differs */
	bool same;   /* nothing differs as far as was looked */
	int64_t lines;		      /* before the windows */
	int64_t old_lines, new_lines; /* in them; -1: up to the file's end */
	const char *old, *new;	      /* their files; NULL: none */
};

/* So many bytes of each side are looked at. */
#define DIFFBIG_LOOK (8 << 20)

/* Whether `path` is one, of a job that is about these sides. */
bool
diffbig_wanted(const struct job *j, const struct sides *s, const char *path);
/*
 * What to ask next about `f`; `step` is the first of its steps. Nothing: it is
 * known what differs (`shown` or `same`), or else it is told as binary.
 */
void diffbig_next(struct job *j, unsigned step, const struct diff_file *f,
    const char *context, struct diffbig *b);
/* Its files are taken away; again is harmless. */
void diffbig_done(struct diffbig *b);

#endif
