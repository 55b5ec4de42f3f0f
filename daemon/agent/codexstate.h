/* SPDX-License-Identifier: MIT */
#ifndef RDV_CODEXSTATE_H
#define RDV_CODEXSTATE_H

#include "daemon/agent/adapter.h"
#include "daemon/agent/rpc.h"
#include "lib/buf.h"
#include "lib/list.h"

/* What the files of the Codex adapter share, and nobody else sees. */

/* How far the conversation is; what comes out of its turn is refused. */
enum codex_at {
	CODEX_NEW,     /* nothing was said */
	CODEX_HELLO,   /* initialize is asked */
	CODEX_ACCOUNT, /* account/read is asked */
	CODEX_THREAD,  /* thread/start or thread/fork is asked */
	CODEX_TURN,    /* a turn runs */
	CODEX_BETWEEN  /* a person or the host decides about another */
};

struct codex_kind;
struct codex_item;
struct codex_ask;
TAILQ_HEAD(codex_items, codex_item);
TAILQ_HEAD(codex_asks, codex_ask);

struct codex {
	struct agent *g;
	struct rpc *rpc;
	enum codex_at at;
	char *prompt, *cwd, *resume; /* of the wish */
	struct js *config;
	bool checked;

	char *thread, *turn, *model; /* its own ids; NULL until known */
	bool plan;		     /* the turn may only plan */
	bool stop;		     /* the turn is to end, once it has an id */
	unsigned turns;		     /* begun */
	struct buf denied;	     /* what is said to it in the next turn */
	char *denied_tool;	     /* to which use of a tool */
	bool heard;		     /* that is the prompt of this turn */
	char *plan_text;	     /* the plan that was made in this turn */
	size_t plan_entry;

	struct codex_items items; /* begun and not completed */
	size_t n_items, held;
	struct codex_asks asks; /* until Codex says that they are resolved */
	size_t model_entry, usage_entry, todo_entry;
};

/* codex.c */
void codex_over(struct codex *c, enum agent_outcome how, const char *why);
/* One more turn with that text. */
void codex_turn(struct codex *c, const char *text);
/* The turn is completed with that status. */
void codex_completed(struct codex *c, const struct js *turn);
void codex_turn_id(struct codex *c, const struct js *turn);
/* Replaces *at, or adds and sets it where it is AGENT_NO_ENTRY. */
void codex_put(struct codex *c, size_t *at, struct js *entry);
/* A message that fits nothing is kept and shown; `why` may be NULL. */
void codex_odd(struct codex *c, const struct rpc_msg *m, const char *why);

/* codexnote.c */
void codex_notice(struct codex *c, struct rpc_msg *m);
/* What was denied last was said to it: shows that. */
void codex_heard(struct codex *c);
void codex_model(struct codex *c, const struct js *thread_answer);

/* codexask.c */
void codex_asked(struct codex *c, const struct rpc_msg *m);
/* What was made asks whether it is good. False when nobody is to be asked. */
bool codex_ask_plan(struct codex *c);
/* False: it may end. */
bool codex_ask_ending(struct codex *c);
void codex_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer);
void codex_resolved(struct codex *c, const struct js *id);
/* The turn is over: nobody waits for an answer. */
void codex_asks_end(struct codex *c);
void codex_asks_free(struct codex *c);

/* codexitem.c: what it does, as entries. */
void codex_item_started(struct codex *c, struct rpc_msg *m);
void codex_item_completed(struct codex *c, const struct js *item);
void codex_item_grows(struct codex *c, const char *id, const char *text);
void codex_item_part(struct codex *c, const char *id);
/* One that is begun and a use of a tool, or NULL. */
const struct js *codex_item(struct codex *c, const char *id, size_t *entry);
/* Shows what was decided about it. `detail` may be NULL. */
void codex_item_state(struct codex *c, const char *id, enum entry_state state,
    const char *detail);
/* Nothing of what runs will end any more. */
void codex_items_end(struct codex *c);
void codex_items_free(struct codex *c);

/* codexshape.c: how one looks. */
struct arena;
struct codex_view {
	const struct js *item;
	const char *out; /* what it said so far, or NULL */
	const char *cwd;
	size_t i;	 /* which of its entries */
	struct arena *a; /* for the texts below */
	const char *tool, *label;
};
enum codex_how { CODEX_HIDDEN, CODEX_TEXT, CODEX_TOOL, CODEX_NOTE };
struct codex_kind {
	const char *type;
	enum codex_how how;
	enum entry_kind text;
	/* How many entries; NULL is one. */
	size_t (*count)(const struct js *item);
	/* The action, and v->tool and v->label beside it. */
	struct js *(*action)(struct codex_view *v);
};
/* Never NULL: what is unknown is a tool of that name. */
const struct codex_kind *codex_kind(const char *type);
/* The final text of one that is a text; static until the arena's end. */
const char *codex_item_text(const struct js *item, struct arena *a);
/* A command without the shell around it, where that is all there is. */
const char *codex_plain_command(struct arena *a, const char *line);

/* codexcmd.c */
int codex_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why);
/* The parameters of thread/start and thread/fork. */
struct js *codex_thread_params(const struct codex *c);
/* Whether nobody is asked before a tool is used. */
bool codex_trusted(const struct codex *c);

#endif
