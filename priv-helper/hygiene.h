/* SPDX-License-Identifier: MIT */
#ifndef RDV_HYGIENE_H
#define RDV_HYGIENE_H

#include <stddef.h>
#include <sys/resource.h>

/* What the starter left us that children are to have back. */
struct hygiene {
	rlim_t nofile; /* soft limit on descriptors, before it was raised */
};

/*
 * Three descriptors that are open, whatever the starter closed: before the
 * first open(2), or a file of ours would become somebody's standard error.
 */
void hygiene_stdio(void);
/*
 * Makes the rest of what a process inherits harmless: environment, working
 * directory, umask, signal mask and dispositions, limits, descriptors other
 * than 0 up to below `first` (3 or more) and `keep` (-1: none). 0, or -errno
 * with a sentence in `why` where it can only be refused.
 */
int hygiene_clean(struct hygiene *h, int first, int keep, char *why,
    size_t whysize);

#endif
