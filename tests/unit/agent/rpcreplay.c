/* SPDX-License-Identifier: MIT */
/* Recorded conversations, given to an adapter again: see rpcreplay.h. */
#include "tests/unit/agent/rpcreplay.h"

#include <string.h>

#include "daemon/term/runlog.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

#define DIR	 "tests/fixtures/agents/"
#define GOLDEN	 "tests/unit/agent/golden/"
#define TEXT_MAX (16u << 20)

/* One way to give it again. */
struct pass {
	const struct rpcreplay *r;
	struct agentrig rig;
	struct buf due;	     /* output that was not given yet */
	struct buf expected; /* what was sent then */
	unsigned seed;
	bool again; /* answers are known; nobody interrupts */
	size_t answered;
	int64_t stop; /* the id that ended the turn then */
};

#define ASIDE 1000000000 /* what an adapter gives to that */

static unsigned
dice(struct pass *p)
{
	p->seed = p->seed * 1103515245u + 12345u;
	return p->seed >> 16;
}

static size_t
piece(struct pass *p, size_t len)
{
	size_t n = 1 + dice(p) % (dice(p) % 4 == 0 ? 4000 : 40);

	return n < len ? n : len;
}

static void
give(struct pass *p)
{
	size_t n;

	for (size_t at = 0; at < p->due.len; at += n) {
		n = piece(p, p->due.len - at);
		agent_bytes(p->rig.g, RUNLOG_OUT, 1000, p->due.data + at, n);
	}
	buf_reset(&p->due);
}

/* A line that was sent, without what differs from one host to another. */
static void
norm(struct buf *out, const struct js *line)
{
	const char *key, *method = js_str(line, "method", NULL);
	struct js *v;

	for (size_t i = 0; js_member(line, i, &key, &v); i++) {
		if (method != NULL && strcmp(key, "id") == 0)
			continue;
		buf_printf(out, "%s=", key);
		if (js_get(v, "clientInfo") != NULL)
			buf_put_text(out, "(who it is)");
		else
			js_dump(v, out);
		buf_put_text(out, " ");
	}
	buf_put_text(out, "\n");
}

static void
host_line(struct pass *p, const struct js *line)
{
	const char *method = js_str(line, "method", "");

	norm(&p->expected, line);
	give(p);
	if (strcmp(method, "turn/interrupt") == 0)
		p->stop = js_int(line, "id", 0);
	if (p->again)
		return;
	if (strcmp(method, "turn/interrupt") == 0 ||
	    strcmp(method, "session/cancel") == 0)
		agent_interrupt(p->rig.g);
	if (*method != '\0' || p->answered >= p->r->n_answers)
		return;
	assert_true(p->answered < p->rig.nkeys);
	agent_answer(p->rig.g, p->rig.keys[p->answered],
	    &p->r->answers[p->answered]);
	p->answered++;
}

static void
one(struct pass *p, const struct js *l)
{
	const char *dir = js_str(l, "dir", ""), *text;
	const struct js *line = js_get(l, "line");

	if (strcmp(dir, "host") == 0)
		host_line(p, line);
	else if (strcmp(dir, "agent") == 0) {
		if (p->stop > 0 && js_int(line, "id", 0) == p->stop)
			buf_printf(&p->due, "{\"id\":%d,\"result\":{}}", ASIDE);
		else
			js_dump(line, &p->due);
		buf_put_u8(&p->due, '\n');
	} else if (strcmp(dir, "stderr") == 0) {
		give(p);
		text = js_text(line);
		agent_bytes(p->rig.g, RUNLOG_ERR, 1000, text, strlen(text));
	} else if (strcmp(dir, "exit") == 0) {
		give(p);
		agent_ended(p->rig.g, (int)js_int(line, "code", -1));
	} else
		fail_msg("%s: a line of \"%s\"", p->r->name, dir);
}

static void
start(struct pass *p, struct js *config)
{
	const struct agent_wish wish = { .prompt = p->r->prompt,
		.cwd = "/wd",
		.config = config,
		.resume = p->r->resume };

	agentrig_start(&p->rig, p->r->ops, &wish);
	if (p->again) {
		p->rig.known = p->r->answers;
		p->rig.nknown = p->r->n_answers;
	}
	agent_begin(p->rig.g);
}

/* The whole of it; the entries as text. */
static char *
run(struct pass *p)
{
	static char text[1 << 20];
	struct js *config = agentrig_json(p->r->config), *l;
	char path[200], *entries;
	FILE *f;

	buf_init(&p->due, TEXT_MAX);
	buf_init(&p->expected, TEXT_MAX);
	start(p, config);
	js_free(config);
	snprintf(path, sizeof(path), DIR "%s.jsonl", p->r->name);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(text, sizeof(text), f) != NULL) {
		l = agentrig_json(text);
		one(p, l);
		js_free(l);
	}
	fclose(f);
	assert_true(p->rig.over);
	assert_int_equal(p->rig.how, p->r->how);
	entries = agentrig_entries(&p->rig);
	return entries;
}

static void
frames(struct pass *p)
{
	struct buf got;
	char *line, *save = NULL;
	struct js *v;

	buf_init(&got, TEXT_MAX);
	(void)buf_cstr(&p->rig.sent);
	for (line = strtok_r((char *)p->rig.sent.data, "\n", &save);
	     line != NULL; line = strtok_r(NULL, "\n", &save)) {
		v = agentrig_json(line);
		norm(&got, v);
		js_free(v);
	}
	assert_string_equal(buf_cstr(&got), buf_cstr(&p->expected));
	buf_done(&got);
}

static void
end(struct pass *p)
{
	agentrig_stop(&p->rig);
	buf_done(&p->due);
	buf_done(&p->expected);
}

/* RDV_GOLDEN=DIRECTORY writes what came, to be looked at and put into place. */
static void
golden(const struct rpcreplay *r, const char *got)
{
	static char want[1 << 20];
	const char *dir = getenv("RDV_GOLDEN");
	char path[300];
	size_t n;
	FILE *f;

	if (dir != NULL) {
		snprintf(path, sizeof(path), "%s/%s.json", dir, r->name);
		f = fopen(path, "w");
		assert_non_null(f);
		fprintf(f, "%s\n", got);
		fclose(f);
	}
	snprintf(path, sizeof(path), GOLDEN "%s.json", r->name);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s is not there", path);
	n = fread(want, 1, sizeof(want) - 1, f);
	fclose(f);
	want[n > 0 ? n - 1 : 0] = '\0';
	assert_string_equal(got, want);
}

static void
fact(const struct pass *p, const char *said)
{
	char line[200];

	snprintf(line, sizeof(line), "%d %s\n", AGENT_SAID, said);
	if (strstr(buf_cstr((struct buf *)&p->rig.facts), line) == NULL)
		fail_msg("%s: never said \"%s\"", p->r->name, said);
}

bool
rpcreplay_check(const struct rpcreplay *r)
{
	struct pass p = { .r = r, .seed = 1 };
	char *entries = run(&p), *more;

	frames(&p);
	golden(r, entries);
	if (r->said != NULL)
		fact(&p, r->said);
	assert_int_equal(p.rig.nkeys, r->asked);
	end(&p);
	for (unsigned i = 0; i < 40; i++) {
		p = (struct pass){ .r = r, .seed = i + 2, .again = i % 2 };
		more = run(&p);
		assert_string_equal(more, entries);
		if (!p.again)
			frames(&p);
		end(&p);
		free(more);
	}
	free(entries);
	return true;
}
