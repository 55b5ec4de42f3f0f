/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITFEED_H
#define RDV_GITFEED_H

#include <stddef.h>

struct gitfeed;
struct loop;

/* A copy of what a program is to read on its standard input. */
struct gitfeed *gitfeed_new(const void *bytes, size_t len);
/*
 * Writes it to `fd`, the end of a pipe that does not block, as the program
 * takes it, and closes that. A program that ends before has read enough.
 */
void gitfeed_start(struct gitfeed *f, struct loop *loop, int fd);
/* At any time; NULL is fine. */
void gitfeed_free(struct gitfeed *f);

#endif
