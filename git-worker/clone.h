/* SPDX-License-Identifier: MIT */
#ifndef RDV_WRK_CLONE_H
#define RDV_WRK_CLONE_H

struct arena;
struct erase_id;
struct place_rules;

/*
 * The directory that a clone is made in, beside where it shall be, and its way
 * there. Each is 0 or -errno, with a sentence in `*why` where errno would say
 * too little. What another account could change is refused.
 */
int clone_make(const char *temp, struct erase_id *id, const char **why);
/*
 * `temp` becomes `target`, in the same directory, if it is `id`; nothing is
 * replaced (-EEXIST). When it has become that already it is done. -ESTALE: it
 * is another one, and stays.
 */
int clone_land(const char *temp, const char *target, const struct erase_id *id,
    const char **why);
/* Removes it if nothing is in it; what is not there is removed. */
int clone_drop(const char *temp, const char **why);

/*
 * A repository of this account that may be cloned from, with a work tree or
 * bare: its canonical path in `*out`. As place_find() (git-worker/place.h).
 */
int clone_source(struct arena *a, const struct place_rules *rules,
    const char *path, const char **out, const char **why);

#endif
