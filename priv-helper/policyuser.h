/* SPDX-License-Identifier: MIT */
#ifndef RDV_POLICYUSER_H
#define RDV_POLICYUSER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct policy;
struct policy_account;

/*
 * What the account database says, for policy_for(). Everything here asks the
 * name service, which may block without a bound, load libraries and open
 * descriptors: it is called at start and on reload, by [main] or by
 * `rdv-helper -t`, and never in [ops] on the path of a request nor in a child.
 */
struct policyuser {
	uid_t uid;
	char *name, *home;
	const char *closed; /* as in struct policy_account */
	bool unseen;	    /* the shadow file could not be read */
	char **groups;	    /* NULL-terminated */
};

/*
 * 0 with `u` for policyuser_done(), RDV_E_NOT_FOUND, or -errno: then nothing is
 * known, and it must not be admitted.
 */
int policyuser_load(struct policyuser *u, const char *name);
void policyuser_done(struct policyuser *u);
/* A view of it; lives as long as `u`. */
void policyuser_account(const struct policyuser *u, struct policy_account *a);

/* Whether there is such a group: 0, RDV_E_NOT_FOUND or -errno. */
int policyuser_group(const char *name);

/*
 * The names of all accounts that [access] may be about, whether or not they
 * are admitted in the end or exist: sorted, none twice, NULL-terminated, to be
 * freed with policyuser_free_names(). Looks through at most 65536 accounts for
 * those whose first group is one of [access] groups. NULL and -errno in `*err`
 * when the database cannot be asked.
 */
char **policyuser_names(const struct policy *p, int *err);
void policyuser_free_names(char **names);

/*
 * Why nobody may log in to an account with this shell, this shadow entry and
 * this day of expiry (days since 1970, below 0: never), or NULL. Pure,
 * and a seam for tests.
 */
const char *policyuser_closed(const char *shell, const char *hash, long expires,
    long today);

#endif
