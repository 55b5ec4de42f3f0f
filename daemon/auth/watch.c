/* SPDX-License-Identifier: MIT */
/*
 * What happens to credentials over time: the watches that end streams when one
 * is revoked or expires, the service token that is replaced by another, and the
 * batch that writes when each was last used.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/audit.h"
#include "daemon/auth/link.h"
#include "daemon/auth/state.h"
#include "daemon/conf.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/tokens.h"
#include "lib/clock.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define DAY_MS	     (24 * 3600 * 1000LL)
#define MINUTE_MS    60000
#define FLUSH_MS     60000
#define AGAIN_MS     (3600 * 1000) /* what fails is not tried at every turn */
#define SWEEP_MAX_MS 60000	   /* the wall clock may be set at any time */

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

bool
auth_holds(struct auth *a, const char *user_id, const char *token_id)
{
	const int64_t now = clock_wall_ms();
	const struct auth_user *u;
	const struct token *t;

	if (token_id[0] == '\0')
		return true;
	u = auth_user_find(a, user_id);
	if (u == NULL || !u->served)
		return false;
	t = tokens_find_id(a->tokens, token_id);
	return t != NULL ? !token_ended(t, now) && auth_link_allowed(a, t)
			 : service_counts(&a->service, token_id, now);
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

static int64_t
sooner(int64_t at, int64_t now, int64_t wait)
{
	return at > now && at - now < wait ? at - now : wait;
}

/* Wakes at the next end of a credential, and now and then regardless. */
void
auth_sweep_plan(struct auth *a)
{
	int64_t now = clock_wall_ms(), wait = SWEEP_MAX_MS;
	struct token *t;

	TAILQ_FOREACH (t, tokens_all(a->tokens), link)
		wait = sooner(t->expires_at, now, wait);
	wait = sooner(a->service.previous_until, now, wait);
	loop_timer_set(a->sweep, wait);
}

struct service_rule
auth_service_rule(const struct auth *a)
{
	const struct conf *conf = a->app->conf;

	/* In system mode it is [main]'s to make, and rdvd may not. */
	return (struct service_rule){
		.rotate_ms =
		    conf->system ? 0 : conf->token_rotation_days * DAY_MS,
		.grace_ms = conf->token_grace_minutes * MINUTE_MS,
	};
}

/*
 * The loop waits for the disk here, once in weeks: nobody may be let in by a
 * token that a crash would take back.
 */
int
auth_rotate_service(struct auth *a, struct auth_service *out)
{
	struct service *s = &a->service;
	char gone[UUID_TEXT];
	int err;

	memcpy(gone, s->previous_id, sizeof(gone));
	err = service_rotate(s, a->app->conf->service_token_file,
	    auth_service_rule(a).grace_ms);
	if (err != 0)
		return err;
	/* Two at a time: what lives by the one before them ends. */
	auth_watch_fire(a, gone);
	auth_sweep_plan(a);
	memcpy(out->id, s->id, sizeof(out->id));
	out->created_at = s->created_at;
	out->previous_until = s->previous_until;
	return 0;
}

/* Like whoever asks for it: no record, no new token. */
static int
rotate_by_age(struct auth *a)
{
	struct audit_entry e = { .event = "service.rotate",
		.result = "ok",
		.subject = a->service.id };
	struct auth_service fresh;

	if (!audit_write(a->audit, &e))
		return -EIO;
	return auth_rotate_service(a, &fresh);
}

static void
service_sweep(struct auth *a, int64_t now)
{
	struct service_rule rule = auth_service_rule(a);
	struct service *s = &a->service;
	int err;

	if (s->previous_until > 0 && now >= s->previous_until) {
		s->previous_until = 0;
		auth_watch_fire(a, s->previous_id);
	}
	if (!service_due(s, &rule, now) || now < a->service_again)
		return;
	err = rotate_by_age(a);
	if (err == 0) {
		log_info("auth", "the service token was replaced by token=%s",
		    s->id);
		return;
	}
	a->service_again = now + AGAIN_MS;
	log_warnx("auth",
	    "the service token is older than token_rotation_days and cannot "
	    "be replaced: %s: %s",
	    a->app->conf->service_token_file, strerror(-err));
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
	service_sweep(a, now);
	auth_sweep_plan(a);
}

/* One transaction for all, at most once a minute: reading must stay cheap. */
static void
flush(struct auth *a)
{
	struct tx *tx = NULL;
	struct token *t;

	TAILQ_FOREACH (t, tokens_all(a->tokens), link) {
		if (t->used == t->stored_use && t->uses == t->stored_uses)
			continue;
		if (tx == NULL)
			tx = tx_begin(a->app->db);
		(void)store_token_touch(tx, t->id, t->used, t->uses);
		t->stored_use = t->used;
		t->stored_uses = t->uses;
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
