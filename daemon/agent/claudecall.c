/* SPDX-License-Identifier: MIT */
/*
 * Calls of tools from their announcement to their result, so that the entry of
 * one can be told anew with what became of it. Bounded: of a program that
 * announces calls without end the oldest are forgotten, and their entries stay
 * what they were.
 */
#include "daemon/agent/claudestate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define CALLS_MAX 512

void
claude_call_free(struct claude *c, struct claude_call *k)
{
	TAILQ_REMOVE(&c->calls, k, entry);
	c->ncalls--;
	free(k->id);
	free(k->name);
	free(k->key);
	free(k->raw);
	free(k->reason);
	js_free(k->answers);
	js_free(k->input);
	free(k);
}

struct claude_call *
claude_call_find(struct claude *c, const char *id)
{
	struct claude_call *k;

	TAILQ_FOREACH (k, &c->calls, entry)
		if (strcmp(k->id, id) == 0)
			return k;
	return NULL;
}

static struct entry_status
status(const struct claude_call *k)
{
	return (struct entry_status){ k->state,
		k->state == ENTRY_DENIED ? k->reason : NULL };
}

struct claude_call *
claude_call_new(struct claude *c, const char *id, const char *name,
    struct js *input)
{
	struct claude_call *k = claude_call_find(c, id);
	struct entry_status created = { ENTRY_CREATED, NULL };
	struct claude_shown shown;

	/* An id that comes again is another call. */
	if (k != NULL)
		claude_call_free(c, k);
	if (c->ncalls == CALLS_MAX)
		claude_call_free(c, TAILQ_FIRST(&c->calls));
	k = xcalloc(1, sizeof(*k));
	k->id = xstrdup(id);
	k->name = xstrdup(name);
	k->input = input;
	TAILQ_INSERT_TAIL(&c->calls, k, entry);
	c->ncalls++;
	shown = claude_tool(c, name, input, NULL);
	k->at = agent_add(c->g,
	    entry_tool(name, shown.action, &created, shown.content));
	return k;
}

struct claude_call *
claude_call_announced(struct claude *c, const char *id, const char *name,
    struct jsval input)
{
	struct claude_call *k = claude_call_new(c, id, name, jsval_js(input));
	const char *raw = jsval_raw(input, c->a);

	k->raw = raw != NULL ? xstrdup(raw) : NULL;
	return k;
}

void
claude_call_show(struct claude *c, const struct claude_call *k,
    const struct claude_told *told)
{
	struct claude_shown shown = claude_tool(c, k->name, k->input, told);
	struct entry_status s = status(k);

	agent_set(c->g, k->at,
	    entry_tool(k->name, shown.action, &s, shown.content));
}
