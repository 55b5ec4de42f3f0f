/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTSTATE_H
#define RDV_AGENTSTATE_H

#include "daemon/agent/adapter.h"
#include "lib/buf.h"
#include "lib/list.h"

/* What the files of the common part share, and nobody else sees. */
struct agent_open;
TAILQ_HEAD(agent_texts, agent_text);
TAILQ_HEAD(agent_opens, agent_open);

struct agent {
	const struct agent_ops *ops;
	struct agent_host host;
	void *own;
	int64_t now_ms; /* of the output that is looked at */
	size_t entries; /* numbers given */

	struct buf line;   /* of standard output, not yet whole */
	uint64_t too_long; /* bytes of a line that is over the limit, or 0 */

	struct agent_text *said; /* the group of standard error, or NULL */
	int64_t said_ms;	 /* when the last of it came */

	struct agent_texts untold; /* those that say more than was told */
	struct agent_opens opens;  /* what waits for an answer */
	unsigned open;
	uint64_t *keys; /* hashes of all that was asked */
	size_t nkeys;

	bool over, finished, interrupted, needed;
	bool gone; /* it is being freed: nobody is told anything */
};

/* A piece of standard error, and the end of it. */
void agent_said(struct agent *g, const void *p, size_t len);
void agent_said_end(struct agent *g);
/*
 * Tells what grew: those that have no entry yet, what is worth it by now, or
 * everything.
 */
enum agent_tell { AGENT_TELL_NEW, AGENT_TELL_WORTH, AGENT_TELL_ALL };
void agent_tell(struct agent *g, enum agent_tell which);
/* Closes what is asked, as if it were answered WITHDRAWN. */
void agent_withdraw(struct agent *g);

#endif
