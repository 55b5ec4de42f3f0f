/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITPINS_H
#define RDV_GITPINS_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* "key=value", for every command, above whatever a repository says. */
extern const char *const git_pins[];

/*
 * Of the names a repository's configuration has (NUL-separated, as `git config
 * --list --name-only -z` gives them) those that name programs, as further
 * "key=value" that take the program away. NULL-terminated, in the arena; at
 * most GIT_OVERRIDES_MAX, since a command line is finite: what is left over
 * meets the sandbox, which lets git run nothing but itself.
 */
#define GIT_OVERRIDES_MAX 64
const char *const *
git_overrides(struct arena *a, const char *names, size_t len);

#endif
