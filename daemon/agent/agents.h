/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTS_H
#define RDV_AGENTS_H

#include "daemon/agent/agent.h"

/* The rows of daemon/agent/agents.c, each in the file of its agent. */
extern const struct agent_ops agent_claude, agent_amp, agent_cursor,
    agent_droid, agent_codex, agent_gemini, agent_qwen, agent_copilot,
    agent_opencode, agent_acp;

#endif
