/* SPDX-License-Identifier: MIT */
/*
 * Who is known: users, tokens, the service token, and the log of attempts.
 * All of it is in memory, so that judging a request costs no statement; the
 * rows are the truth and memory follows them only after they are durable.
 */
#include "daemon/auth/auth.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/auth/audit.h"
#include "daemon/auth/limit.h"
#include "daemon/auth/link.h"
#include "daemon/auth/state.h"
#include "daemon/conf.h"
#include "daemon/http/http.h"
#include "daemon/store/db.h"
#include "daemon/store/users.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct auth_user *
auth_user_add(struct auth *a, const struct store_user *u)
{
	struct auth_user *slot;

	a->users = xreallocarray(a->users, a->nusers + 1, sizeof(*a->users));
	slot = &a->users[a->nusers++];
	memcpy(slot->id, u->id, sizeof(slot->id));
	slot->uid = u->uid;
	slot->name = xstrdup(u->name);
	/* In system mode whoever has a row need not be welcome any more. */
	slot->served = slot->by_web = !a->app->conf->system;
	return slot;
}

static bool
auth_user_cb(const struct store_user *u, void *arg)
{
	(void)auth_user_add(arg, u);
	return true;
}

/* The account's name, or its number where passwd does not know it. */
static char *
login_name(uid_t uid)
{
	struct passwd *pw = getpwuid(uid);

	/* It goes into JSON, and passwd(5) promises no encoding. */
	if (pw != NULL && str_utf8_valid(pw->pw_name, strlen(pw->pw_name)))
		return xstrdup(pw->pw_name);
	return xasprintf("uid%ld", (long)uid);
}

static int
owner_insert(struct auth *a, const char *name)
{
	struct tx *tx = tx_begin(a->app->db);
	struct store_user u = { .uid = geteuid(), .name = name };
	int err;

	uuid_v7(u.id);
	err = store_user_insert(tx, &u, clock_wall_ms());
	if (err != 0) {
		tx_abort(tx);
		return err;
	}
	tx_commit(tx, NULL, NULL);
	(void)auth_user_add(a, &u);
	return 0;
}

int
auth_user_rename(struct auth *a, struct auth_user *u, const char *name)
{
	struct tx *tx = tx_begin(a->app->db);
	int err = store_user_rename(tx, u->id, name);

	if (err != 0) {
		tx_abort(tx);
		return err;
	}
	tx_commit(tx, NULL, NULL);
	free(u->name);
	u->name = xstrdup(name);
	return 0;
}

/* Makes sure that the account rdvd runs as is a user, under its name. */
static int
owner_ensure(struct auth *a)
{
	char *name = login_name(geteuid());
	struct auth_user *u = NULL;
	int err = 0;

	for (size_t i = 0; i < a->nusers && u == NULL; i++) {
		if (a->users[i].uid == geteuid())
			u = &a->users[i];
	}
	if (u == NULL)
		err = owner_insert(a, name);
	else if (strcmp(u->name, name) != 0)
		err = auth_user_rename(a, u, name);
	free(name);
	if (err != 0)
		return err;
	/* In user mode nobody is added later, so the pointer stays good. */
	a->owner = u != NULL ? u->id : a->users[a->nusers - 1].id;
	return 0;
}

/*
 * Files before rows: a directory that cannot be written is found out about
 * before anything has been changed.
 */
static int
load(struct auth *a, char *why, size_t whysize)
{
	struct conf *conf = a->app->conf;
	struct service_rule rule = auth_service_rule(a);
	char *dir = xasprintf("%s/server", conf->base);
	int err;

	err = audit_open(&a->audit, dir, conf->audit_max_bytes);
	free(dir);
	if (err != 0) {
		(void)snprintf(why, whysize, "%s/server/audit.log: %s",
		    conf->base, strerror(-err));
		return err;
	}
	/* A restart after a crash has other worries. */
	if (!a->app->first_start)
		rule.rotate_ms = 0;
	/* In system mode [main] has the token and brings it. */
	if (!conf->system)
		err = service_load(&a->service, conf->service_token_file, &rule,
		    why, whysize);
	if (err != 0)
		return err;
	err = store_users_each(a->app->db, auth_user_cb, a);
	if (err == 0 && !conf->system)
		err = owner_ensure(a);
	for (size_t i = 0; i < a->nusers && err == 0; i++)
		err = tokens_load(a->tokens, a->app->db, a->users[i].id,
		    clock_wall_ms());
	if (err != 0)
		(void)snprintf(why, whysize, "%s: users and tokens: %s",
		    conf->database_path,
		    err < 0 ? strerror(-err) : err_name(err));
	return err;
}

int
auth_new(struct auth **out, struct app *app, char *why, size_t whysize)
{
	struct auth *a = xcalloc(1, sizeof(*a));
	int err;

	a->app = app;
	TAILQ_INIT(&a->watches);
	a->tokens = tokens_new();
	a->tickets = tickets_new();
	a->limit = auth_limit_new(app->conf->login_tries_per_minute);
	origin_init(&a->rules, app->web, app->conf->allowed_hosts);
	err = load(a, why, whysize);
	if (err != 0) {
		auth_free(a);
		return err;
	}
	auth_timers_start(a);
	*out = a;
	return 0;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	auth_timers_stop(a);
	for (size_t i = 0; i < a->nusers; i++)
		free(a->users[i].name);
	free(a->users);
	tokens_free(a->tokens);
	tickets_free(a->tickets);
	auth_limit_free(a->limit);
	audit_close(a->audit);
	origin_done(&a->rules);
	secret_free(a, sizeof(*a));
}

void
auth_reload(struct auth *a)
{
	origin_done(&a->rules);
	origin_init(&a->rules, a->app->web, a->app->conf->allowed_hosts);
	auth_links_judge(a);
}

const struct auth_user *
auth_user_find(const struct auth *a, const char *id)
{
	for (size_t i = 0; i < a->nusers; i++) {
		if (strcmp(a->users[i].id, id) == 0)
			return &a->users[i];
	}
	return NULL;
}

const char *
auth_owner(const struct auth *a)
{
	return a->owner;
}

const char *
auth_user_name(const struct auth *a, const char *user_id)
{
	const struct auth_user *u = auth_user_find(a, user_id);

	return u != NULL ? u->name : NULL;
}

/* Any kind: the caller looks at that, and says the same about a wrong one. */
const struct token *
auth_find(struct auth *a, const char *text)
{
	uint8_t digest[DIGEST_LEN];
	struct token *t;

	digest_of(text, strlen(text), digest);
	t = tokens_find(a->tokens, digest);
	return t != NULL && !token_ended(t, clock_wall_ms()) ? t : NULL;
}

const struct token *
auth_find_id(struct auth *a, const char *id)
{
	return tokens_find_id(a->tokens, id);
}

static bool
goes_before(const struct token *t, const struct token *old, int64_t now)
{
	bool ended = token_ended(t, now);

	/* Nobody misses one that has ended. */
	if (old == NULL || ended != token_ended(old, now))
		return old == NULL || ended;
	return t->created_at < old->created_at;
}

/* Memory lags behind rows by one turn; bounds are meant for the careless. */
unsigned
auth_count(struct auth *a, const char *user_id, int kind,
    const struct token **old)
{
	int64_t now = clock_wall_ms();
	struct token *t;
	unsigned n = 0;

	*old = NULL;
	TAILQ_FOREACH (t, tokens_all(a->tokens), link) {
		if ((int)t->kind != kind || strcmp(t->user_id, user_id) != 0)
			continue;
		n++;
		if (goes_before(t, *old, now))
			*old = t;
	}
	return n;
}

void
auth_admit(struct auth *a, const struct token *token)
{
	tokens_add(a->tokens, token);
	auth_sweep_plan(a);
}

/* Gone first and told of second: a callback may ask who is still there. */
void
auth_forget(struct auth *a, const char *token_id)
{
	struct token *t = tokens_find_id(a->tokens, token_id);

	if (t != NULL)
		tokens_del(a->tokens, t);
	auth_watch_fire(a, token_id);
}

static const struct token *
bound_to(struct auth *a, const char *session_id)
{
	struct token *t;

	TAILQ_FOREACH (t, tokens_all(a->tokens), link) {
		if (strcmp(t->session_id, session_id) == 0)
			return t;
	}
	return NULL;
}

/* Each search starts afresh: a callback may end others. */
void
auth_forget_session(struct auth *a, const char *session_id, auth_gone_fn *gone,
    void *arg)
{
	const struct auth_user *u;
	const struct token *t;
	char id[UUID_TEXT];

	while ((t = bound_to(a, session_id)) != NULL) {
		u = auth_user_find(a, t->user_id);
		/* Of a link the helper knows nothing. */
		if (u != NULL && t->kind == TOKEN_CLI)
			gone(u->uid, t->digest, arg);
		memcpy(id, t->id, sizeof(id));
		auth_forget(a, id);
	}
}

static struct audit_entry
entry_of(const struct http_req *r, const char *event, const struct actor *by,
    const char *subject)
{
	static const char *const via[AUTH_VIA_MAX] = {
		[AUTH_SERVICE] = "service",
		[AUTH_TOKEN] = "token",
		[AUTH_COOKIE] = "cookie",
		[AUTH_TICKET] = "ticket",
		[AUTH_LINK] = "link",
	};

	return (struct audit_entry){
		.event = event,
		.result = "ok",
		.via = by != NULL ? via[by->via] : NULL,
		.token = by != NULL ? by->token_id : NULL,
		.user = by != NULL ? by->user_id : NULL,
		.subject = subject,
		.request = r->id,
		.peer_uid = r->peer_uid,
		.peer_pid = r->peer_pid,
	};
}

bool
auth_audit(struct auth *a, const struct http_req *r, const char *event,
    const struct actor *by, const char *subject)
{
	struct audit_entry e = entry_of(r, event, by, subject);

	return audit_write(a->audit, &e);
}

bool
auth_audit_leave(struct auth *a, const char *event, const char *user_id,
    const char *token_id, const char *subject)
{
	const struct audit_entry e = { .event = event,
		.result = "ok",
		.token = token_id,
		.user = user_id,
		.subject = subject,
		.peer_uid = geteuid(),
		.peer_pid = getpid() };

	return audit_write(a->audit, &e);
}

bool
auth_audit_often(struct auth *a, const struct http_req *r, const char *event,
    const struct actor *by, const char *subject)
{
	struct audit_entry e = entry_of(r, event, by, subject);

	return audit_attempt(a->audit, &e, AUDIT_ADMITTED);
}

void
auth_audit_use(struct auth *a, const struct http_req *r, const struct actor *by)
{
	struct audit_entry e = entry_of(r, "auth", by, NULL);

	(void)audit_attempt(a->audit, &e, AUDIT_ADMITTED);
}

void
auth_stats(const struct auth *a, struct auth_stats *out)
{
	const struct auth_watch *w;

	*out = a->stats;
	out->audit_errors = audit_errors(a->audit);
	out->audit_left_out = audit_left_out(a->audit);
	out->tokens = tokens_count(a->tokens);
	out->watches = 0;
	TAILQ_FOREACH (w, &a->watches, link)
		out->watches++;
}
