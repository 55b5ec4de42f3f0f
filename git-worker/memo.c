/* SPDX-License-Identifier: MIT */
/*
 * Questions to git and their answers. Invariant: an answer is given only to
 * those who asked when nothing had happened since its git was started; what is
 * not held by anybody may be thrown away at any time, and is, beyond a bound.
 */
#include "git-worker/memo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "git-worker/gitrun.h"
#include "lib/list.h"
#include "lib/xalloc.h"

/* Of answers that nobody waits for any more. */
#define KEEP_BYTES (1 << 20)
#define KEEP_MAX   8
#define KILL_MS	   2000 /* from asking git to end to ending it */

enum phase { WAITING, RUNNING, ENDED };

struct query {
	TAILQ_ENTRY(query) link;
	struct memo *m;
	char **argv, *index;
	bool lasts; /* the index is what it is for whoever names it */
	struct gitrun run;
	enum phase phase;
	int64_t epoch; /* when it was started, or else asked */
	unsigned held;
	int err;
	int64_t kill_at; /* 0: it has not been asked to end */
};
TAILQ_HEAD(queries, query);

struct memo {
	const char *dir;
	const char *const *configs;
	struct queries queries; /* the newest last */
	unsigned running;
};

struct memo *
memo_new(const char *dir, const char *const *configs)
{
	struct memo *m = xcalloc(1, sizeof(*m));

	m->dir = dir;
	m->configs = configs;
	TAILQ_INIT(&m->queries);
	return m;
}

static void
drop(struct query *q)
{
	TAILQ_REMOVE(&q->m->queries, q, link);
	gitrun_done(&q->run);
	for (size_t i = 0; q->argv[i] != NULL; i++)
		free(q->argv[i]);
	free(q->argv);
	free(q->index);
	free(q);
}

void
memo_free(struct memo *m)
{
	struct query *q;

	/* All of them at once, so that they end side by side. */
	TAILQ_FOREACH (q, &m->queries, link)
		gitrun_stop(&q->run, false);
	while ((q = TAILQ_FIRST(&m->queries)) != NULL)
		drop(q);
	free(m);
}

static bool
is_same(const struct query *q, const char *const *argv, const char *index)
{
	size_t i;

	if (q->index == NULL || index == NULL ? q->index != index
					      : strcmp(q->index, index) != 0)
		return false;
	for (i = 0; q->argv[i] != NULL && argv[i] != NULL; i++)
		if (strcmp(q->argv[i], argv[i]) != 0)
			return false;
	return q->argv[i] == NULL && argv[i] == NULL;
}

/* One that waits is started later than now, whatever happens until then. */
static struct query *
find(struct memo *m, const char *const *argv, const char *index, int64_t epoch)
{
	struct query *q;

	TAILQ_FOREACH (q, &m->queries, link)
		if ((q->phase == WAITING || q->epoch == epoch) && q->err == 0 &&
		    q->kill_at == 0 && is_same(q, argv, index))
			return q;
	return NULL;
}

struct query *
memo_ask(struct memo *m, const char *const *argv, const char *index, bool lasts,
    size_t max, int64_t epoch)
{
	struct query *q = NULL;
	size_t n = 0;

	if (index == NULL || lasts)
		q = find(m, argv, index, epoch);

	if (q == NULL) {
		while (argv[n] != NULL)
			n++;
		q = xcalloc(1, sizeof(*q));
		q->m = m;
		q->argv = xcalloc(n + 1, sizeof(char *));
		for (size_t i = 0; i < n; i++)
			q->argv[i] = xstrdup(argv[i]);
		q->index = index == NULL ? NULL : xstrdup(index);
		q->lasts = index == NULL || lasts;
		q->epoch = epoch;
		gitrun_init(&q->run, max > 0 ? max : MEMO_TEXT_MAX);
		TAILQ_INSERT_TAIL(&m->queries, q, link);
	}
	q->held++;
	return q;
}

void
memo_let_go(struct query *q)
{
	q->held--;
}

bool
query_answer(struct query *q, struct query_answer *out)
{
	if (q->phase != ENDED)
		return false;
	*out = (struct query_answer){ .err = q->err,
		.status = q->run.status,
		.over = q->run.over,
		.text = buf_cstr(&q->run.text),
		.len = q->run.text.len,
		.complaint = buf_cstr(&q->run.complaint) };
	return true;
}

size_t
memo_fds(const struct memo *m, int *fds, size_t n)
{
	const struct query *q;
	size_t have = 0;

	TAILQ_FOREACH (q, &m->queries, link) {
		if (q->phase != RUNNING)
			continue;
		if (q->run.out >= 0 && have < n)
			fds[have++] = q->run.out;
		if (q->run.err >= 0 && have < n)
			fds[have++] = q->run.err;
	}
	return have;
}

static void
run(struct query *q, int64_t epoch)
{
	struct memo *m = q->m;

	q->epoch = epoch;
	q->run.index = q->index;
	q->err = gitrun_start(&q->run, m->dir, m->configs,
	    (const char *const *)q->argv);
	q->phase = q->err == 0 ? RUNNING : ENDED;
	m->running += q->err == 0;
}

static void
pass_unwanted(struct query *q, int64_t now)
{
	if (q->kill_at != 0 && now < q->kill_at)
		return;
	gitrun_stop(&q->run, q->kill_at != 0);
	q->kill_at = now + KILL_MS;
}

/* Worth nothing to whoever may come. */
static bool
is_useless(const struct query *q, int64_t epoch)
{
	return q->phase == WAITING || !q->lasts || q->epoch != epoch ||
	       q->err != 0 || q->run.status != 0 || q->kill_at != 0;
}

/* From the newest on, as much as fits. */
static void
trim(struct memo *m, int64_t epoch)
{
	struct query *q, *before;
	size_t bytes = 0, n = 0;

	for (q = TAILQ_LAST(&m->queries, queries); q != NULL; q = before) {
		before = TAILQ_PREV(q, queries, link);
		if (q->held > 0 || q->phase == RUNNING)
			continue;
		bytes += q->run.text.cap;
		if (is_useless(q, epoch) || bytes > KEEP_BYTES ||
		    ++n > KEEP_MAX)
			drop(q);
	}
}

static bool
read_end(struct query *q)
{
	if (!gitrun_read(&q->run))
		return false;
	q->phase = ENDED;
	q->m->running--;
	return true;
}

bool
memo_turn(struct memo *m, int64_t epoch, int64_t now)
{
	struct query *q;
	bool ended = false;

	TAILQ_FOREACH (q, &m->queries, link) {
		if (q->phase == RUNNING)
			ended = read_end(q) || ended;
		if (q->phase == RUNNING && q->held == 0)
			pass_unwanted(q, now);
		if (q->phase == WAITING && q->held > 0 &&
		    m->running < MEMO_RUNS) {
			run(q, epoch);
			ended = q->phase == ENDED || ended;
		}
	}
	trim(m, epoch);
	return ended;
}

int64_t
memo_due(const struct memo *m)
{
	const struct query *q;
	int64_t due = 0;

	TAILQ_FOREACH (q, &m->queries, link) {
		if (q->phase == RUNNING && q->kill_at != 0 &&
		    (due == 0 || q->kill_at < due))
			due = q->kill_at;
	}
	return due;
}
