/* SPDX-License-Identifier: MIT */
#ifndef RDV_CONVERSATION_H
#define RDV_CONVERSATION_H

#include <stdint.h>

#include "daemon/store/conversations.h"

struct agent_ops;
struct app;
struct arena;
struct db;
struct js;
struct store_session;
struct store_turn;
struct tx;

/* The word of session.terminal_type. */
#define SESSION_CONVERSATION "conversation"

/*
 * Conversations: sessions whose work an agent does in a workspace, turn after
 * turn (core/chain.h). What a terminal is asked for is nothing that one of
 * these has, so it is a session to runs and events and none to the routes of
 * terminals.
 */
struct conversation_wish {
	const char *user_id, *workspace_id;
	const char *agent;	 /* as agent_find() takes it */
	const char *config_json; /* an object, or NULL */
	const char *name;	 /* NULL: that of the workspace */
	const char *folder_id;	 /* or NULL */
	const char *profile;	 /* NULL: "agent" */
	const char *network;	 /* as of a session, or NULL */
	const char *const *network_hosts;
};

/*
 * Writes it with an event into `tx`, and into the arena. 0; RDV_E_INVALID,
 * RDV_E_NOT_FOUND (the workspace), RDV_E_STATE (that is not ready), each with a
 * sentence in `*why`; or -errno. Not 0: `tx` is to be aborted.
 */
int conversation_create(struct tx *tx, struct arena *a,
    const struct conversation_wish *wish, struct store_conversation *out,
    const char **why);
/*
 * It takes no further turns, and what waits is cancelled. Twice is once. The
 * chain that may be at work is its caller's to stop.
 */
int conversation_close(struct tx *tx, const struct store_conversation *c);

/*
 * What a turn is to be run with: the agent's own defaults, over these what the
 * conversation says, over that what the turn does (NULL: nothing). In the
 * arena as text, or NULL with a sentence.
 */
const char *conversation_config(struct arena *a, const struct agent_ops *ops,
    const char *config_json, const char *turn_json, const char **why);
/*
 * Whether the agent may be run with that now: 0, and `unasked` and `unasked_by`
 * of the turn in the arena; RDV_E_INVALID; RDV_E_DENIED: nobody would be asked,
 * and its owner has not allowed that for this conversation (abuse K16); each
 * with a sentence; or -errno.
 */
int conversation_judge(struct db *db, struct arena *a,
    const struct store_conversation *c, const char *turn_json,
    struct store_turn *t, const char **why);
/* The same of agent_command.unasked, and whose token allows it. */
int conversation_unasked(struct db *db, struct arena *a, const char *id,
    const char *field, const char **by, const char **why);
/*
 * Without the values of `env`, which are keys and passwords more often than not
 * and for the agent alone: whoever reads has their names. The caller's.
 */
struct js *conversation_config_shown(const struct js *config);
/* Adds that as `config`, for answers and events. */
void conversation_add_config(struct js *to, const char *config_json);
/* As clients and events have a row; the caller's. */
struct js *conversation_json(const struct store_conversation *c);

#endif
