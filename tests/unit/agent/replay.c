/* SPDX-License-Identifier: MIT */
/* Transcripts played against an adapter: see replay.h. */
#include "tests/unit/agent/replay.h"

#include <string.h>

#include "daemon/term/runlog.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

#define LINE_MAX_BYTES (1 << 20)

bool
replay_same(const struct js *a, const struct js *b)
{
	struct buf x, y;
	const char *key;
	struct js *v;
	size_t i;
	bool same;

	if (js_is_object(a) && js_is_object(b)) {
		for (i = 0; js_member(a, i, &key, &v); i++)
			if (js_get(b, key) == NULL ||
			    !replay_same(v, js_get(b, key)))
				return false;
		return !js_member(b, i, &key, &v);
	}
	if (js_is_array(a) && js_is_array(b)) {
		for (i = 0; i < js_len(a) && i < js_len(b); i++)
			if (!replay_same(js_at(a, i), js_at(b, i)))
				return false;
		return js_len(a) == js_len(b);
	}
	buf_init(&x, LINE_MAX_BYTES);
	buf_init(&y, LINE_MAX_BYTES);
	js_dump(a, &x);
	js_dump(b, &y);
	same = strcmp(buf_cstr(&x), buf_cstr(&y)) == 0;
	buf_done(&x);
	buf_done(&y);
	return same;
}

/* The next line that was sent, or NULL; `at` moves behind it. */
static struct js *
sent(const struct agentrig *r, size_t *at)
{
	const char *p = (const char *)r->sent.data + *at, *nl;
	struct js *v;
	char *line;

	if (*at >= r->sent.len)
		return NULL;
	nl = memchr(p, '\n', r->sent.len - *at);
	assert_non_null(nl);
	line = xstrndup(p, (size_t)(nl - p));
	*at += (size_t)(nl - p) + 1;
	v = agentrig_json(line);
	free(line);
	return v;
}

static void
compare(struct agentrig *r, const struct replay *p, const struct js *line,
    size_t *at)
{
	struct js *got = sent(r, at), *a, *b;
	struct buf x, y;

	if (got == NULL)
		fail_msg("%s: nothing was sent", p->file);
	a = p->plain(line);
	b = p->plain(got);
	if (!replay_same(a, b)) {
		buf_init(&x, LINE_MAX_BYTES);
		buf_init(&y, LINE_MAX_BYTES);
		js_dump(a, &x);
		js_dump(b, &y);
		fail_msg("%s: want %s\nsent %s", p->file, buf_cstr(&x),
		    buf_cstr(&y));
	}
	js_free(a);
	js_free(b);
	js_free(got);
}

static void
feed(struct agentrig *r, struct buf *out, struct replay_cut *cut)
{
	char *exact;
	size_t n;

	for (size_t at = 0; at < out->len; at += n) {
		n = out->len - at;
		if (cut->seed != 0)
			n = 1 + (size_t)rand_r(&cut->seed) % (n < 97 ? n : 97);
		else if (cut->at > 0 && cut->at < n)
			n = cut->at;
		cut->at -= n < cut->at ? n : cut->at;
		/* Memory of exactly its size, for the sanitizers. */
		exact = xmemdup(out->data + at, n);
		agent_bytes(r->g, RUNLOG_OUT, 1000, exact, n);
		free(exact);
	}
	buf_reset(out);
}

void
replay_line(const struct replay *p, const struct js *line, struct buf *out)
{
	const char *at, *next;
	struct buf text;
	size_t i;

	buf_init(&text, LINE_MAX_BYTES);
	js_dump(line, &text);
	for (at = buf_cstr(&text); *at != '\0'; at = next) {
		for (i = 0; p->ids[i] != NULL; i += 2)
			if (strncmp(at, p->ids[i], strlen(p->ids[i])) == 0)
				break;
		next = at + (p->ids[i] != NULL ? strlen(p->ids[i]) : 1);
		if (p->ids[i] != NULL)
			buf_put_text(out, p->ids[i + 1]);
		else
			buf_put(out, at, 1);
	}
	buf_put_text(out, "\n");
	buf_done(&text);
}

/* One line of the transcript. */
static void
play(struct agentrig *r, const struct replay *p, const struct js *v,
    struct buf *out, struct replay_cut *cut, size_t *at)
{
	const char *dir = js_str(v, "dir", "");
	const struct js *line = js_get(v, "line");
	const char *text = js_text(line);

	if (strcmp(dir, "agent") == 0) {
		replay_line(p, line, out);
		return;
	}
	feed(r, out, cut);
	if (strcmp(dir, "host") == 0) {
		p->person(r, line);
		compare(r, p, line, at);
	} else if (strcmp(dir, "stderr") == 0) {
		agent_bytes(r->g, RUNLOG_ERR, 1000, text, strlen(text));
		agent_bytes(r->g, RUNLOG_ERR, 1000, "\n", 1);
	} else
		agent_ended(r->g, (int)js_int(line, "code", -1));
}

void
replay_run(struct agentrig *r, const struct replay *p, struct replay_cut cut)
{
	static char text[LINE_MAX_BYTES];
	struct js *config = agentrig_json(p->config), *v;
	const struct agent_wish wish = { .prompt = p->prompt,
		.cwd = "/wd",
		.config = config,
		.checked = p->checked };
	char path[200];
	struct buf out;
	size_t at = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/fixtures/agents/%s.jsonl",
	    p->file);
	f = fopen(path, "r");
	assert_non_null(f);
	buf_init(&out, 64u << 20);
	agentrig_start(r, p->ops, &wish);
	js_free(config);
	agent_begin(r->g);
	while (fgets(text, sizeof(text), f) != NULL) {
		v = agentrig_json(text);
		play(r, p, v, &out, &cut, &at);
		js_free(v);
	}
	fclose(f);
	buf_done(&out);
	if (at != r->sent.len)
		fail_msg("%s: also sent %s", p->file, buf_cstr(&r->sent) + at);
	assert_true(r->over);
}

void
replay_output(const struct replay *p, struct buf *out)
{
	static char text[LINE_MAX_BYTES];
	char path[200];
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/fixtures/agents/%s.jsonl",
	    p->file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(text, sizeof(text), f) != NULL) {
		struct js *v = agentrig_json(text);

		if (strcmp(js_str(v, "dir", ""), "agent") == 0)
			replay_line(p, js_get(v, "line"), out);
		js_free(v);
	}
	fclose(f);
}

void
replay_golden(const struct agentrig *r, const char *name)
{
	static char want[LINE_MAX_BYTES];
	char path[200], *got = agentrig_entries(r);
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/unit/agent/golden/%s.json",
	    name);
	if (getenv("RDV_GOLDEN_WRITE") != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		fprintf(f, "%s\n", got);
		fclose(f);
	}
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: no such file", path);
	n = fread(want, 1, sizeof(want) - 1, f);
	fclose(f);
	want[n] = '\0';
	n = strcspn(want, "\n") == 0 ? 0 : strlen(want);
	if (n > 0 && want[n - 1] == '\n')
		want[n - 1] = '\0';
	if (strcmp(want, got) != 0)
		fail_msg("%s differs; got\n%s", path, got);
	free(got);
}

char *
replay_story(const struct agentrig *r)
{
	char *entries = agentrig_entries(r), *all;

	all = xasprintf("%s\n%.*s%.*s%.*s%.*s %d %s", entries, (int)r->asks.len,
	    (const char *)r->asks.data, (int)r->facts.len,
	    (const char *)r->facts.data, (int)r->unasked.len,
	    (const char *)r->unasked.data, (int)r->order.len,
	    (const char *)r->order.data, (int)r->how, r->why);
	free(entries);
	return all;
}
