/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTRIG_H
#define RDV_AGENTRIG_H

#include "daemon/agent/adapter.h"
#include "lib/buf.h"

/* A host that writes down what it is told, and checks what it may rely on. */
struct agentrig {
	struct agent *g;
	char **entries; /* JSON text */
	size_t n, cap;
	struct buf sent;  /* for standard input */
	struct buf facts; /* "kind text\n" */
	struct buf asks;  /* "kind key tool command entry input\n" */
	struct buf unasked;
	struct buf order; /* a letter for each call but send and entry */
	char keys[64][80];
	size_t nkeys; /* asked so far */
	size_t told;  /* calls of entry */
	bool finished, over;
	enum agent_outcome how;
	char why[200];
	/* What is answered from within ask(), in turn. */
	const struct agent_answer *known;
	size_t nknown;
};

void agentrig_start(struct agentrig *r, const struct agent_ops *ops,
    const struct agent_wish *wish);
void agentrig_stop(struct agentrig *r);
void agentrig_out(struct agentrig *r, const char *text);
void agentrig_line(struct agentrig *r, const char *text); /* and a newline */
/* All entries as one array, pretty. xmalloc'ed. */
char *agentrig_entries(const struct agentrig *r);
/* The parsed value; dies when it is none. */
struct js *agentrig_json(const char *text);

#endif
