/* SPDX-License-Identifier: MIT */
/* The host in tests of agents: see agentrig.h. */
#include "tests/unit/agent/agentrig.h"

#include <string.h>

#include "daemon/term/runlog.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

struct js *
agentrig_json(const char *text)
{
	char why[160] = "";
	struct js *v = js_parse(text, strlen(text), why, sizeof(why));

	if (v == NULL)
		fail_msg("%s: %s", why, text);
	return v;
}

static void
rig_send(const void *p, size_t len, void *arg)
{
	struct agentrig *r = arg;

	assert_false(r->over || r->finished);
	buf_put(&r->sent, p, len);
}

static void
rig_finish(void *arg)
{
	struct agentrig *r = arg;

	assert_false(r->finished);
	r->finished = true;
	buf_put_text(&r->order, "F");
}

static void
rig_entry(size_t at, struct js *entry, void *arg)
{
	struct agentrig *r = arg;
	struct buf b;

	assert_true(at <= r->n);
	buf_init(&b, 64u << 20);
	js_finish(entry, &b);
	if (at == r->n) {
		if (r->n == r->cap) {
			r->cap = r->cap * 2 + 64;
			r->entries = xreallocarray(r->entries, r->cap,
			    sizeof(*r->entries));
		}
		r->entries[r->n++] = NULL;
	}
	free(r->entries[at]);
	r->entries[at] = xstrdup(buf_cstr(&b));
	js_free(agentrig_json(r->entries[at]));
	buf_done(&b);
	r->told++;
}

static void
rig_fact(enum agent_fact what, const char *text, void *arg)
{
	struct agentrig *r = arg;

	buf_printf(&r->facts, "%d ", (int)what);
	buf_put_text(&r->facts, text);
	buf_put_text(&r->facts, "\n");
}

static void
rig_ask(const struct agent_ask *ask, void *arg)
{
	struct agentrig *r = arg;
	char *key = xstrdup(ask->key);

	assert_false(r->over);
	assert_true(ask->entry < r->n || ask->entry == AGENT_NO_ENTRY);
	assert_true(r->nkeys < 64);
	(void)snprintf(r->keys[r->nkeys++], sizeof(r->keys[0]), "%s", ask->key);
	buf_printf(&r->asks, "%d %s %s %s %s %zd ", (int)ask->kind, ask->key,
	    ask->tool, ask->call != NULL ? ask->call : "-",
	    ask->command != NULL ? ask->command : "-", (ssize_t)ask->entry);
	if (ask->input != NULL)
		js_dump(ask->input, &r->asks);
	buf_put_text(&r->asks, "\n");
	buf_put_text(&r->order, "A");
	if (r->nknown > 0) {
		r->nknown--;
		agent_answer(r->g, key, r->known++);
	}
	free(key);
}

static void
rig_unask(const char *key, void *arg)
{
	struct agentrig *r = arg;

	assert_false(r->over);
	buf_put_text(&r->unasked, key);
	buf_put_text(&r->unasked, "\n");
	buf_put_text(&r->order, "U");
}

static void
rig_over(enum agent_outcome how, const char *why, void *arg)
{
	struct agentrig *r = arg;

	assert_false(r->over);
	r->over = true;
	r->how = how;
	(void)snprintf(r->why, sizeof(r->why), "%s", why != NULL ? why : "");
	buf_put_text(&r->order, "O");
}

static void
rig_restart(void *arg)
{
	struct agentrig *r = arg;

	for (size_t i = 0; i < r->n; i++)
		free(r->entries[i]);
	r->n = 0;
	buf_put_text(&r->order, "R");
}

void
agentrig_start(struct agentrig *r, const struct agent_ops *ops,
    const struct agent_wish *wish)
{
	const struct agent_host host = {
		.send = rig_send,
		.finish = rig_finish,
		.entry = rig_entry,
		.fact = rig_fact,
		.ask = rig_ask,
		.unask = rig_unask,
		.over = rig_over,
		.restart = rig_restart,
		.arg = r,
	};

	memset(r, 0, sizeof(*r));
	buf_init(&r->sent, 64u << 20);
	buf_init(&r->facts, 64u << 20);
	buf_init(&r->asks, 64u << 20);
	buf_init(&r->unasked, 64u << 20);
	buf_init(&r->order, 64u << 20);
	r->g = agent_new(ops, wish, &host);
}

void
agentrig_stop(struct agentrig *r)
{
	size_t told = r->told;

	agent_free(r->g);
	assert_int_equal(r->told, told);
	for (size_t i = 0; i < r->n; i++)
		free(r->entries[i]);
	free(r->entries);
	buf_done(&r->sent);
	buf_done(&r->facts);
	buf_done(&r->asks);
	buf_done(&r->unasked);
	buf_done(&r->order);
}

void
agentrig_out(struct agentrig *r, const char *text)
{
	agent_bytes(r->g, RUNLOG_OUT, 1000, text, strlen(text));
}

void
agentrig_line(struct agentrig *r, const char *text)
{
	agentrig_out(r, text);
	agentrig_out(r, "\n");
}

char *
agentrig_entries(const struct agentrig *r)
{
	struct js *list = js_array();
	struct buf b;
	char *text;

	for (size_t i = 0; i < r->n; i++)
		js_push(list, agentrig_json(r->entries[i]));
	buf_init(&b, 64u << 20);
	js_dump_pretty(list, &b);
	js_free(list);
	text = xstrdup(buf_cstr(&b));
	buf_done(&b);
	return text;
}
