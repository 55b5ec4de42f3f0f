/* SPDX-License-Identifier: MIT */
/*
 * Claude's output, from a program that says what it likes. The first byte picks
 * the variant and what a person answers, and how the bytes are cut. Invariants:
 * numbers of entries are dense and every entry can be read again; nothing is
 * asked twice, and nothing after the end; nothing is allowed that nobody was
 * asked about; however the bytes are cut, the last state of every entry is the
 * same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "daemon/term/runlog.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define ENTRIES_MAX 4096

struct seen {
	struct agent *g;
	uint64_t entries[ENTRIES_MAX]; /* hashes of their texts */
	size_t n, asked, allowed, approved;
	bool over, finished;
	enum agent_verdict verdict;
};

static uint64_t
hash(const uint8_t *p, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

static void
fuzz_send(const void *p, size_t len, void *arg)
{
	static const char word[] = "\"behavior\":\"allow\"";
	struct seen *s = arg;
	char why[80], *text = xstrndup(p, len);
	struct js *v;

	FUZZ_CHECK(!s->over && !s->finished);
	FUZZ_CHECK(len > 0 && text[len - 1] == '\n' && strlen(text) == len);
	v = js_parse(text, len, why, sizeof(why));
	FUZZ_CHECK(v != NULL);
	if (strcmp(js_str(js_get(js_get(v, "response"), "response"), "behavior",
		       ""),
		"allow") == 0) {
		FUZZ_CHECK(strstr(text, word) != NULL);
		s->allowed++;
	}
	js_free(v);
	free(text);
}

static void
fuzz_finish(void *arg)
{
	struct seen *s = arg;

	FUZZ_CHECK(!s->finished);
	s->finished = true;
}

static void
fuzz_entry(size_t at, struct js *entry, void *arg)
{
	struct seen *s = arg;
	struct js *again;
	struct buf b;
	char why[80];

	FUZZ_CHECK(at <= s->n);
	if (at == s->n)
		s->n++;
	buf_init(&b, SIZE_MAX / 4);
	js_finish(entry, &b);
	again = js_parse((const char *)b.data, b.len, why, sizeof(why));
	FUZZ_CHECK(again != NULL);
	js_free(again);
	if (at < ENTRIES_MAX)
		s->entries[at] = hash(b.data, b.len);
	buf_done(&b);
}

static void
fuzz_fact(enum agent_fact what, const char *text, void *arg)
{
	(void)what;
	(void)arg;
	FUZZ_CHECK(text != NULL);
}

static void
fuzz_ask(const struct agent_ask *ask, void *arg)
{
	struct seen *s = arg;
	struct js *answers = js_array();
	struct agent_answer a = {
		.verdict = s->verdict, .reason = "no", .answers = answers
	};

	FUZZ_CHECK(!s->over);
	FUZZ_CHECK(ask->entry < s->n || ask->kind == AGENT_ENDING);
	s->asked++;
	if (ask->kind != AGENT_ENDING && s->verdict == AGENT_APPROVED)
		s->approved++;
	if (ask->kind == AGENT_QUESTION && s->verdict == AGENT_ANSWERED)
		s->approved++;
	agent_answer(s->g, ask->key, &a);
	agent_answer(s->g, ask->key, &a);
	js_free(answers);
}

static void
fuzz_unask(const char *key, void *arg)
{
	struct seen *s = arg;

	FUZZ_CHECK(key != NULL && !s->over);
}

static void
fuzz_over(enum agent_outcome how, const char *why, void *arg)
{
	struct seen *s = arg;

	(void)why;
	FUZZ_CHECK(!s->over && how <= AGENT_INTERRUPTED);
	s->over = true;
}

static void
play(const uint8_t *data, size_t size, uint8_t pick, size_t step,
    struct seen *s)
{
	static const char *const configs[] = { "{\"approvals\":true}",
		"{\"plan\":true}", "{\"dangerously_skip_permissions\":true}",
		"{\"claude_code_router\":true,\"approvals\":true}" };
	const char *fields = configs[pick & 3];
	char why[80];
	struct js *config = js_parse(fields, strlen(fields), why, sizeof(why));
	const struct agent_wish wish = { .prompt = "p",
		.cwd = "/wd",
		.config = config,
		.checked = (pick & 4) != 0 };
	const struct agent_host host = { .send = fuzz_send,
		.finish = fuzz_finish,
		.entry = fuzz_entry,
		.fact = fuzz_fact,
		.ask = fuzz_ask,
		.unask = fuzz_unask,
		.over = fuzz_over,
		.arg = s };

	memset(s, 0, sizeof(*s));
	s->verdict = (enum agent_verdict)((pick >> 3) % (AGENT_WITHDRAWN + 1));
	s->g = agent_new(&agent_claude, &wish, &host);
	js_free(config);
	agent_begin(s->g);
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < step ? size - at : step;
		agent_bytes(s->g, RUNLOG_OUT, 1, data + at, n);
	}
	agent_ended(s->g, 1);
	FUZZ_CHECK(s->over && s->allowed == s->approved);
	agent_free(s->g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen whole, bits;
	uint8_t pick = size > 0 ? data[0] : 0;

	if (size > 0) {
		data++;
		size--;
	}
	play(data, size, pick, size > 0 ? size : 1, &whole);
	play(data, size, pick, 1 + (pick & 15), &bits);
	FUZZ_CHECK(whole.n == bits.n && whole.asked == bits.asked);
	FUZZ_CHECK(memcmp(whole.entries, bits.entries, sizeof(whole.entries)) ==
		   0);
	return 0;
}
