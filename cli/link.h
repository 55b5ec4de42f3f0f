/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_LINK_H
#define RDV_CLI_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/loopback.h"

struct js;

/*
 * A link to a terminal, as `rdv share` prints it and a page opens it: its
 * secret is exchanged for a ticket, which opens that terminal once
 * (docs/tokens.md, "Links").
 */
struct link {
	struct loopback at;
	char *secret;
};

/* Whether a word is an address at all, and no session's name. */
bool link_like(const char *word);
/*
 * RDV_E_INVALID with a sentence in `why`, which has nothing of the secret.
 * Otherwise it is given to link_done().
 */
int link_parse(struct link *l, const char *text, char *why, size_t whysize);
void link_done(struct link *l);

/* What a link that is not known (any more) is called, however it is told. */
extern const char link_gone[];

/*
 * The answer of POST /api/links/open, the caller's: token, session_id, name,
 * mode. RDV_E_NOT_FOUND: link_gone. RDV_E_DENIED: there is no use in asking
 * again. RDV_E_UNAVAILABLE: there may be later. Each with a sentence.
 */
int link_open(const struct link *l, int64_t timeout_ms, struct js **out,
    char *why, size_t whysize);

#endif
