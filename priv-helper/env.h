/* SPDX-License-Identifier: MIT */
#ifndef RDV_ENV_H
#define RDV_ENV_H

#include <stdbool.h>
#include <stddef.h>

struct account;
struct profile;

/* Where a child looks for programs unless it says otherwise. */
#define ENV_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct env_request {
	const struct account *user;
	const struct profile *profile;
	char *const *vars; /* NAME=value, from the daemon */
	unsigned nvars;
	const char *tmpdir; /* NULL: none of its own */
	bool egress;	    /* its only way out is rdv-egress */
	bool door;	    /* it has a way to rdvd of its own */
	bool pty;
};

/*
 * A child's whole environment, built from nothing: the account's variables, the
 * request's, then the profile's fixed ones, each name once. The array and
 * its strings are freed with env_free(). RDV_E_DENIED with the reason in `why`
 * for a variable that a request may not set.
 */
int
env_build(const struct env_request *r, char ***out, char *why, size_t whysize);
void env_free(char **env);
/* Value of `name`, or NULL. */
const char *env_get(char *const *env, const char *name);
/* NAME=from, where it is that, becomes NAME=to. */
void
env_replace(char **env, const char *name, const char *from, const char *to);

#endif
