/* SPDX-License-Identifier: MIT */
/*
 * A host for fuzzing adapters of agents. Invariants: however the bytes are cut,
 * the same entries and questions come of them; numbers of entries are dense; an
 * entry and a sent line are JSON; a key is asked once; nothing comes after the
 * end; and nobody gets a yes that was not given.
 */
#include "tests/fuzz/agentfeed.h"

#include <string.h>

#include "daemon/agent/agent.h"
#include "daemon/term/runlog.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/fuzz/fuzz.h"

#define KEYS_MAX 4096

struct feed {
	struct agent *g;
	const char *yes;
	bool says_yes;
	uint64_t *entries; /* sums of what they are now */
	size_t n, cap;
	uint64_t asks; /* sum of all that was asked */
	uint64_t keys[KEYS_MAX];
	size_t n_asks;
	bool over;
};

static uint64_t
sum(uint64_t h, const void *p, size_t len)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void
is_json(const void *p, size_t len)
{
	char why[80];
	struct js *v = js_parse(p, len, why, sizeof(why));

	FUZZ_CHECK(v != NULL);
	js_free(v);
}

static void
feed_send(const void *p, size_t len, void *arg)
{
	struct feed *f = arg;
	char *line = xstrndup(p, len);

	FUZZ_CHECK(!f->over && len > 1 && line[len - 1] == '\n');
	is_json(p, len - 1);
	if (!f->says_yes && f->yes != NULL)
		FUZZ_CHECK(strstr(line, f->yes) == NULL);
	free(line);
}

static void
feed_finish(void *arg)
{
	(void)arg;
}

static void
feed_entry(size_t at, struct js *entry, void *arg)
{
	struct feed *f = arg;
	struct buf b;

	FUZZ_CHECK(at <= f->n);
	buf_init(&b, SIZE_MAX / 4);
	js_finish(entry, &b);
	is_json(b.data, b.len);
	if (at == f->n && f->n++ == f->cap) {
		f->cap = f->cap * 2 + 64;
		f->entries =
		    xreallocarray(f->entries, f->cap, sizeof(*f->entries));
	}
	f->entries[at] = sum(1, b.data, b.len);
	buf_done(&b);
}

static void
feed_fact(enum agent_fact what, const char *text, void *arg)
{
	(void)what;
	(void)arg;
	FUZZ_CHECK(text != NULL);
}

static void
feed_ask(const struct agent_ask *ask, void *arg)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	const struct agent_answer no = { .verdict = AGENT_DENIED,
		.reason = "no" };
	struct feed *f = arg;
	uint64_t h = sum(1, ask->key, strlen(ask->key));
	char *key = xstrdup(ask->key);

	FUZZ_CHECK(!f->over && f->n_asks < KEYS_MAX);
	FUZZ_CHECK(ask->entry == AGENT_NO_ENTRY || ask->entry < f->n);
	for (size_t i = 0; i < f->n_asks; i++)
		FUZZ_CHECK(f->keys[i] != h);
	f->keys[f->n_asks++] = h;
	f->asks = sum(f->asks, ask->key, strlen(ask->key));
	agent_answer(f->g, key, f->says_yes ? &yes : &no);
	agent_answer(f->g, key, &yes);
	free(key);
}

static void
feed_unask(const char *key, void *arg)
{
	(void)key;
	(void)arg;
}

static void
feed_over(enum agent_outcome how, const char *why, void *arg)
{
	struct feed *f = arg;

	(void)why;
	FUZZ_CHECK(!f->over);
	f->over = true;
	f->asks = sum(f->asks, &how, sizeof(how));
}

static void
run(struct feed *f, const struct agent_ops *ops, const char *config,
    const uint8_t *data, size_t size, size_t step)
{
	const struct agent_host host = { .send = feed_send,
		.finish = feed_finish,
		.entry = feed_entry,
		.fact = feed_fact,
		.ask = feed_ask,
		.unask = feed_unask,
		.over = feed_over,
		.arg = f };
	char why[80];
	struct js *c = js_parse(config, strlen(config), why, sizeof(why));
	const struct agent_wish wish = {
		.prompt = "do it", .cwd = "/wd", .config = c
	};

	f->g = agent_new(ops, &wish, &host);
	agent_begin(f->g);
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < step ? size - at : step;
		agent_bytes(f->g, RUNLOG_OUT, 1000, data + at, n);
	}
	agent_ended(f->g, 0);
	FUZZ_CHECK(f->over);
	agent_free(f->g);
	js_free(c);
}

void
agentfeed(const struct agent_ops *ops, const char *const *configs,
    const char *yes, const uint8_t *data, size_t size)
{
	static struct feed whole, bits;
	unsigned flags = size > 0 ? data[0] : 0, n = 0;

	while (configs[n + 1] != NULL && n < (flags >> 1 & 3))
		n++;
	memset(&whole, 0, sizeof(whole));
	/* The last of them is trusted by the agent's own configuration. */
	whole.yes = configs[n + 1] != NULL ? yes : NULL;
	whole.says_yes = flags & 1;
	bits = whole;
	data += size > 0;
	size -= size > 0;
	run(&whole, ops, configs[n], data, size, size > 0 ? size : 1);
	run(&bits, ops, configs[n], data, size, 1);
	FUZZ_CHECK(whole.n == bits.n && whole.asks == bits.asks);
	for (size_t i = 0; i < whole.n; i++)
		FUZZ_CHECK(whole.entries[i] == bits.entries[i]);
	free(whole.entries);
	free(bits.entries);
}
