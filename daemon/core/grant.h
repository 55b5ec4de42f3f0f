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

struct grant {
	uint8_t bytes[PRIV_GRANT_LEN];
	uid_t uid;
	const char *user, *home, *shell; /* borrowed from the cache */
};

/* Later, once: 0 and a grant valid during the call, or RDV_E_DENIED or
 * RDV_E_UNAVAILABLE with a sentence. */
typedef void
grant_fn(int err, const struct grant *g, const char *why, void *arg);
void grant_get(struct grants *g, uid_t uid, grant_fn *cb, void *arg);

#endif
