/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPLAY_H
#define RDV_REPLAY_H

#include "tests/unit/agent/agentrig.h"

/*
 * Plays the agent's side of a transcript of tests/fixtures/agents and compares
 * what the adapter says with the host's side.
 */
struct replay {
	const char *file; /* without directory and ".jsonl" */
	const struct agent_ops *ops;
	const char *config; /* JSON of the variant's fields */
	const char *prompt;
	bool checked;
	/*
	 * Does what a person does at that line of the host's: answers or
	 * interrupts. False when the adapter said it by itself.
	 */
	bool (*person)(struct agentrig *r, const struct js *line);
	/*
	 * Pairs of texts, NULL at the end: ids that the recorded host gave, and
	 * those that the adapter gives.
	 */
	const char *const *ids;
	/* Takes from a line what need not be the same. Returns a new value. */
	struct js *(*plain)(const struct js *line);
};

/* How the output is cut. */
struct replay_cut {
	unsigned seed; /* random pieces; 0 for one piece of `at` bytes first */
	size_t at;
};

/* Starts `r`, which is the caller's to stop. The exit is played, too. */
void
replay_run(struct agentrig *r, const struct replay *p, struct replay_cut cut);
/* Appends a line of the agent's, with a newline. */
void
replay_line(const struct replay *p, const struct js *line, struct buf *out);
/* Appends all of the agent's lines. */
void replay_output(const struct replay *p, struct buf *out);
/*
 * The entries are those of tests/unit/agent/golden/NAME.json. With
 * RDV_GOLDEN_WRITE they are written there, for somebody to read.
 */
void replay_golden(const struct agentrig *r, const char *name);
/* The entries, asks, facts and the end as one text. xmalloc'ed. */
char *replay_story(const struct agentrig *r);
bool replay_same(const struct js *a, const struct js *b);

#endif
