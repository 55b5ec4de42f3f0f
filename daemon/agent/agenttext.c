/* SPDX-License-Identifier: MIT */
/*
 * Entries whose text comes in pieces, standard error among them. A message of
 * a thousand pieces is not a thousand entries: what grew is told at the end of
 * a piece of output, and a long text only when it grew by a part of itself, for
 * else its cost were the square of its length. Invariant: what stands in
 * `untold` stands there in the order of its numbers, those that were never told
 * before that order is needed.
 */
#include "daemon/agent/agentstate.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/term/strip.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define TEXT_MAX   (SIZE_MAX / 4)
#define SMALL	   ((size_t)4 * 1024)  /* is told whenever it grew */
#define WORTH	   16		       /* or when so much of it is new */
#define WORTH_MS   500		       /* or after so long */
#define SAID_MAX   ((size_t)64 * 1024) /* of one group of standard error */
#define SAID_PAUSE 2000		       /* ms that part two groups */

struct agent_text {
	TAILQ_ENTRY(agent_text) entry;
	struct agent *g;
	enum entry_kind kind;
	struct buf text;
	size_t at;   /* its number */
	size_t told; /* bytes that the host has seen */
	int64_t told_ms;
	bool numbered, known, untold, full;
};

struct agent_text *
agent_text_new(struct agent *g, enum entry_kind kind)
{
	struct agent_text *t = xcalloc(1, sizeof(*t));

	t->g = g;
	t->kind = kind;
	buf_init(&t->text, TEXT_MAX);
	return t;
}

static void
grown(struct agent_text *t)
{
	if (!t->numbered)
		t->at = t->g->entries++;
	t->numbered = true;
	if (!t->untold)
		TAILQ_INSERT_TAIL(&t->g->untold, t, entry);
	t->untold = true;
}

/* What fits; a program that never stops talking costs no more than that. */
static void
put(struct agent_text *t, const char *p, size_t len)
{
	const size_t room = AGENT_TEXT_MAX - t->text.len;

	if (len <= room) {
		buf_put(&t->text, p, len);
		return;
	}
	buf_put(&t->text, p, room - str_utf8_tail(p, room));
	buf_put_text(&t->text, " ... (the log has all of it)");
	t->full = true;
}

void
agent_text_add(struct agent_text *t, const char *p, size_t len)
{
	if (len == 0 || t->full)
		return;
	put(t, p, len);
	grown(t);
}

void
agent_text_set(struct agent_text *t, const char *p, size_t len)
{
	if (len == t->text.len &&
	    (len == 0 || memcmp(p, t->text.data, len) == 0))
		return;
	buf_reset(&t->text);
	t->full = false;
	put(t, p, len);
	t->told = 0;
	grown(t);
}

size_t
agent_text_len(const struct agent_text *t)
{
	return t->text.len;
}

/* A person has to do something, and is told so once. */
static bool
needs(struct agent *g, const char *said)
{
	const char *what = g->ops->needs != NULL ? g->ops->needs(said) : NULL;

	if (what != NULL && !g->needed)
		agent_fact(g, AGENT_NEEDS, what);
	g->needed = g->needed || what != NULL;
	return what != NULL;
}

static struct js *
shown(struct agent_text *t)
{
	struct strip *s;
	struct buf plain;
	struct js *e;

	if (t->kind != ENTRY_ERROR)
		return entry_text(t->kind, buf_cstr(&t->text));
	buf_init(&plain, TEXT_MAX);
	s = strip_new(&plain);
	strip_feed(s, t->text.data, t->text.len);
	strip_end(s);
	while (plain.len > 0 && plain.data[plain.len - 1] == '\n')
		plain.len--;
	e = entry_error(buf_cstr(&plain), needs(t->g, buf_cstr(&plain)));
	buf_done(&plain);
	return e;
}

static void
tell(struct agent_text *t)
{
	struct agent *g = t->g;

	TAILQ_REMOVE(&g->untold, t, entry);
	t->untold = false;
	t->known = true;
	t->told = t->text.len;
	t->told_ms = g->now_ms;
	g->host.entry(t->at, shown(t), g->host.arg);
}

static bool
worth(const struct agent_text *t)
{
	return t->text.len < SMALL ||
	       t->text.len - t->told >= t->text.len / WORTH ||
	       t->g->now_ms - t->told_ms >= WORTH_MS;
}

void
agent_tell(struct agent *g, enum agent_tell which)
{
	struct agent_text *t, *tmp;

	TAILQ_FOREACH_SAFE (t, &g->untold, entry, tmp) {
		if (!t->known || which == AGENT_TELL_ALL ||
		    (which == AGENT_TELL_WORTH && worth(t)))
			tell(t);
	}
}

void
agent_text_end(struct agent_text *t)
{
	if (t->untold && !t->g->gone)
		agent_tell(t->g, AGENT_TELL_NEW);
	if (t->untold && !t->g->gone)
		tell(t);
	if (t->untold)
		TAILQ_REMOVE(&t->g->untold, t, entry);
	buf_done(&t->text);
	free(t);
}

void
agent_said_end(struct agent *g)
{
	agent_text_end(g->said);
	g->said = NULL;
}

/* A group that is full ends with its last line; what follows is the next's. */
static void
said_full(struct agent *g)
{
	struct buf *b = &g->said->text;
	size_t keep = b->len;
	char *rest = NULL;

	while (keep > 0 && b->data[keep - 1] != '\n')
		keep--;
	if (keep > 0 && keep < b->len) {
		rest = xstrndup((char *)b->data + keep, b->len - keep);
		b->len = keep;
	}
	agent_said_end(g);
	if (rest == NULL)
		return;
	g->said = agent_text_new(g, ENTRY_ERROR);
	agent_text_add(g->said, rest, strlen(rest));
	free(rest);
}

void
agent_said(struct agent *g, const void *p, size_t len)
{
	const char *at = p;
	size_t n;

	if (g->said != NULL && g->now_ms - g->said_ms > SAID_PAUSE)
		agent_said_end(g);
	g->said_ms = g->now_ms;
	while (len > 0) {
		if (g->said == NULL)
			g->said = agent_text_new(g, ENTRY_ERROR);
		n = SAID_MAX - g->said->text.len;
		n = len < n ? len : n;
		agent_text_add(g->said, at, n);
		if (g->said->text.len == SAID_MAX)
			said_full(g);
		at += n;
		len -= n;
	}
}
