/* SPDX-License-Identifier: MIT */
/*
 * A conversation of MIB mebibytes, as rdvd puts it down: messages that grow in
 * pieces, and tool calls whose results come later, each turn of the loop what
 * 64 KiB of a log may hold. Beside it the same texts by write(2), in pieces of
 * 64 KiB. usage: talk DIR RUN MIB
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "daemon/loop.h"
#include "daemon/term/talk.h"
#include "lib/js.h"

#define TURN   65536
#define BEHIND 3 /* entries between a call and its result */

struct load {
	struct loop *loop;
	struct talk *talk;
	uint64_t left, texts;
	size_t next;
};

static struct js *
entry(size_t at, size_t len, const char *status)
{
	static char text[8192];
	struct js *o = js_object();

	memset(text, 'a' + (int)(at % 26), len);
	text[len] = '\0';
	js_add_str(o, "timestamp", "2026-01-12T00:00:00Z");
	js_add_str(o, "status", status);
	js_add_str(o, "content", text);
	return o;
}

static void
put(struct load *l, size_t at, size_t len, const char *status)
{
	talk_put(l->talk, at, entry(at, len, status));
	l->texts++;
	l->left -= len < l->left ? len : l->left;
}

static void
load_turn_cb(void *arg)
{
	struct load *l = arg;
	const uint64_t until = l->left > TURN ? l->left - TURN : 0;

	while (l->left > until) {
		put(l, l->next, 200 + l->next * 97 % 3000, "created");
		if (l->next >= BEHIND && l->next % 2 == 0)
			put(l, l->next - BEHIND, 4000, "success");
		l->next++;
	}
	if (l->left == 0)
		loop_stop(l->loop);
	else
		loop_defer(l->loop, load_turn_cb, l);
}

static double
plain(int dirfd, uint64_t bytes)
{
	static const char piece[TURN] = "x";
	int fd = openat(dirfd, "plain", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	const int64_t begin = bench_ns();

	for (uint64_t n = 0; n < bytes; n += TURN)
		if (write(fd, piece, TURN) != TURN)
			bench_die("write");
	const int64_t took = bench_ns() - begin;

	(void)close(fd);
	(void)unlinkat(dirfd, "plain", 0);
	return (double)took / 1e9;
}

static void
grew_cb(const char *run_id, uint64_t bytes, void *arg)
{
	(void)run_id;
	*(uint64_t *)arg = bytes;
}

int
main(int argc, char **argv)
{
	struct load l = { .loop = loop_new() };
	struct talks_conf conf = { .loop = l.loop, .grew = grew_cb };
	uint64_t bytes = 0;
	int64_t begin;
	double took;

	if (argc != 4)
		bench_die("usage: talk DIR RUN MIB");
	conf.dirfd = open(argv[1], O_DIRECTORY | O_CLOEXEC);
	conf.arg = &bytes;
	l.left = strtoull(argv[3], NULL, 10) << 20;
	if (talk_begin(talks_new(&conf), argv[2], &l.talk) != 0)
		bench_die("cannot begin");
	begin = bench_ns();
	loop_defer(l.loop, load_turn_cb, &l);
	loop_run(l.loop);
	talk_end(l.talk);
	took = (double)(bench_ns() - begin) / 1e9;
	printf("{\"s\":%f,\"bytes\":%llu,\"entries\":%zu,\"puts\":%llu,"
	       "\"plain_s\":%f}\n",
	    took, (unsigned long long)bytes, l.next,
	    (unsigned long long)l.texts, plain(conf.dirfd, bytes));
	return 0;
}
