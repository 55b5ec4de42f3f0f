/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACPRIG_H
#define RDV_ACPRIG_H

#include "tests/unit/agent/rpcrig.h"

/* What an agent that speaks ACP says in tests: a session S. */
#define HELLO                                                              \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":1," \
	"\"agentCapabilities\":{\"loadSession\":%s}}}"
#define OPENED "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"sessionId\":\"S\"}}"
#define STOPPED(n, reason)                                \
	"{\"jsonrpc\":\"2.0\",\"id\":" #n ",\"result\":{" \
	"\"stopReason\":\"" reason "\"}}"
#define UPDATE(u)                                                         \
	"{\"jsonrpc\":\"2.0\",\"method\":\"session/update\",\"params\":{" \
	"\"sessionId\":\"S\",\"update\":{" u "}}}"
#define SAYS(text)                                                       \
	UPDATE("\"sessionUpdate\":\"agent_message_chunk\",\"content\":{" \
	       "\"type\":\"text\",\"text\":\"" text "\"}")
#define TOOL "\"toolCallId\":\"c\",\"title\":\"ls -l\",\"kind\":\"execute\""
#define ONCE "{\"optionId\":\"y\",\"kind\":\"allow_once\"}"
#define GOOD "{\"optionId\":\"Y\",\"kind\":\"allow_always\"}"
#define NONE "{\"optionId\":\"n\",\"kind\":\"reject_once\"}"
#define MAY(n, session, options)                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":" #n ",\"method\":\"session/request_" \
	"permission\",\"params\":{\"sessionId\":\"" session                \
	"\",\"options\":[" options "],\"toolCall\":{" TOOL                 \
	",\"status\":\"pending\"}}}"
#define NO_CHOICE "{\"outcome\":{\"outcome\":\"cancelled\"}}"
#define CHOICE(id) \
	"{\"outcome\":{\"outcome\":\"selected\",\"optionId\":\"" id "\"}}"

/* More of the wish of the next one to begin; forgotten then. */
extern struct agent_wish acprig_wish;

void acprig_begin(struct agentrig *r, const struct agent_ops *ops,
    const char *config);
/* It answers; `loads`: it knows session/load. */
void acprig_greet(struct agentrig *r, bool loads);
/* Gemini with its prompt running. */
void acprig_start(struct agentrig *r, const char *config);

#endif
