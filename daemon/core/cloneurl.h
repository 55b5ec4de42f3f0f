/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLONEURL_H
#define RDV_CLONEURL_H

#include <stdbool.h>

/* How git gets at what is cloned. */
enum clone_way {
	CLONE_HTTPS,
	CLONE_HTTP,
	CLONE_SSH,
	CLONE_LOCAL, /* a path of this host */
	CLONE_WAYS
};

struct clone_way_row {
	const char *protocol; /* the one that git is let use */
	const char *profile;  /* what git is started in */
};
extern const struct clone_way_row clone_ways[CLONE_WAYS];

/*
 * Judges what a person calls a URL by its text alone: one of the transports
 * above, no credential in it, nothing that git or ssh could take for an option.
 * `plain`: http is for every host, else for this one only. False with a
 * sentence that never has the URL in it.
 */
bool clone_url_ok(const char *url, bool plain, enum clone_way *way,
    const char **why);
/* What git may leave out for later: blob:none, blob:limit=N, tree:N. */
bool clone_filter_ok(const char *filter);

#endif
