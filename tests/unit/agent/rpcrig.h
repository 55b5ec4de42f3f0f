/* SPDX-License-Identifier: MIT */
#ifndef RDV_RPCRIG_H
#define RDV_RPCRIG_H

#include "tests/unit/agent/agentrig.h"

/* What tests of agents that speak JSON-RPC ask about their rig. */
bool rpcrig_has(struct buf *b, const char *text);
size_t rpcrig_lines(struct buf *b);
/* Whether one of the entries has that text in it. */
bool rpcrig_shown(const struct agentrig *r, const char *text);
/* Answers the i-th of what was asked. */
void rpcrig_answer(struct agentrig *r, size_t i, enum agent_verdict v,
    const char *reason);

#endif
