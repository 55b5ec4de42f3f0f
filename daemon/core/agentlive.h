/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTLIVE_H
#define RDV_AGENTLIVE_H

#include <stdbool.h>

#include "daemon/agent/agent.h"

struct agentlive;
struct app;
struct term;

/*
 * An agent at work: the log of its run on one side, its adapter on the other.
 * It reads nothing but the log, so a daemon that takes a run over gives the
 * adapter all of it again, and what is made of it is the same: its entries lie
 * beside the log (term/talk.h), what it asks leave for is asked of people
 * (core/approval.h).
 */
struct agentlive_conf {
	struct app *app;
	struct term *term; /* of its run; a reference is taken */
	/* Who asks, when it asks; these live as long as it does. */
	const char *user_id, *session_id, *run_id, *workspace_id;
	const char *cwd, *profile;
	/* An earlier daemon began it: it is told what that has not said. */
	bool replayed;
	/* What becomes known, as of agent_host; `over` comes once. */
	void (*fact)(enum agent_fact what, const char *text, void *arg);
	void (*over)(enum agent_outcome how, const char *why, void *arg);
	void *arg;
};

/*
 * `*why` is NULL, or says why nothing can be said to it that is needed: its run
 * is to be stopped then.
 */
struct agentlive *
agentlive_new(const struct agentlive_conf *conf, const struct agent_ops *ops,
    const struct agent_wish *wish, const char **why);
/* NULL is fine. No callback follows. */
void agentlive_free(struct agentlive *l);
/* As of agent_interrupt(). */
void agentlive_interrupt(struct agentlive *l);
/*
 * Its program has ended, with that exit status or -1, and all it wrote is in
 * the log: `done` when the adapter has had all of it, from the loop. It is over
 * then in any case.
 */
typedef void agentlive_done_fn(void *arg);
void agentlive_drain(struct agentlive *l, int code, agentlive_done_fn *done,
    void *arg);

#endif
