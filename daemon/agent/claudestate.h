/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLAUDESTATE_H
#define RDV_CLAUDESTATE_H

#include "daemon/agent/adapter.h"
#include "lib/buf.h"
#include "lib/jsview.h"
#include "lib/list.h"

struct arena;

/*
 * One conversation in Claude's protocol; shared by the files claude*.c and by
 * amp.c, which speaks its output.
 */
#define CLAUDE_BLOCKS 64 /* of one message that stream at once */

/* A message that is being said: the main one's, or a subagent's. */
struct claude_stream {
	TAILQ_ENTRY(claude_stream) entry;
	char *parent; /* the call it belongs to, "" of the main one */
	char *message;
	unsigned frames; /* blocks that came whole */
	struct agent_text *blocks[CLAUDE_BLOCKS];
};

/* A call of a tool that has no result yet. */
struct claude_call {
	TAILQ_ENTRY(claude_call) entry;
	char *id, *name;
	char *key;		/* of the request that asks for it, or NULL */
	size_t at;		/* its entry */
	char *input;		/* JSON text */
	char *action, *content; /* what is shown of it, before its result */
	bool fixed;		/* and with it as well */
	enum entry_state state;
	char *reason;	    /* of its denial */
	struct js *answers; /* to its question */
};

struct claude {
	struct agent *g;
	const char *title;   /* what people call it */
	struct arena *a;     /* of one line */
	struct jsview view;  /* of it */
	struct jsview input; /* of a call that is shown */
	char *prompt, *cwd;
	bool plan, approvals, skip, checked; /* what is wanted */
	bool may_bypass;		     /* its program would do it */
	bool planned;			     /* its plan was approved */
	bool amp;			     /* see amp.c */

	bool ready, mode_taken; /* our first two requests were */
	unsigned asks;		/* control requests of ours */
	bool known;		/* the conversation has its id */
	bool model_shown, key_warned, auth_failed, timed_out;
	bool router; /* what its router says of itself is dropped */
	char *model;
	int64_t window, total, told_window, told_total;
	size_t usage_at; /* the one entry of usage, or AGENT_NO_ENTRY */
	char *last_uuid; /* of the last message of the assistant */
	struct buf said; /* its last text */

	TAILQ_HEAD(claude_stream_head, claude_stream)
	streams;			 /* newest first */
	TAILQ_HEAD(, claude_call) calls; /* oldest first */
	unsigned nstreams, ncalls;
};

/*
 * What all its speakers share. cursor.c and droid.c, whose lines are others,
 * have the calls of tools and the texts of it.
 */
void claude_init(struct claude *c, struct agent *g,
    const struct agent_wish *wish, const char *title);
void claude_done(struct claude *c);
void claude_line(void *own, const char *text, size_t len);
void claude_ended(void *own, int code);
/* The first id of the conversation that a line has. */
void claude_learn_id(struct claude *c, struct jsval line);
/* The prompt as plain text, and no more. */
void claude_prompt(struct claude *c);
/* Takes `v`; its text, in the arena. */
const char *claude_text(struct claude *c, struct js *v);
/* What it said last. */
void claude_said(struct claude *c, const char *text);
/* What a line says that is not JSON, or of a kind nobody knows. */
void claude_quote(struct claude *c, const char *text, size_t len);

/* claudestream.c: what is said, piece by piece and whole. */
void claude_stream_event(struct claude *c, struct jsval line);
void claude_assistant(struct claude *c, struct jsval line);
void claude_streams_end(struct claude *c);
void claude_model(struct claude *c, const char *model);

/* claudeuser.c: results of tools and what the program says as its user. */
void claude_user(struct claude *c, struct jsval line);
/* claudesystem.c: the program about itself, and the end of a turn. */
void claude_system(struct claude *c, struct jsval line);
void claude_result(struct claude *c, struct jsval line);
void claude_usage(struct claude *c);

/* claudecall.c: calls that have no result yet. */
struct claude_call *claude_call_new(struct claude *c, const char *id,
    const char *name, const char *input);
/* What it is called with, once that is known better. */
void claude_call_input(struct claude *c, struct claude_call *k,
    const char *name, const char *input);
struct claude_call *claude_call_find(struct claude *c, const char *id);
void claude_call_free(struct claude *c, struct claude_call *k);
/* Tells its entry anew, with what it has come to. */
struct claude_told {
	bool failed;
	const char *text;	/* what it said, or NULL */
	const struct js *value; /* the same when it is no text */
};
void claude_call_show(struct claude *c, const struct claude_call *k,
    const struct claude_told *told);

/* claudetool.c: what a tool does, by its name. */
struct claude_shown {
	struct js *action;
	const char *content; /* in the arena */
};
struct claude_shown claude_tool(struct claude *c, const char *name,
    struct jsval input, const struct claude_told *told);
/* Its result is a part of what is shown. */
bool claude_tool_tells(const char *name);
/* The same tool under any of its spellings. */
bool claude_tool_is(const char *name, const char *known);
/* What a call of it runs, or NULL. */
const char *claude_tool_command(const char *name, const struct js *input);

/* claudeask.c: requests of the program and their answers. */
void claude_begin(void *own);
void claude_control_request(struct claude *c, struct jsval line);
void claude_control_cancel(struct claude *c, struct jsval line);
void claude_control_response(struct claude *c, struct jsval line);
void claude_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer);
void claude_interrupt(void *own);

#endif
