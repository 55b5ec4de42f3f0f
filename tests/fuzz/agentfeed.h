/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTFEED_H
#define RDV_AGENTFEED_H

#include <stddef.h>
#include <stdint.h>

struct agent_ops;

/*
 * Output of an agent, from its first byte on: what its adapter makes of it, in
 * one piece and byte by byte. The first byte of the input says which of the
 * configurations it has (NULL ends them; the last one may trust the agent) and
 * whether a person says yes. `yes` is what only a yes may put into a line that
 * is sent.
 */
void agentfeed(const struct agent_ops *ops, const char *const *configs,
    const char *yes, const uint8_t *data, size_t size);

#endif
