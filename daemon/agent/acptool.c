/* SPDX-License-Identifier: MIT */
/*
 * The uses of tools in the running prompt of an ACP agent. One is told of in
 * parts, by updates and by the request for leave, in any order; each part
 * replaces what was known of it before. Invariant: what is held has a bound,
 * and none is left looking as if it ran when its prompt is over.
 */
#include "daemon/agent/acpstate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "lib/xalloc.h"

#define TOOLS_MAX 256
#define HELD_MAX  ((size_t)64 << 20) /* bytes of what is known of them */

/* No shell makes more of these. */
#define PLAIN                        \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789_./:,+@%-"

struct acp_tool {
	TAILQ_ENTRY(acp_tool) link;
	char *id;
	struct js *f[ACP_FIELDS];
	size_t held; /* bytes of those */
	size_t entry;
	enum entry_state state;
	char *detail;
};

static const char *const names[ACP_FIELDS] = { "title", "kind", "status",
	"content", "locations", "rawInput", "rawOutput" };

static const struct {
	const char *word;
	enum entry_state state;
} words[] = {
	{ "pending", ENTRY_CREATED },
	{ "in_progress", ENTRY_CREATED },
	{ "completed", ENTRY_SUCCESS },
	{ "failed", ENTRY_FAILED },
};

static struct acp_tool *
find(struct acp *p, const char *id)
{
	struct acp_tool *t;

	TAILQ_FOREACH (t, &p->tools, link)
		if (strcmp(t->id, id) == 0)
			return t;
	return NULL;
}

static void
forget(struct acp *p, struct acp_tool *t)
{
	TAILQ_REMOVE(&p->tools, t, link);
	p->n_tools--;
	p->held -= t->held;
	for (size_t i = 0; i < ACP_FIELDS; i++)
		js_free(t->f[i]);
	free(t->id);
	free(t->detail);
	free(t);
}

static void
show(struct acp *p, struct acp_tool *t)
{
	const struct entry_status status = { t->state, t->detail };

	acp_put(p, &t->entry, acp_look(t->f, p->cwd, &status));
}

/* Its end will not be seen: it must not look as if it ran. */
static void
give_up(struct acp *p, struct acp_tool *t)
{
	if (t->state == ENTRY_CREATED || t->state == ENTRY_PENDING) {
		t->state = ENTRY_FAILED;
		show(p, t);
	}
	forget(p, t);
}

/* What a person decided stays until the tool itself says how it went. */
static void
new_status(struct acp_tool *t)
{
	const char *word = js_text(t->f[ACP_STATUS]);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (word == NULL || strcmp(words[i].word, word) != 0)
			continue;
		if (words[i].state != ENTRY_CREATED ||
		    t->state == ENTRY_SUCCESS || t->state == ENTRY_FAILED)
			t->state = words[i].state;
	}
}

static size_t
size(const struct js *v)
{
	struct buf b;
	size_t n;

	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	n = b.len;
	buf_done(&b);
	return n;
}

static void
merge(struct acp *p, struct acp_tool *t, const struct js *call)
{
	const struct js *v;

	for (size_t i = 0; i < ACP_FIELDS; i++) {
		v = js_get(call, names[i]);
		if (v == NULL || js_is_null(v))
			continue;
		js_free(t->f[i]);
		t->f[i] = js_copy(v);
	}
	p->held -= t->held;
	t->held = 0;
	for (size_t i = 0; i < ACP_FIELDS; i++)
		t->held += t->f[i] != NULL ? size(t->f[i]) : 0;
	p->held += t->held;
}

struct acp_tool *
acp_tool_told(struct acp *p, const struct js *call)
{
	const char *id = js_str(call, "toolCallId", "");
	struct acp_tool *t = find(p, id);

	if (*id == '\0')
		return NULL;
	if (t == NULL) {
		t = xcalloc(1, sizeof(*t));
		t->id = xstrdup(id);
		t->entry = AGENT_NO_ENTRY;
		t->state = ENTRY_CREATED;
		TAILQ_INSERT_TAIL(&p->tools, t, link);
		p->n_tools++;
	}
	merge(p, t, call);
	new_status(t);
	show(p, t);
	while ((p->n_tools > TOOLS_MAX || p->held > HELD_MAX) &&
	       TAILQ_FIRST(&p->tools) != t)
		give_up(p, TAILQ_FIRST(&p->tools));
	return t;
}

void
acp_tool_state(struct acp *p, const char *id, enum entry_state state,
    const char *detail)
{
	struct acp_tool *t = find(p, id);

	if (t == NULL)
		return;
	t->state = state;
	free(t->detail);
	t->detail = detail != NULL ? xstrdup(detail) : NULL;
	show(p, t);
}

size_t
acp_tool_entry(const struct acp_tool *t)
{
	return t->entry;
}

const char *
acp_tool_kind(const struct acp_tool *t)
{
	const char *kind = js_text(t->f[ACP_KIND]);

	return kind != NULL ? kind : "other";
}

/* So that a shell would make that very word of it. */
static void
put_word(struct buf *b, const char *word)
{
	if (*word != '\0' && word[strspn(word, PLAIN)] == '\0') {
		buf_put_text(b, word);
		return;
	}
	buf_put_text(b, "'");
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_put_text(b, "'\\''");
		else
			buf_put(b, word, 1);
	}
	buf_put_text(b, "'");
}

/* False: they are no words, and what is in `b` is nothing. */
static bool
put_words(struct buf *b, const struct js *list)
{
	const char *word;

	for (size_t i = 0; i < js_len(list); i++) {
		word = js_text(js_at(list, i));
		if (word == NULL)
			return false;
		if (i > 0)
			buf_put_text(b, " ");
		put_word(b, word);
	}
	return true;
}

/*
 * What is run and never what it is called: rules decide by it, and a title is
 * the agent's own words. One that is not told is "", which no rule matches; it
 * still runs something.
 */
char *
acp_tool_command(const struct acp_tool *t)
{
	const struct js *v = js_get(t->f[ACP_RAW_INPUT], "command");
	const char *line = js_text(v);
	struct buf b;
	char *text;

	if (strcmp(acp_tool_kind(t), "execute") != 0)
		return NULL;
	if (line != NULL)
		return xstrdup(line);
	buf_init(&b, SIZE_MAX / 4);
	text = xstrdup(put_words(&b, v) ? buf_cstr(&b) : "");
	buf_done(&b);
	return text;
}

struct js *
acp_tool_input(const struct acp_tool *t)
{
	struct js *o = js_object();

	for (size_t i = 0; i < ACP_FIELDS; i++)
		if (i != ACP_STATUS && i != ACP_RAW_OUTPUT && t->f[i] != NULL)
			js_add(o, names[i], js_copy(t->f[i]));
	return o;
}

void
acp_tools_end(struct acp *p)
{
	while (!TAILQ_EMPTY(&p->tools))
		give_up(p, TAILQ_FIRST(&p->tools));
}

void
acp_tools_free(struct acp *p)
{
	while (!TAILQ_EMPTY(&p->tools))
		forget(p, TAILQ_FIRST(&p->tools));
}
