/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTH_STATE_H
#define RDV_AUTH_STATE_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/auth/auth.h"
#include "daemon/auth/origin.h"
#include "daemon/auth/service.h"
#include "daemon/auth/ticket.h"
#include "daemon/auth/token.h"

#define AUTH_SEEN 1024

struct store_user;

/* What the files of auth/ share; nobody else includes this. */
struct auth_user {
	char id[UUID_TEXT];
	uid_t uid;
	char *name;
	bool served; /* in system mode: [main] has announced it */
	bool by_web; /* and it may be reached through the reverse proxy */
};

struct auth_watch {
	TAILQ_ENTRY(auth_watch) link;
	struct auth *auth;
	char user_id[UUID_TEXT], token_id[UUID_TEXT];
	void (*cb)(void *);
	void *arg;
	bool fired;
};

struct auth {
	struct app *app;
	struct origin_rules rules;
	struct service service;
	struct tokens *tokens;
	struct tickets *tickets;
	struct audit *audit;
	struct auth_limit *limit;
	struct auth_user *users;
	size_t nusers;
	const char *owner; /* user mode's */
	TAILQ_HEAD(, auth_watch) watches;
	struct loop_timer *sweep; /* expiry */
	struct loop_timer *flush; /* last use */
	struct token_note service_note;
	int64_t service_again; /* wall clock; a rotation failed */
	/* Which credential was seen on which connection, as hashes. */
	uint64_t seen[AUTH_SEEN];
	struct auth_stats stats;
};

const struct auth_user *auth_user_find(const struct auth *a, const char *id);
/* One more, with a row; the array may move. */
struct auth_user *auth_user_add(struct auth *a, const struct store_user *u);
/* 0, or -errno and it keeps the name that it has. */
int auth_user_rename(struct auth *a, struct auth_user *u, const char *name);
/* A line about a credential that was good, within the rate of such lines. */
void auth_audit_use(struct auth *a, const struct http_req *r,
    const struct actor *by);
/* Fires the watches of one credential. */
void auth_watch_fire(struct auth *a, const char *token_id);
/* Those of all credentials by which a user acts. */
void auth_watch_fire_user(struct auth *a, const char *user_id);
struct service_rule auth_service_rule(const struct auth *a);
void auth_timers_start(struct auth *a);
void auth_timers_stop(struct auth *a);
/* Looks again when the next credential expires. */
void auth_sweep_plan(struct auth *a);

#endif
