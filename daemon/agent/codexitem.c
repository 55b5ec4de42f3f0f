/* SPDX-License-Identifier: MIT */
/*
 * The items of a Codex conversation from their beginning to their end: each is
 * one entry, or one for each file. Output that comes while they run is shown as
 * it grows by a part of itself. Invariant: what is held of items that were
 * begun has a bound, and none is left looking as if it ran when its turn is
 * over.
 */
#include "daemon/agent/codexstate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define ITEMS_MAX 256
#define HELD_MAX  ((size_t)64 << 20) /* bytes of what they said */
#define OUT_MAX	  ((size_t)1 << 20)  /* of output while it runs; then the end */
#define OUT_WORTH 8		     /* is told when so much of it is new */

struct codex_item {
	TAILQ_ENTRY(codex_item) link;
	const struct codex_kind *kind;
	struct js *line;	 /* that began it */
	const struct js *body;	 /* the item in it */
	const char *id;		 /* in body */
	size_t held;		 /* bytes of all it said */
	struct agent_text *text; /* of one that is a text */
	struct buf out;		 /* what it said so far */
	size_t told;		 /* bytes of that the host has seen */
	size_t first, n;	 /* its entries */
	enum entry_state state;
	char *detail;
};

static struct codex_item *
find(struct codex *c, const char *id)
{
	struct codex_item *it;

	TAILQ_FOREACH (it, &c->items, link)
		if (strcmp(it->id, id) == 0)
			return it;
	return NULL;
}

static void
forget(struct codex *c, struct codex_item *it)
{
	TAILQ_REMOVE(&c->items, it, link);
	c->n_items--;
	c->held -= it->held;
	if (it->text != NULL)
		agent_text_end(it->text);
	buf_done(&it->out);
	js_free(it->line);
	free(it->detail);
	free(it);
}

/* Entry i of it as it looks with that body. */
static struct js *
look(struct codex *c, struct codex_item *it, const struct js *body, size_t i)
{
	struct entry_status status = { it->state, it->detail };
	struct codex_view v = { .item = body, .cwd = c->cwd, .i = i };
	struct js *action, *entry;

	v.out = it->out.len > 0 ? buf_cstr(&it->out) : NULL;
	v.a = arena_new();
	action = it->kind->action(&v);
	entry = entry_tool(v.tool, action, &status, v.label);
	arena_free(v.a);
	return entry;
}

/*
 * Shows all of its entries; those that are there already are replaced. Files
 * that were not announced come when it is completed, wherever that is.
 */
static void
show(struct codex *c, struct codex_item *it, const struct js *body)
{
	size_t n = it->kind->count != NULL ? it->kind->count(body) : 1, at;

	for (size_t i = 0; i < n; i++) {
		if (i < it->n) {
			agent_set(c->g, it->first + i, look(c, it, body, i));
			continue;
		}
		at = agent_add(c->g, look(c, it, body, i));
		if (i == 0)
			it->first = at;
	}
	if (it->n == 0)
		it->n = n;
	it->told = it->out.len;
}

/* Its end will not be seen: it must not look as if it ran. */
static void
give_up(struct codex *c, struct codex_item *it)
{
	if (it->kind->how == CODEX_TOOL &&
	    (it->state == ENTRY_CREATED || it->state == ENTRY_PENDING)) {
		it->state = ENTRY_FAILED;
		show(c, it, it->body);
	}
	forget(c, it);
}

static void
begin_look(struct codex *c, struct codex_item *it)
{
	if (it->kind->how == CODEX_TEXT)
		it->text = agent_text_new(c->g, it->kind->text);
	else if (it->kind->how == CODEX_TOOL)
		show(c, it, it->body);
}

static struct codex_item *
new_item(const struct js *body)
{
	struct codex_item *it = xcalloc(1, sizeof(*it));

	it->kind = codex_kind(js_str(body, "type", ""));
	it->body = body;
	it->id = js_str(body, "id", "");
	it->first = AGENT_NO_ENTRY;
	it->state = ENTRY_CREATED;
	buf_init(&it->out, OUT_MAX);
	return it;
}

void
codex_item_started(struct codex *c, struct rpc_msg *m)
{
	const struct js *body = js_get(m->body, "item");
	struct codex_item *it;

	if (!js_is_object(body) || find(c, js_str(body, "id", "")) != NULL) {
		codex_odd(c, m, "an item without a name of its own");
		return;
	}
	while (c->n_items >= ITEMS_MAX ||
	       (c->held > HELD_MAX - m->len && c->n_items > 0))
		give_up(c, TAILQ_FIRST(&c->items));
	it = new_item(body);
	it->line = m->whole;
	it->held = m->len;
	m->whole = NULL;
	TAILQ_INSERT_TAIL(&c->items, it, link);
	c->n_items++;
	c->held += it->held;
	begin_look(c, it);
}

/* Completed ones say how; what a person decided says more than "declined". */
static void
settle(struct codex_item *it, const struct js *body)
{
	const char *status = js_str(body, "status", "completed");

	if (strcmp(status, "declined") == 0) {
		if (it->state != ENTRY_TIMED_OUT)
			it->state = ENTRY_DENIED;
		return;
	}
	it->state =
	    strcmp(status, "failed") == 0 ? ENTRY_FAILED : ENTRY_SUCCESS;
}

static void
end_text(struct codex *c, struct codex_item *it, const struct js *body)
{
	struct arena *a = arena_new();
	const char *text = codex_item_text(body, a);

	if (it->text == NULL)
		it->text = agent_text_new(c->g, it->kind->text);
	agent_text_set(it->text, text, strlen(text));
	if (it->kind->text == ENTRY_ASSISTANT && *text != '\0')
		agent_fact(c->g, AGENT_SAID, text);
	arena_free(a);
}

/* A plan made where nothing else may be done is what is to be decided next. */
static void
keep_plan(struct codex *c, const struct codex_item *it, const struct js *body)
{
	const char *text = js_str(body, "text", "");

	if (!c->plan || strcmp(it->kind->type, "plan") != 0 || *text == '\0')
		return;
	free(c->plan_text);
	c->plan_text = xstrdup(text);
	c->plan_entry = it->first;
}

void
codex_item_completed(struct codex *c, const struct js *body)
{
	struct codex_item *it = find(c, js_str(body, "id", ""));

	if (it == NULL || it->kind != codex_kind(js_str(body, "type", ""))) {
		it = new_item(body);
		TAILQ_INSERT_TAIL(&c->items, it, link);
		c->n_items++;
	}
	settle(it, body);
	if (it->kind->how == CODEX_TEXT)
		end_text(c, it, body);
	else if (it->kind->how == CODEX_TOOL)
		show(c, it, body);
	else if (it->kind->how == CODEX_NOTE)
		agent_add(c->g,
		    entry_text(ENTRY_SYSTEM, "The context was compacted."));
	keep_plan(c, it, body);
	forget(c, it);
}

static void
grow_output(struct codex *c, struct codex_item *it, const char *p, size_t len)
{
	buf_put(&it->out, p, len);
	if (it->out.len - it->told >= it->out.len / OUT_WORTH)
		show(c, it, it->body);
}

/* What is too much to be held comes when it is completed. */
void
codex_item_grows(struct codex *c, const char *id, const char *text)
{
	struct codex_item *it = find(c, id);
	size_t len = strlen(text);

	if (it == NULL || len > HELD_MAX - c->held)
		return;
	if (it->text != NULL)
		agent_text_add(it->text, text, len);
	else if (it->kind->how == CODEX_TOOL && len < OUT_MAX - it->out.len)
		grow_output(c, it, text, len);
	else
		return;
	it->held += len;
	c->held += len;
}

void
codex_item_part(struct codex *c, const char *id)
{
	struct codex_item *it = find(c, id);

	if (it != NULL && it->text != NULL && agent_text_len(it->text) > 0)
		agent_text_add(it->text, "\n\n", 2);
}

const struct js *
codex_item(struct codex *c, const char *id, size_t *entry)
{
	const struct codex_item *it = find(c, id);

	if (it == NULL || it->kind->how != CODEX_TOOL)
		return NULL;
	*entry = it->first;
	return it->body;
}

void
codex_item_state(struct codex *c, const char *id, enum entry_state state,
    const char *detail)
{
	struct codex_item *it = find(c, id);

	if (it == NULL || it->kind->how != CODEX_TOOL)
		return;
	it->state = state;
	free(it->detail);
	it->detail = detail != NULL ? xstrdup(detail) : NULL;
	show(c, it, it->body);
}

void
codex_items_end(struct codex *c)
{
	while (!TAILQ_EMPTY(&c->items))
		give_up(c, TAILQ_FIRST(&c->items));
}

void
codex_items_free(struct codex *c)
{
	while (!TAILQ_EMPTY(&c->items))
		forget(c, TAILQ_FIRST(&c->items));
}
