/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOOK_H
#define RDV_LOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/porcelain.h"

/*
 * What one work tree holds, by git's word: asked once, and again when
 * something has happened since, and then only about that if it can be.
 */
struct look;
struct known;
struct narrow;
struct touched;
struct arena;

/* `dir` is canonical, the top of the tree; both must outlive it. */
struct look *look_new(const char *dir, const char *const *configs);
void look_free(struct look *l);

enum look_now {
	LOOK_KNOWN, /* look_status() is how it is now */
	LOOK_ASK,   /* git has to be asked */
	LOOK_STALE, /* this is not what rdvd had looked at any more */
};
enum look_now look_now(struct look *l);
const struct wt_status *look_status(const struct look *l);
/*
 * Grows with whatever happens, and with each call while that is not known: what
 * was asked of git with the same one is still true. -1: LOOK_STALE.
 */
int64_t look_epoch(struct look *l);

/*
 * What something has happened to since the caller cleared it: a second account
 * of that, for who keeps something of his own.
 */
struct touched *look_news(struct look *l);
/*
 * All of that is told: everything is watched that git does not ignore now. When
 * it is not, looks may make it so, for as long as look_helps().
 */
bool look_trusted(const struct look *l);
bool look_helps(const struct look *l);
/* The git directory of this very work tree; NULL: not known yet. */
const char *look_gitdir(const struct look *l);
/* It is at work. */
bool look_busy(const struct look *l);
/* For poll(2): it may be that something has happened; -1: nobody would tell. */
int look_fd(const struct look *l);
/*
 * What git has to be shown for these, with or without what their directories
 * are called for (struct narrow_place); see narrow_make().
 */
bool look_narrow(struct look *l, struct arena *a, const struct touched *t,
    bool exact, struct narrow *out);

/*
 * What differs, held for the caller, when that is known now; NULL when it is
 * not, or is nothing for known_make().
 */
struct known *look_known(struct look *l);
/* All of that was thrown over since: no name of it stands for the tree. */
bool look_passed(struct look *l, const struct known *k);
/* It is not known, and the next look probably makes it so. */
bool look_gains(struct look *l);

/* Asks git. 0 or -errno; -EBUSY while it is at work for itself. */
int look_start(struct look *l);
/*
 * For poll(2): at most `n` descriptors to read from; so many are in `fds`. What
 * the kernel tells of changes is read when somebody asks, and until then costs
 * nothing; what it cannot keep makes the next answer git's.
 */
size_t look_fds(const struct look *l, int *fds, size_t n);
/*
 * Reads what is there. True when what look_start() began has ended, and then
 * `*a` is how: RDV_E_MALFORMED; RDV_E_INVALID with git's exit status and its
 * complaint; 0, and then look_status() is what git said. Of more than is read
 * that is the beginning, and partial.
 */
struct look_answer {
	int err, status;
	const char *complaint; /* until the next call */
	bool narrow;	       /* only some names were looked at */
};
bool look_read(struct look *l, struct look_answer *a);
/* Nobody waits any more; its end comes all the same. */
void look_stop(struct look *l, bool hard);
/* look_prepare() would do something; it needs an answer before. */
bool look_wants(const struct look *l);
/* After an answer has gone: makes the next one cheap, if it can. */
void look_prepare(struct look *l);
/* Why each answer needs git, as a sentence, or NULL. */
const char *look_why(const struct look *l);

#endif
