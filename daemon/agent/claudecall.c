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

struct claude_call *
claude_call_find(struct claude *c, const char *id)
{
	struct claude_call *k;

	TAILQ_FOREACH (k, &c->calls, entry)
		if (strcmp(k->id, id) == 0)
			return k;
	return NULL;
}

static struct claude_shown
shown_of(struct claude *c, const struct claude_call *k,
    const struct claude_told *told)
{
	struct jsval input = { NULL, 0 };

	if (jsview_parse(&c->input, k->input, strlen(k->input)))
		input = jsview_root(&c->input);
	return claude_tool(c, k->name, input, told);
}

/* What it is called with, and so what is shown of it until its result. */
static void
take_input(struct claude *c, struct claude_call *k, const char *name,
    const char *input)
{
	struct claude_shown shown;

	k->name = xstrdup(name);
	k->input = xstrdup(input);
	shown = shown_of(c, k, NULL);
	k->action = xstrdup(claude_text(c, shown.action));
	k->content = xstrdup(shown.content);
	k->fixed = !claude_tool_tells(name);
}

static void
drop_input(struct claude_call *k)
{
	free(k->name);
	free(k->input);
	free(k->action);
	free(k->content);
}

void
claude_call_free(struct claude *c, struct claude_call *k)
{
	TAILQ_REMOVE(&c->calls, k, entry);
	c->ncalls--;
	drop_input(k);
	free(k->id);
	free(k->key);
	free(k->reason);
	js_free(k->answers);
	free(k);
}

void
claude_call_input(struct claude *c, struct claude_call *k, const char *name,
    const char *input)
{
	struct claude_call was = *k;

	take_input(c, k, name, input);
	drop_input(&was);
}

static struct js *
as_is(const struct claude_call *k)
{
	struct entry_status s = { k->state,
		k->state == ENTRY_DENIED ? k->reason : NULL };

	return entry_tool_json(k->name, k->action, &s, k->content);
}

struct claude_call *
claude_call_new(struct claude *c, const char *id, const char *name,
    const char *input)
{
	struct claude_call *k = claude_call_find(c, id);

	/* An id that comes again is another call. */
	if (k != NULL)
		claude_call_free(c, k);
	k = TAILQ_FIRST(&c->calls);
	if (k != NULL && c->ncalls == CALLS_MAX)
		claude_call_free(c, k);
	k = xcalloc(1, sizeof(*k));
	k->id = xstrdup(id);
	take_input(c, k, name, input);
	TAILQ_INSERT_TAIL(&c->calls, k, entry);
	c->ncalls++;
	k->at = agent_add(c->g, as_is(k));
	return k;
}

void
claude_call_show(struct claude *c, const struct claude_call *k,
    const struct claude_told *told)
{
	struct entry_status s = { k->state, NULL };
	struct claude_shown shown;

	if (told == NULL || k->fixed) {
		agent_set(c->g, k->at, as_is(k));
		return;
	}
	shown = shown_of(c, k, told);
	agent_set(c->g, k->at,
	    entry_tool(k->name, shown.action, &s, shown.content));
}
