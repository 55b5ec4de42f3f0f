/* SPDX-License-Identifier: MIT */
#ifndef RDV_TESTS_GRANTRACE_H
#define RDV_TESTS_GRANTRACE_H

#include <sys/types.h>

#include "priv-helper/roots.h"

/* "root" with "dir0/sub" and a link to outside beside it, to be swapped. */
void grantrace_root(void);

/*
 * A path that a run asks to write, judged and granted while its middle turns to
 * rdv's own state and back: what is granted is the object that was judged.
 */
int grantrace_once(const struct roots *rs, ino_t secret);

#endif
