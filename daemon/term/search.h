/* SPDX-License-Identifier: MIT */
#ifndef RDV_SEARCH_H
#define RDV_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct search;
struct term;

/*
 * Lines of a log that have a text in them, newest first, each as strip.h shows
 * it. The log may be of any size: it is read backwards in steps (turns.h), and
 * one search looks at SEARCH_BYTES of it at most, from where the next goes on.
 */
#define SEARCH_BYTES   (256u << 20)
#define SEARCH_TEXT    512	    /* bytes of what is looked for */
#define SEARCH_LINE    2048	    /* bytes of a line that are told */
#define SEARCH_ANSWER  (512u << 10) /* of all that one search tells */
#define SEARCH_CONTEXT 20	    /* lines on either side */

struct search_conf {
	const char *user_id;
	const char *text;
	bool ignore_case; /* of ASCII */
	unsigned limit;	  /* hits */
	unsigned context; /* lines around each */
	uint64_t before;  /* lines that end at or before this byte */
};

struct search_hit {
	uint64_t offset; /* of the line's first byte */
	const char *text;
	/* Lines, each with a line feed; "" when none. */
	const char *before, *after;
};
typedef void search_hit_fn(const struct search_hit *h, void *arg);
/*
 * Called once, from the loop and never inside search_new(); the search is gone
 * then. `next` is what `before` is for the next; 0: all was looked at. `err` is
 * -ENOENT when the log was removed meanwhile, or another -errno.
 */
typedef void search_done_fn(int err, uint64_t next, void *arg);

/*
 * 0; RDV_E_INVALID for an empty text, RDV_E_TOO_BIG for one over SEARCH_TEXT;
 * RDV_E_FULL over the bounds below.
 */
int search_new(struct term *t, const struct search_conf *conf,
    search_hit_fn *hit, search_done_fn *done, void *arg, struct search **out);
/* Neither is called any more. */
void search_free(struct search *s);

#define SEARCHES_OF_USER 2u
#define SEARCHES	 16u

#endif
