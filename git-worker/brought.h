/* SPDX-License-Identifier: MIT */
#ifndef RDV_BROUGHT_H
#define RDV_BROUGHT_H

struct arena;

/*
 * Which of an agent's settings lie where it is to run, and all of what they
 * say, as a digest. `arg` has a line each: the directory that it runs in; one
 * above or the same, up to which is looked; then names, each looked for in all
 * of these. One that ends with '/' is a directory, and means all files below
 * it. 0 and "DIGEST NAME, NAME", in the arena; RDV_E_NOT_FOUND: there are none;
 * RDV_E_INVALID and why: they cannot be told.
 */
#define BROUGHT_MAX   (1 << 20) /* bytes of one file */
#define BROUGHT_FILES 1000	/* names below directories, all together */
#define BROUGHT_DEEP  16	/* directories below one that is named */
int brought_find(struct arena *a, const char *arg, const char **text,
    const char **why);

#endif
