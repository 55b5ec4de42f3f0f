/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTH_LINK_H
#define RDV_AUTH_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/auth/token.h"

struct auth;
struct conf;
struct http_req;

/*
 * A link lets whoever has it look at the terminal of one session, or type into
 * it as well, as its owner would. Its secret is exchanged for tickets
 * (auth/ticket.h) and good for nothing else: no header and no cookie takes it.
 * Scopes: SCOPE_READ looks, SCOPE_RUN types too.
 */

/* Whether sharing.links lets there be links that may do that. */
bool auth_links_may(const struct conf *conf, uint32_t scopes);
/* The same of a credential; true for one that is no link. */
bool auth_link_allowed(const struct auth *a, const struct token *t);
/* The settings changed: what lives by links that are allowed no more ends. */
void auth_links_judge(struct auth *a);

/* A link that counts in this request, by its text; NULL like any other. */
const struct token *
auth_link_find(struct auth *a, const struct http_req *r, const char *text);
/* It was exchanged once more. */
void auth_link_used(struct auth *a, const char *id);
/* A user's links that count, newest first; of one session, or NULL: of all. */
typedef void auth_link_fn(const struct token *t, void *arg);
void auth_links_each(struct auth *a, const char *user_id,
    const char *session_id, auth_link_fn *cb, void *arg);
/*
 * What a link is said to be for, to others who look: its label, or "guest".
 * NULL when that id is no link's.
 */
const char *auth_link_label(const struct auth *a, const char *id);
/*
 * Whether what was there before somebody came is shown to him: not to who has
 * a link whose maker did not say so, nor to one of an id that nobody has.
 */
bool auth_link_history(const struct auth *a, const char *id);

#endif
