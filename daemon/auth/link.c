/* SPDX-License-Identifier: MIT */
/*
 * Links among the credentials. What a host allows is asked each time one is
 * used and not only when it is made, so that a setting withdraws what there is.
 */
#include "daemon/auth/link.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/state.h"
#include "daemon/conf.h"
#include "lib/clock.h"

/* On a host of several people whoever types by a link types as an account. */
static const char *
rule(const struct conf *conf)
{
	if (strcmp(conf->links, "auto") != 0)
		return conf->links;
	return conf->system ? "read" : "write";
}

bool
auth_links_may(const struct conf *conf, uint32_t scopes)
{
	const char *most = rule(conf);

	if (strcmp(most, "none") == 0)
		return false;
	return (scopes & SCOPE_RUN) == 0 || strcmp(most, "write") == 0;
}

bool
auth_link_allowed(const struct auth *a, const struct token *t)
{
	return t->kind != TOKEN_LINK || auth_links_may(a->app->conf, t->scopes);
}

void
auth_links_judge(struct auth *a)
{
	struct token *t;

	/* What fires ends sockets; no credential goes meanwhile. */
	TAILQ_FOREACH (t, tokens_all(a->tokens), link) {
		if (!auth_link_allowed(a, t))
			auth_watch_fire(a, t->id);
	}
}

const struct token *
auth_link_find(struct auth *a, const struct http_req *r, const char *text)
{
	const struct token *t = auth_find(a, text);

	if (t == NULL || t->kind != TOKEN_LINK ||
	    !auth_counts(a, r, t->user_id) || !auth_link_allowed(a, t))
		return NULL;
	return t;
}

void
auth_link_used(struct auth *a, const char *id)
{
	struct token *t = tokens_find_id(a->tokens, id);

	if (t == NULL)
		return;
	t->used = clock_wall_ms();
	t->uses++;
}

void
auth_links_each(struct auth *a, const char *user_id, const char *session_id,
    auth_link_fn *cb, void *arg)
{
	int64_t now = clock_wall_ms();
	struct token *t;

	TAILQ_FOREACH_REVERSE(t, tokens_all(a->tokens), token_list, link)
	{
		if (t->kind == TOKEN_LINK && !token_ended(t, now) &&
		    strcmp(t->user_id, user_id) == 0 &&
		    (session_id == NULL ||
			strcmp(t->session_id, session_id) == 0))
			cb(t, arg);
	}
}

const char *
auth_link_label(const struct auth *a, const char *id)
{
	const struct token *t = tokens_find_id(a->tokens, id);

	if (t == NULL || t->kind != TOKEN_LINK)
		return NULL;
	return t->label[0] != '\0' ? t->label : "guest";
}

bool
auth_link_history(const struct auth *a, const char *id)
{
	const struct token *t = tokens_find_id(a->tokens, id);

	/* A link may have gone since its ticket was taken. */
	if (t == NULL)
		return service_counts(&a->service, id, clock_wall_ms());
	return t->kind != TOKEN_LINK || t->history;
}
