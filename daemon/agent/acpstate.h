/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACPSTATE_H
#define RDV_ACPSTATE_H

#include "daemon/agent/adapter.h"
#include "daemon/agent/rpc.h"
#include "lib/buf.h"
#include "lib/list.h"

/* What the files of the ACP adapter share, and nobody else sees. */

struct command;

/* One agent that speaks it; daemon/agent/acprow.c has them. */
struct acp_row {
	const char *title;
	const char *base;    /* its command line */
	const char *sign_in; /* what to do when it is not signed in */
	const char *trust;   /* the field with which nobody is asked */
	bool chooses;	     /* model and mode are told by the protocol */
	/* What the variant adds to the command line; may be NULL. */
	void (*args)(struct command *c, const struct js *config);
	const char *last; /* the argument behind those, or NULL */
};

/* How far the conversation is; what comes out of its turn is refused. */
enum acp_at {
	ACP_NEW,    /* nothing was said */
	ACP_HELLO,  /* initialize is asked */
	ACP_LOAD,   /* session/load is asked: it tells what was */
	ACP_OPEN,   /* session/new is asked */
	ACP_MODEL,  /* session/set_model is asked */
	ACP_MODE,   /* session/set_mode is asked */
	ACP_PROMPT, /* it works */
	ACP_BETWEEN /* the host decides whether it may end */
};

struct acp_tool;
struct acp_ask;
TAILQ_HEAD(acp_tools, acp_tool);
TAILQ_HEAD(acp_asks, acp_ask);

struct acp {
	struct agent *g;
	const struct acp_row *row;
	struct rpc *rpc;
	enum acp_at at;
	char *prompt, *cwd, *resume, *history; /* of the wish */
	struct js *config;
	bool checked;

	char *session;	   /* its own id; NULL until known */
	bool told;	   /* the history is in the prompt */
	bool cancelled;	   /* it was told to stop this prompt */
	unsigned turns;	   /* prompts sent */
	struct buf denied; /* what is said to it in the next prompt */
	char *denied_tool; /* to which use of a tool */

	struct agent_text *text; /* what it says now, or NULL */
	enum entry_kind text_kind;
	struct buf said; /* its last message */
	struct acp_tools tools;
	size_t n_tools, held;
	struct acp_asks asks;
	size_t model_entry, todo_entry, commands_entry;
};

/* acp.c */
void *acp_make(struct agent *g, const struct agent_wish *wish,
    const struct acp_row *row);
void acp_unmake(void *own);
void acp_begin(void *own);
void acp_line(void *own, const char *text, size_t len);
void acp_lost(void *own);
void acp_interrupt(void *own);
void acp_ended(void *own, int code);
void acp_over(struct acp *p, enum agent_outcome how, const char *why);
/* One more prompt in the same session. */
void acp_prompt(struct acp *p, const char *text);
/* It is to stop what it does; once in a prompt. */
void acp_cancel(struct acp *p);
void acp_odd(struct acp *p, const struct rpc_msg *m, const char *why);
bool acp_trusted(const struct acp *p);

/* acpupdate.c: what it tells on the way. */
void acp_update(struct acp *p, const struct rpc_msg *m);
void acp_models(struct acp *p, const struct js *models);
/* What it says is complete. */
void acp_text_end(struct acp *p);
/* Replaces *at, or adds and sets it where it is AGENT_NO_ENTRY. */
void acp_put(struct acp *p, size_t *at, struct js *entry);

/* acptool.c: the uses of tools. */
/* What is told of one: it is made, or what is new in it replaced. */
struct acp_tool *acp_tool_told(struct acp *p, const struct js *call);
void acp_tool_state(struct acp *p, const char *id, enum entry_state state,
    const char *detail);
size_t acp_tool_entry(const struct acp_tool *t);
const char *acp_tool_kind(const struct acp_tool *t);
/* Of one that runs something, "" if it tells no command, to be freed; NULL. */
char *acp_tool_command(const struct acp_tool *t);
/* The arguments as far as they are known, in a value of its own. */
struct js *acp_tool_input(const struct acp_tool *t);
/* Nothing of what runs will end any more. */
void acp_tools_end(struct acp *p);
void acp_tools_free(struct acp *p);

/* acplook.c: how one looks. */
enum acp_field {
	ACP_TITLE,
	ACP_KIND,
	ACP_STATUS,
	ACP_CONTENT,
	ACP_LOCATIONS,
	ACP_RAW_INPUT,
	ACP_RAW_OUTPUT,
	ACP_FIELDS
};
/* `f` is what is known of it, NULL where nothing is. */
struct js *acp_look(struct js *const f[ACP_FIELDS], const char *cwd,
    const struct entry_status *status);
/* The text of a block of contents, "" for none. */
const char *acp_block_text(const struct js *block);

/* acpask.c */
void acp_asked(struct acp *p, const struct rpc_msg *m);
void acp_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer);
/* False: it may end. */
bool acp_ask_ending(struct acp *p);
/* The prompt is over: nobody waits for an answer. */
void acp_asks_end(struct acp *p);
void acp_asks_free(struct acp *p);

#endif
