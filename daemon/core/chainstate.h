/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHAINSTATE_H
#define RDV_CHAINSTATE_H

#include <sys/queue.h>

#include "daemon/core/chain.h"
#include "daemon/core/lifecycle.h"
#include "daemon/core/workspace.h"
#include "daemon/event/event.h"
#include "lib/list.h"
#include "lib/secret.h"

/* What core/chain*.c share. */
#define LINK_SETUP   "setup"
#define LINK_AGENT   "agent"
#define LINK_CLEANUP "cleanup"
#define LINK_COMMIT  "commit"

struct agentlive;
struct run;

/* How its agent says that it went, until its program has ended. */
struct chain_outcome {
	bool over;
	enum life_event event;
	const char *why; /* or NULL */
};

/*
 * A chain in memory: its rows as they were last durable, and what is under way.
 * It lives as long as something of it does: until it is over and no link runs.
 * Strings live in its arena.
 */
struct chain {
	TAILQ_ENTRY(chain) link;
	struct chains *s;
	struct arena *arena;
	struct worktree_who who;
	struct store_chain row;
	struct store_link *links;
	size_t n;
	struct store_conversation conversation;
	struct store_turn turn;
	struct workspace ws; /* once it was looked at */
	bool there;	     /* all of that was brought back */
	bool *dirty;	     /* before its first link; NULL: not known */
	bool busy;	     /* a step is under way, chain_next() follows it */
	bool recalled;	     /* an earlier daemon began it */
	size_t at;	     /* the link that is being started */
	struct agentlive *live;
	struct chain_outcome outcome;
	char *said;		  /* its last message, as the turn's summary */
	const char *needs;	  /* what a person has to do, or NULL */
	struct loop_timer *retry; /* of a step that could not be stored */
	struct loop_timer *grace; /* of an agent that was asked to end */
	struct store_link next;	  /* what becomes of links[at], being stored */
	struct store_chain over;  /* the same of the chain */
	char follower[UUID_TEXT]; /* the chain of the message taken, or "" */
};
/* A chain, or a run of one, that could not be read now. */
struct chain_later {
	TAILQ_ENTRY(chain_later) link;
	bool run;
	char id[UUID_TEXT];
};

struct chains {
	struct app *app;
	TAILQ_HEAD(, chain) live;
	TAILQ_HEAD(, chain_later) later;
	struct loop_timer *timer; /* of those */
	bool recalled, settled;	  /* what an earlier daemon left */
};

/*
 * In memory already, or read from its rows; NULL: that cannot be done. Where it
 * is the store that fails now, it goes on by itself when that can be read.
 */
struct chain *chain_find(struct chains *s, const char *chain_id);
/* `later`: chain_keep_cb() is called once more for that run. */
struct chain *
chain_of_run(struct chains *s, const char *run_id, size_t *link, bool *later);
/* Whether it is to end is looked up once more. */
void chain_look_stop(struct chain *c);
/* What comes next, as the rows say. Nothing while something is under way. */
void chain_next(struct chain *c);
/* The same in a second: what has to be stored could not be. */
void chain_again(struct chain *c);
/* Beginning with links[at], which waits. */
void chain_start(struct chain *c);
void chain_commit(struct chain *c);
/* All of it is over, by this event. */
void chain_end(struct chain *c, enum life_event event, const char *cause);
/* links[i] goes on by `event` without a run; chain_next() follows. */
void
chain_move(struct chain *c, size_t i, enum life_event event, const char *cause);
/* rdvd ends: nothing is begun any more. */
bool chain_leaves(const struct chain *c);
/* An event about its turn: of one of its links, or with NULL of all of it. */
void chain_tell(struct tx *tx, enum event_kind kind,
    const struct store_chain *c, const struct store_link *l);

/* How the repositories of the workspace stand: one for each part. */
struct chain_look {
	const char *head; /* NULL: no commit yet */
	bool dirty;
};
/*
 * Later, once: 0, or an error with a sentence that names the repository. In
 * `a`, which is the caller's for as long.
 */
typedef void chain_looked_fn(int err, const struct chain_look *looks, size_t n,
    const char *why, void *arg);
void
chain_look(struct chain *c, struct arena *a, chain_looked_fn *cb, void *arg);

/* The keeper of runs (core/run.h). */
bool chain_keep_cb(struct run *run, void *chains);
/* The adapter of its agent, for links[i] that runs as `run`. */
void chain_attach(struct chain *c, size_t i, struct run *run, bool replayed);
/* Its agent or script is to end now, in its own way first. */
void chain_halt_link(struct chain *c, size_t i);
struct agent_ops;
struct agent_wish;
/* chainpast.c: how it goes on behind `last`, the last turn that counts. */
void chain_past(struct chain *c, const struct agent_ops *ops,
    const struct store_turn *last, struct agent_wish *wish);
/*
 * What its agent is asked for. The configuration in it is the caller's to
 * js_free(); NULL with a sentence: it cannot be run any more.
 */
struct js *
chain_wish_of(struct chain *c, struct agent_wish *wish, const char **why);

#endif
