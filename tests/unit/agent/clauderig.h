/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLAUDERIG_H
#define RDV_CLAUDERIG_H

#include "tests/unit/agent/agentrig.h"

/* Lines of Claude's program, and a conversation with it that has begun. */
#define INIT                                                        \
	"{\"type\":\"control_response\",\"response\":{\"subtype\":" \
	"\"success\",\"request_id\":\"rdv-1\",\"response\":{}}}\n"
#define CAN_USE(id, name, call, input)                                       \
	"{\"type\":\"control_request\",\"request_id\":\"" id                 \
	"\",\"request\":{\"subtype\":\"can_use_tool\",\"tool_name\":\"" name \
	"\",\"input\":" input ",\"tool_use_id\":\"" call "\"}}\n"
#define CALL(id, name, input)                                              \
	"{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"content\":[{" \
	"\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" name         \
	"\",\"input\":" input "}]},\"uuid\":\"u\"}\n"
#define RESULT(id, content)                                               \
	"{\"type\":\"user\",\"message\":{\"content\":[{\"type\":"         \
	"\"tool_result\",\"tool_use_id\":\"" id "\",\"content\":" content \
	"}]}}\n"

/* Nothing that began it is in `sent` any more. */
void clauderig_start(struct agentrig *r, const char *config);
/* One with approvals, in which it may ask. */
void clauderig_asks(struct agentrig *r);
const char *clauderig_sent(struct agentrig *r);
/* The text of entry `i` has that part. */
bool clauderig_shows(const struct agentrig *r, size_t i, const char *part);

#endif
