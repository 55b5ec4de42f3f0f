/* SPDX-License-Identifier: MIT */
/*
 * Agents that take a prompt as text and write what they do line by line. They
 * are asked nothing and ask nothing, so all there is to them is what is shown.
 */
#include "daemon/agent/lines.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"

void
lines_text_end(struct lines_text *t)
{
	if (t->text != NULL)
		agent_text_end(t->text);
	t->text = NULL;
}

void
lines_text_add(struct lines_text *t, struct claude *c, enum entry_kind kind,
    const char *text)
{
	if (t->text != NULL && t->kind != kind)
		lines_text_end(t);
	if (t->text == NULL)
		t->text = agent_text_new(c->g, kind);
	t->kind = kind;
	agent_text_add(t->text, text, strlen(text));
}

void
lines_quote(struct claude *c, struct jsval v)
{
	const char *raw = jsval_raw(v, c->a);

	claude_quote(c, raw, strlen(raw));
}

void
lines_model(struct claude *c, struct jsval line, const char *label)
{
	const char *model = jsval_text(jsval_get(line, "model"), c->a);

	if (model == NULL || c->model_shown)
		return;
	c->model_shown = true;
	claude_model(c, model);
	agent_add(c->g,
	    entry_text(ENTRY_SYSTEM, arena_printf(c->a, "%s%s", label, model)));
}

void
lines_result(struct claude *c, bool failed, const char *text)
{
	const char *said = arena_strdup(c->a, buf_cstr(&c->said));

	if (text != NULL && *text != '\0' && !failed &&
	    strstr(said, text) == NULL) {
		agent_add(c->g, entry_text(ENTRY_ASSISTANT, text));
		said = text;
	}
	if (*said != '\0')
		agent_fact(c->g, AGENT_SAID, said);
	if (failed)
		agent_over(c->g,
		    agent_interrupted(c->g) ? AGENT_INTERRUPTED : AGENT_FAILED,
		    text != NULL && *text != '\0' ? text : "It failed.");
	else
		agent_over(c->g, AGENT_SUCCEEDED, NULL);
}

struct js *
lines_copy(const struct js *v)
{
	struct js *made;
	struct buf b;
	char why[80];

	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	made = js_parse((const char *)b.data, b.len, why, sizeof(why));
	buf_done(&b);
	return made;
}
