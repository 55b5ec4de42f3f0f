/* SPDX-License-Identifier: MIT */
/*
 * What an agent asks and is not yet told. The default is no: what comes after
 * the end, what was asked before under the same key, and what is too much is
 * never put before a person, and no answer finds it. Invariant: a key is open
 * at most once in a turn, and each open one is closed by its answer, by the
 * agent or by the end, whichever comes first.
 */
#include "daemon/agent/agentstate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "lib/xalloc.h"

#define KEY_MAX	 200
#define OPEN_MAX 64   /* at once */
#define ASKS_MAX 4096 /* in one turn */

struct agent_open {
	TAILQ_ENTRY(agent_open) entry;
	struct agent_ask ask; /* everything in it is ours */
	struct js *input;
};

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static struct js *
copy_js(const struct js *v)
{
	struct js *made = NULL; /* also of what nobody could look through */
	struct buf b;
	char why[80];

	if (v == NULL)
		return NULL;
	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	if (entry_depth((const char *)b.data, b.len) <= ENTRY_DEPTH)
		made = js_parse((const char *)b.data, b.len, why, sizeof(why));
	buf_done(&b);
	return made;
}

static void
open_free(struct agent_open *o)
{
	free((char *)o->ask.key);
	free((char *)o->ask.tool);
	free((char *)o->ask.call);
	free((char *)o->ask.command);
	js_free(o->input);
	free(o);
}

/*
 * FNV-1a. That two keys share a hash costs the second its question, which who
 * makes them could have left unasked as well.
 */
static uint64_t
hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	while (*s != '\0')
		h = (h ^ (unsigned char)*s++) * UINT64_C(0x100000001b3);
	return h;
}

static bool
fresh(struct agent *g, const char *key)
{
	uint64_t h = hash(key);

	for (size_t i = 0; i < g->nkeys; i++)
		if (g->keys[i] == h)
			return false;
	if (g->nkeys == ASKS_MAX)
		return false;
	if (g->keys == NULL)
		g->keys = xmalloc(ASKS_MAX * sizeof(*g->keys));
	g->keys[g->nkeys++] = h;
	return true;
}

bool
agent_asked(struct agent *g, const struct agent_ask *ask)
{
	struct agent_open *o;
	struct js *input;

	if (g->over || g->interrupted || g->open == OPEN_MAX ||
	    g->ops->answer == NULL)
		return false;
	if (ask->key == NULL || *ask->key == '\0' ||
	    strlen(ask->key) > KEY_MAX || !fresh(g, ask->key))
		return false;
	input = copy_js(ask->input);
	if (ask->input != NULL && input == NULL)
		return false;
	o = xcalloc(1, sizeof(*o));
	o->input = input;
	o->ask = *ask;
	o->ask.key = copy(ask->key);
	o->ask.tool = copy(ask->tool);
	o->ask.call = copy(ask->call);
	o->ask.command = copy(ask->command);
	o->ask.input = o->input;
	TAILQ_INSERT_TAIL(&g->opens, o, entry);
	g->open++;
	agent_tell(g, AGENT_TELL_ALL);
	/* Ours may be answered, and gone, before the host returns. */
	g->host.ask(ask, g->host.arg);
	return true;
}

static struct agent_open *
take(struct agent *g, const char *key)
{
	struct agent_open *o;

	TAILQ_FOREACH (o, &g->opens, entry) {
		if (strcmp(o->ask.key, key) != 0)
			continue;
		TAILQ_REMOVE(&g->opens, o, entry);
		g->open--;
		return o;
	}
	return NULL;
}

bool
agent_unasked(struct agent *g, const char *key)
{
	struct agent_open *o = take(g, key);

	if (o == NULL)
		return false;
	g->host.unask(key, g->host.arg);
	open_free(o);
	return true;
}

void
agent_answer(struct agent *g, const char *key,
    const struct agent_answer *answer)
{
	struct agent_open *o = take(g, key);

	if (o == NULL)
		return;
	g->ops->answer(g->own, &o->ask, answer);
	open_free(o);
}

void
agent_withdraw(struct agent *g)
{
	const struct agent_answer gone = { .verdict = AGENT_WITHDRAWN };
	struct agent_open *o;

	while ((o = TAILQ_FIRST(&g->opens)) != NULL) {
		TAILQ_REMOVE(&g->opens, o, entry);
		g->open--;
		if (!g->gone) {
			g->host.unask(o->ask.key, g->host.arg);
			g->ops->answer(g->own, &o->ask, &gone);
		}
		open_free(o);
	}
}
