/* SPDX-License-Identifier: MIT */
/*
 * What happens to credentials over time: the watches that end streams when one
 * is revoked or expires, and the batch that writes when each was last used.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/audit.h"
#include "daemon/auth/state.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/tokens.h"
#include "lib/clock.h"
#include "lib/list.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define FLUSH_MS     60000
#define SWEEP_MAX_MS 60000 /* the wall clock may be set at any time */

struct auth_watch *
auth_on_revoke(struct auth *a, const struct actor *actor, void (*cb)(void *),
    void *arg)
{
	struct auth_watch *w = xcalloc(1, sizeof(*w));

	w->auth = a;
	w->cb = cb;
	w->arg = arg;
	(void)str_copy(w->user_id, actor->user_id, sizeof(w->user_id));
	(void)str_copy(w->token_id, actor->token_id, sizeof(w->token_id));
	TAILQ_INSERT_TAIL(&a->watches, w, link);
	return w;
}

void
auth_unwatch(struct auth_watch *w)
{
	if (w == NULL)
		return;
	TAILQ_REMOVE(&w->auth->watches, w, link);
	free(w);
}

/* Of a token or of a user: NULL is any. */
static struct auth_watch *
watch_next(struct auth *a, const char *token_id, const char *user_id)
{
	struct auth_watch *w;

	TAILQ_FOREACH (w, &a->watches, link) {
		if (!w->fired &&
		    (token_id == NULL || strcmp(w->token_id, token_id) == 0) &&
		    (user_id == NULL || strcmp(w->user_id, user_id) == 0))
			return w;
	}
	return NULL;
}

/* A callback may remove any watch, so each search starts afresh. */
static void
fire(struct auth *a, const char *token_id, const char *user_id)
{
	struct auth_watch *w;

	while ((w = watch_next(a, token_id, user_id)) != NULL) {
		w->fired = true;
		w->cb(w->arg);
	}
}

void
auth_watch_fire(struct auth *a, const char *token_id)
{
	fire(a, token_id, NULL);
}

void
auth_watch_fire_user(struct auth *a, const char *user_id)
{
	fire(a, NULL, user_id);
}

/* Wakes at the next end of a credential, and now and then regardless. */
void
auth_sweep_plan(struct auth *a)
{
	int64_t now = clock_wall_ms(), wait = SWEEP_MAX_MS;
	struct token *t;

	TAILQ_FOREACH (t, tokens_all(a->tokens), link) {
		if (t->expires_at > now && t->expires_at - now < wait)
			wait = t->expires_at - now;
	}
	loop_timer_set(a->sweep, wait);
}

static void
auth_sweep_cb(void *arg)
{
	struct auth *a = arg;
	struct token *t, *next;
	int64_t now = clock_wall_ms();

	TAILQ_FOREACH_SAFE (t, tokens_all(a->tokens), link, next) {
		if (!token_ended(t, now))
			continue;
		auth_watch_fire(a, t->id);
		/* An expired CLI token is still to be told from a wrong one. */
		if (t->kind != TOKEN_CLI)
			tokens_del(a->tokens, t);
	}
	auth_sweep_plan(a);
}

/* One transaction for all, at most once a minute: reading must stay cheap. */
static void
flush(struct auth *a)
{
	struct tx *tx = NULL;
	struct token *t;

	TAILQ_FOREACH (t, tokens_all(a->tokens), link) {
		if (t->used == t->stored_use)
			continue;
		if (tx == NULL)
			tx = tx_begin(a->app->db);
		(void)store_token_touch(tx, t->id, t->used);
		t->stored_use = t->used;
	}
	/* Losing a time of last use to a full disk is no reason to do more. */
	if (tx != NULL)
		tx_commit(tx, NULL, NULL);
}

static void
auth_flush_cb(void *arg)
{
	struct auth *a = arg;

	flush(a);
	audit_catch_up(a->audit);
	loop_timer_set(a->flush, FLUSH_MS);
}

void
auth_timers_start(struct auth *a)
{
	a->sweep = loop_timer_new(a->app->loop, auth_sweep_cb, a);
	a->flush = loop_timer_new(a->app->loop, auth_flush_cb, a);
	auth_sweep_plan(a);
	loop_timer_set(a->flush, FLUSH_MS);
}

void
auth_timers_stop(struct auth *a)
{
	if (a->sweep == NULL)
		return;
	flush(a);
	audit_catch_up(a->audit);
	loop_timer_free(a->sweep);
	loop_timer_free(a->flush);
}
