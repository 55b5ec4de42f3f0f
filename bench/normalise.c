/* SPDX-License-Identifier: MIT */
/*
 * Claude's recorded output over and over as one long conversation, in the
 * pieces that a log is read in, into entries as text. Prints what it took, and
 * how many entries and changes of them there were.
 *
 *   normalise FILE MEGABYTES
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "daemon/agent/agent.h"
#include "daemon/term/runlog.h"
#include "lib/buf.h"
#include "lib/js.h"

#define PIECE ((size_t)64 * 1024)

static struct {
	size_t entries, told;
	uint64_t bytes;
} seen;

static void
on_bytes(const void *p, size_t len, void *arg)
{
	(void)p;
	(void)len;
	(void)arg;
}

static void
on_finish(void *arg)
{
	(void)arg;
}

static void
on_entry(size_t at, struct js *entry, void *arg)
{
	struct buf b;

	(void)arg;
	buf_init(&b, SIZE_MAX / 4);
	js_finish(entry, &b);
	seen.bytes += b.len;
	seen.told++;
	if (at >= seen.entries)
		seen.entries = at + 1;
	buf_done(&b);
}

static void
on_fact(enum agent_fact what, const char *text, void *arg)
{
	(void)what;
	(void)text;
	(void)arg;
}

static void
on_ask(const struct agent_ask *ask, void *arg)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };

	agent_answer(*(struct agent **)arg, ask->key, &yes);
}

static void
on_unask(const char *key, void *arg)
{
	(void)key;
	(void)arg;
}

static void
on_over(enum agent_outcome how, const char *why, void *arg)
{
	(void)how;
	(void)why;
	(void)arg;
}

static struct agent *
make(struct agent **slot)
{
	static const char fields[] = "{\"approvals\":true}";
	char why[80];
	struct js *config = js_parse(fields, strlen(fields), why, sizeof(why));
	const struct agent_wish wish = {
		.prompt = "", .cwd = "/wd", .config = config
	};
	const struct agent_host host = { .send = on_bytes,
		.finish = on_finish,
		.entry = on_entry,
		.fact = on_fact,
		.ask = on_ask,
		.unask = on_unask,
		.over = on_over,
		.arg = slot };

	*slot = agent_new(agent_find("CLAUDE_CODE"), &wish, &host);
	js_free(config);
	agent_begin(*slot);
	return *slot;
}

int
main(int argc, char **argv)
{
	static char text[64 << 20];
	struct agent *g;
	size_t len, want, done = 0, n;
	int64_t from;
	FILE *f;

	if (argc != 3 || (f = fopen(argv[1], "r")) == NULL)
		bench_die("normalise FILE MEGABYTES");
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	want = (size_t)bench_num(argv[2]) * 1000000;
	if (len == 0 || make(&g) == NULL)
		bench_die(argv[1]);
	from = bench_ns();
	for (size_t at = 0; done < want; done += n, at = (at + n) % len) {
		n = len - at < PIECE ? len - at : PIECE;
		agent_bytes(g, RUNLOG_OUT, (int64_t)(done / 1000), text + at,
		    n);
	}
	agent_ended(g, 0);
	printf("%.6f %zu %zu %zu %llu\n", (double)(bench_ns() - from) / 1e9,
	    done, seen.entries, seen.told, (unsigned long long)seen.bytes);
	agent_free(g);
	return 0;
}
