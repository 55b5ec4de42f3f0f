/* SPDX-License-Identifier: MIT */
/* Questions about a rig of an agent that speaks JSON-RPC: see rpcrig.h. */
#include "tests/unit/agent/rpcrig.h"

#include <string.h>

#include "tests/unit/check.h"

bool
rpcrig_has(struct buf *b, const char *text)
{
	return strstr(buf_cstr(b), text) != NULL;
}

size_t
rpcrig_lines(struct buf *b)
{
	size_t n = 0;

	for (const char *p = buf_cstr(b); *p != '\0'; p++)
		n += *p == '\n';
	return n;
}

bool
rpcrig_shown(const struct agentrig *r, const char *text)
{
	for (size_t i = 0; i < r->n; i++)
		if (strstr(r->entries[i], text) != NULL)
			return true;
	return false;
}

void
rpcrig_answer(struct agentrig *r, size_t i, enum agent_verdict v,
    const char *reason)
{
	const struct agent_answer a = { .verdict = v, .reason = reason };

	assert_true(i < r->nkeys);
	agent_answer(r->g, r->keys[i], &a);
}
