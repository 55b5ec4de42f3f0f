/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMUXLIST_H
#define RDV_TMUXLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/tmux.h"
#include "lib/secret.h"

struct store_session;

/* A session that tmux has; its text is borrowed. */
struct tmux_listed {
	const char *name;
	int64_t created_ms; /* wall clock, by tmux */
	int64_t attached;   /* clients */
	int64_t windows;
	char session_id[UUID_TEXT]; /* of the row it belongs to; or "" */
};

/* A row of that server, not closed, whose tmux session is gone. */
struct tmux_gone {
	const char *id, *name;
};

struct tmux_listing {
	bool running; /* something listens there */
	struct tmux_listed *sessions;
	size_t n;
	struct tmux_gone *gone;
	size_t ngone;
};

/*
 * What a server has, beside what the rows say; the control client's own session
 * is not in it. Later, once: a list only when tmux has answered or nothing
 * listens, so that what is not in it is gone; else as tmux_fn, with NULL.
 */
typedef void tmux_list_fn(int err, const struct tmux_listing *list,
    const char *why, void *arg);
void tmux_list(struct app *app, const struct tmux_who *who,
    enum tmux_server server, tmux_list_fn *cb, void *arg);
/* NULL: it is not there. */
const struct tmux_listed *
tmux_listed(const struct tmux_listing *list, const char *name);
/* Ends exactly that session, whosoever it is. Outcomes as tmux_fn. */
void tmux_kill(struct app *app, const struct tmux_who *who,
    enum tmux_server server, const char *name, tmux_fn *cb, void *arg);
/* The words of a client of a session on the default server, in the arena. */
const char *const *
tmux_attach_default(const struct app *app, struct arena *a, const char *name);
/* The tmux session of a row, in the arena; NULL: it is of another server. */
const char *tmux_name_of(struct arena *a, enum tmux_server server,
    const struct store_session *s);

#endif
