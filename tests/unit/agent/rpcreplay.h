/* SPDX-License-Identifier: MIT */
#ifndef RDV_RPCREPLAY_H
#define RDV_RPCREPLAY_H

#include "tests/unit/agent/agentrig.h"

/*
 * A recorded conversation of an agent that speaks JSON-RPC, given to its
 * adapter again. What the adapter sends is compared with what was sent then,
 * apart from the numbers of calls; what a person did is taken from `answers`.
 */
struct rpcreplay {
	const char *name; /* of the recording */
	const struct agent_ops *ops;
	const char *prompt, *config, *resume;
	const struct agent_answer *answers; /* to the first that are asked */
	size_t n_answers, asked;
	enum agent_outcome how;
	const char *said; /* the last message */
};

/* Everything: pieces, frames, golden entries, and the same again. True. */
bool rpcreplay_check(const struct rpcreplay *r);

#endif
