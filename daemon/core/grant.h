/* SPDX-License-Identifier: MIT */
#ifndef RDV_GRANT_H
#define RDV_GRANT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"

struct app;
struct grants;

/*
 * The helper's leave to act for a user: asked for by LOGIN when first needed,
 * kept until shortly before it expires or [ops] is replaced. Every spawn needs
 * one, so this is also where spawns wait until the runs of an earlier daemon
 * are accounted for and a new one cannot be mistaken for an old one.
 */
struct grants *grants_new(struct app *app);
void grants_free(struct grants *g);
/* A new [ops] knows none of the old grants; nothing is given out until open. */
void grants_forget(struct grants *g);
void grants_open(struct grants *g);
/* rdvd ends: nobody waits any more. */
void grants_end(struct grants *g);

/*
 * System mode, where a claim is worth nothing: what a caller has shown, by
 * which the helper can be asked for that user. `token`: it is a token of the
 * user's own, else the reverse proxy's. Kept for as long as a request may wait,
 * and only while there is no grant; work that nobody waits beside fails with
 * RDV_E_UNAVAILABLE until a caller comes.
 */
void grant_offer(struct grants *g, uid_t uid, bool token, const char *text);
/*
 * The helper has forgotten that user's grant, or may have. In user mode nothing
 * ends one but the helper's own end.
 */
void grant_forget(struct grants *g, uid_t uid);
/* The same, where it was given for the token of that digest. */
void grant_forget_of(struct grants *g, uid_t uid,
    const uint8_t token[PRIV_HASH_LEN]);

/*
 * The helper has given leave for a user, for the first time or again. In system
 * mode that is when work for him can be done that nobody waits beside. One
 * listener; NULL is none. Called from the loop.
 */
typedef void grant_given_fn(uid_t uid, void *arg);
void grants_on_given(struct grants *g, grant_given_fn *cb, void *arg);
/* There is one now, which may end at any moment. */
bool grant_is_given(const struct grants *g, uid_t uid);

struct grant {
	uint8_t bytes[PRIV_GRANT_LEN];
	uid_t uid;
	const char *user, *home, *shell; /* borrowed from the cache */
};

/*
 * Later, once: 0 and a grant valid during the call, or RDV_E_DENIED or
 * RDV_E_UNAVAILABLE with a sentence.
 */
typedef void
grant_fn(int err, const struct grant *g, const char *why, void *arg);
void grant_get(struct grants *g, uid_t uid, grant_fn *cb, void *arg);

#endif
