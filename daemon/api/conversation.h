/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_CONVERSATION_H
#define RDV_API_CONVERSATION_H

#include "daemon/agent/variant.h"
#include "daemon/api/api.h"
#include "daemon/api/cursor.h"
#include "daemon/core/chain.h"

/* The conversation that the path names; false when that was answered. */
bool conversation_load(struct api_call *c, struct store_conversation *out);
/* Undoes it, and answers with what core says no with. */
void conversation_refuse(struct api_call *c, struct tx *tx, int err,
    const char *why);

/*
 * Commits, answers with `body` (taken over), and has the chain go on, or end
 * (`halt`), as soon as that is durable. NULL: there is none.
 */
void conversation_commit(struct api_call *c, struct tx *tx, int status,
    struct js *body, const char *chain_id, bool halt);

/*
 * That nobody is asked in such a turn is on record before it begins: 0, or an
 * error for conversation_refuse().
 */
int conversation_audit(struct api_call *c, const struct store_turn *t,
    const char **why);

/* Of a configuration, as JSON. */
#define CONFIG_BYTES 65536

/* Fields of both files: a turn's, or a message's that is to become one. */
struct turn_in {
	uint64_t set;
	const char *prompt, *config;
	bool queue;
	struct variant_pick pick; /* but for the agent */
};
/*
 * Its configuration over that of the conversation, with what was picked. False
 * when that was answered.
 */
bool conversation_turn_config(struct api_call *c,
    const struct store_conversation *row, const char **config);

/* What is picked beside `config`, in a struct with a `pick`. */
#define CONVERSATION_PICK(st, n, m, h)                                       \
	{                                                                    \
		.name = n, .kind = JS_TEXT,                                  \
		.offset = offsetof(struct st, pick.m), .min = 1, .max = 128, \
		.help = h                                                    \
	}
#define CONVERSATION_PICKS(st)                                                 \
	CONVERSATION_PICK(st, "variant", variant,                              \
	    "a name of /api/agents/config"),                                   \
	    CONVERSATION_PICK(st, "model_id", model_id, "over the variant's"), \
	    CONVERSATION_PICK(st, "agent_id", agent_id,                        \
		"the agent's mode or role, over the variant's"),               \
	    CONVERSATION_PICK(st, "reasoning_id", reasoning_id,                \
		"how much it thinks, over the variant's"),                     \
	{                                                                      \
		.name = "permission_policy", .kind = JS_ONE_OF,                \
		.offset = offsetof(struct st, pick.permission_policy),         \
		.words = "AUTO|SUPERVISED|PLAN",                               \
		.help = "who is asked; AUTO: nobody, which its owner has "     \
			"to have allowed"                                      \
	}

struct page_in {
	uint64_t set;
	const char *cursor;
	int64_t limit;
};
extern const struct js_field conversation_prompt_fields[];
extern const struct js_field conversation_page_fields[];
#define CONVERSATION_PAGE CURSOR_LIMIT
/*
 * A page of those: full with as many as were asked for, or with as many bytes
 * as nobody has to hold at once (prompts are long). The cursor is the last
 * item's id when there may be more.
 */
#define CONVERSATION_BYTES (4u << 20)
struct conversation_page {
	struct js *items;
	size_t bytes;
	bool full;
};
struct conversation_page conversation_page_new(void);
/* Takes `item`, with texts of so many bytes. False: that was the last. */
bool conversation_page_add(struct conversation_page *p, struct js *item,
    size_t bytes);
void conversation_reply_page(struct api_call *c, int err,
    struct conversation_page *p);

#endif
