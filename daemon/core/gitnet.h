/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITNET_H
#define RDV_GITNET_H

#include <stddef.h>

#include "daemon/core/clonetalk.h"
#include "daemon/core/cloneurl.h"

struct arena;
struct js;

/* The words of a git that has a network, NULL-terminated. */
#define GITNET_WORDS 128
struct gitnet {
	const char *argv[GITNET_WORDS];
	size_t n;
};

/*
 * Everything up to and with "git" and its pins: nobody's configuration but that
 * of the repository it runs in, no program, no question, and one protocol.
 * `more` is of its environment, NULL-terminated, or NULL. Strings are borrowed.
 */
void gitnet_begin(struct gitnet *g, struct arena *a, enum clone_way way,
    const char *const *more);
/* One word, and another one unless that is NULL. More than fit are a bug. */
void gitnet_add(struct gitnet *g, const char *word, const char *value);
/* What git had to say beside its progress: an array, in the arena. */
const char *gitnet_said(struct arena *a, const struct clone_talk *t);
/* How far it is, as it is shown. */
struct js *gitnet_progress(const struct clone_progress *p);

#endif
