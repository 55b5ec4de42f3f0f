/* SPDX-License-Identifier: MIT */
#ifndef RDV_DOORS_H
#define RDV_DOORS_H

#include <stdbool.h>
#include <stddef.h>

struct account;
struct accounts;
struct doors;

/*
 * The listening sockets of system mode: two for each admitted account, in a
 * directory of its own, and two for the reverse proxy. `run` is the directory
 * run/rdv, `run_fd` a descriptor of it; both stay the caller's.
 */
struct doors *doors_new(const char *run, int run_fd);
/* Removes the names that are still ours, and frees. */
void doors_free(struct doors *d);

/*
 * All of them for the next program of [main], as a memory file of carry.h in
 * which descriptors are numbers; or -errno.
 */
int doors_put(const struct doors *d);
/* Those of such a file, whose descriptors they take; NULL: not understood. */
struct doors *doors_take(const char *run, int run_fd, int fd);
/* Frees, and leaves names and descriptors to whom they are from. */
void doors_forget(struct doors *d);
/* Close-on-exec for all descriptors of theirs, or not. */
void doors_inherit(const struct doors *d, bool inherit);

/* The reverse proxy's, in run/web. 0, or -errno with a sentence in `why`. */
int doors_open_web(struct doors *d, const struct account *a, char *why,
    size_t whysize);
/*
 * Makes the sockets of who is new, closes those of who is gone, and makes those
 * anew whose names are not there any more, or for whom the web's leave changed:
 * what the web has open for somebody ends so. An account whose sockets cannot
 * be made goes without, which is logged.
 */
void doors_follow(struct doors *d, const struct accounts *a);

/* There is a new rdvd, which knows none of them. */
void doors_untold(struct doors *d);
/*
 * Tells rdvd what it does not know yet: an account's limits, each socket with
 * its descriptor, then how much output is kept; what has changed again. 0 when
 * it knows all, -EAGAIN when `control` takes no more for now, or -errno.
 */
int doors_tell(struct doors *d, int control);

#endif
