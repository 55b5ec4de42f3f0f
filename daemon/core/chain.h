/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHAIN_H
#define RDV_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/store/chains.h"
#include "daemon/store/conversations.h"
#include "daemon/store/queued.h"
#include "daemon/store/turns.h"

struct app;
struct arena;
struct chains;
struct js;
struct tx;

/*
 * What is done for a prompt, link after link: setup scripts that have not
 * succeeded in this workspace yet, the agent, cleanup scripts, a commit in each
 * repository, and then the next message that waits. The rows say how far it has
 * come and decide alone what is next, so that a daemon that finds a chain goes
 * on exactly as the one that began it.
 */
struct chains *chains_new(struct app *app);
/* NULL is fine for these. */
void chains_free(struct chains *s);
/* Runs are about to be settled: what they belong to is known from here on. */
void chains_recall(struct chains *s);
/* They are: chains go on. */
void chains_settle(struct chains *s);

/* Of a prompt, and of a message that waits to become one. */
#define PROMPT_BYTES (512 * 1024)

struct chain_wish {
	const struct store_conversation *conversation;
	const char *prompt;
	const char *config_json;	 /* over the conversation's; or NULL */
	const struct store_queued *from; /* the message it is taken of; NULL */
	bool judged; /* why the others wait is being written beside it */
};

struct chain_begun {
	struct store_turn turn;
	struct store_chain chain;
};

/*
 * Writes turn, chain and links with an event into `tx`, and the message as
 * taken; chain_go() follows when that is durable. RDV_E_BUSY: another chain is
 * at work in that workspace; RDV_E_INVALID, RDV_E_STATE, RDV_E_DENIED (its
 * owner does not allow it), each with a sentence; or -errno. Not 0: with these
 * four nothing was written, else `tx` is to be aborted.
 */
int chain_begin(struct tx *tx, struct arena *a, const struct chain_wish *wish,
    struct chain_begun *out, const char **why);
void chain_go(struct chains *s, const char *chain_id);

/*
 * It is to end, because of `why`: writes that into `tx`; chain_halt() follows
 * when it is durable. Of one that is over or shall end already it changes
 * nothing.
 */
int chain_stop(struct tx *tx, const struct store_chain *c, const char *why);
void chain_halt(struct chains *s, const char *chain_id);
/*
 * The same for what is at work for a session and asks nobody, which its owner
 * allows no more. `*id` (in the arena) is for chain_halt(), or NULL: there is
 * none, or the session is of no agent. 0 or -errno.
 */
int chain_stop_unasked(struct tx *tx, struct arena *a, const char *user_id,
    const char *session_id, const char **id);

/* As clients and events have rows; the caller's. */
struct js *chain_turn_json(const struct store_turn *t);
struct js *chain_json(const struct store_chain *c);
struct js *chain_link_json(const struct store_link *l);

#endif
