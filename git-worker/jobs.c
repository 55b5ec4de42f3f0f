/* SPDX-License-Identifier: MIT */
/*
 * Questions that take more than one look, side by side. Invariant: each one is
 * answered once; git's words belong to a time after the question had come.
 */
#include "git-worker/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "git-worker/job.h"
#include "git-worker/look.h"
#include "git-worker/memo.h"
#include "git-worker/narrow.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/xalloc.h"

/* Gone on with at once, as each may hold a few answers of 8 MiB. */
#define AT_WORK_MAX 8

struct running {
	TAILQ_ENTRY(running) link;
	const struct job_kind *kind;
	struct job job;
	struct js *ask;
	int64_t id, until;
	struct query *query[JOB_STEPS]; /* held until it is answered */
	unsigned nqueries;
};
TAILQ_HEAD(runnings, running);

struct jobs {
	struct jobs_conf conf;
	struct memo *memo;
	struct runnings list;
	unsigned n, nown; /* of those the worker's own */
	int64_t epoch;	  /* of this turn */
	int64_t born;	  /* no two workers of a tree have the same */
};

static const struct job_kind *const kinds[] = { &job_changes, &job_diffstat,
	&job_diff, &job_log, &job_tree, &job_file, &job_compare, &job_merge,
	&job_blame, &job_conflicts, &job_conflict };

struct jobs *
jobs_new(const struct jobs_conf *conf)
{
	struct jobs *js = xcalloc(1, sizeof(*js));

	js->conf = *conf;
	js->born = clock_wall_ms();
	js->memo = memo_new(conf->dir, conf->configs);
	TAILQ_INIT(&js->list);
	return js;
}

static void
clean(struct running *r)
{
	if (r->kind->done != NULL)
		r->kind->done(&r->job);
}

static void
forget(struct jobs *js, struct running *r)
{
	for (unsigned i = 0; i < r->nqueries; i++)
		memo_let_go(r->query[i]);
	clean(r);
	TAILQ_REMOVE(&js->list, r, link);
	js->n--;
	js->nown -= r->id < 0;
	arena_free(r->job.arena);
	js_free(r->ask);
	free(r);
}

void
jobs_free(struct jobs *js)
{
	while (!TAILQ_EMPTY(&js->list))
		forget(js, TAILQ_FIRST(&js->list));
	memo_free(js->memo);
	free(js);
}

unsigned
jobs_count(const struct jobs *js)
{
	return js->n - js->nown;
}

static const struct job_kind *
kind_of(const struct js *ask)
{
	const char *op = js_str(ask, "op", "");

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i]->name, op) == 0)
			return kinds[i];
	return NULL;
}

bool
jobs_gains(const struct js *ask)
{
	const struct job_kind *kind = kind_of(ask);
	const struct job j = { .ask = js_get(ask, "args") };

	return kind != NULL && kind->gains != NULL && kind->gains(&j);
}

bool
jobs_begin(struct jobs *js, int64_t id, int64_t until, struct js *ask)
{
	return jobs_begin_own(js, id, until, ask, NULL);
}

bool
jobs_begin_own(struct jobs *js, int64_t id, int64_t until, struct js *ask,
    const struct narrow *names)
{
	const struct job_kind *kind = kind_of(ask);
	struct running *r;

	if (kind == NULL)
		return false;
	r = xcalloc(1, sizeof(*r));
	r->kind = kind;
	r->id = id;
	r->until = until;
	r->ask = ask;
	r->job.arena = arena_new();
	r->job.top = js->conf.dir;
	r->job.ask = js_get(ask, "args");
	r->job.names = names;
	r->job.look = js->conf.look;
	r->job.born = js->born;
	TAILQ_INSERT_TAIL(&js->list, r, link);
	js->n++;
	js->nown += id < 0;
	return true;
}

static void
refuse(struct jobs *js, struct running *r, const char *error, int status,
    const char *why)
{
	js->conf.say(r->id, job_refusal(r->id, error, status, why),
	    js->conf.arg);
	forget(js, r);
}

void
jobs_cancel(struct jobs *js, int64_t id)
{
	struct running *r, *next;

	TAILQ_FOREACH_SAFE (r, &js->list, link, next)
		if (r->id == id)
			refuse(js, r, "cancelled", 0, "nobody waits for it");
}

static void
tell(struct jobs *js, struct running *r)
{
	struct js *o, *result = r->kind->answer(&r->job);

	/* Who has the answer finds nothing of how it was made. */
	clean(r);
	if (result == NULL) {
		refuse(js, r, r->job.error, 0, r->job.why);
		return;
	}
	o = js_object();
	js_add_int(o, "id", r->id);
	js_add(o, "result", result);
	js->conf.say(r->id, o, js->conf.arg);
	forget(js, r);
}

/* False when it is over with that. */
static bool
take_text(struct jobs *js, struct running *r, const struct query_answer *a)
{
	struct job *j = &r->job;

	if (a->err != 0) {
		refuse(js, r, "spawn", 0, strerror(-a->err));
		return false;
	}
	if (a->status != 0 && !a->over && !j->may_fail) {
		refuse(js, r, "git", a->status, a->complaint);
		return false;
	}
	j->text[j->n++] =
	    (struct job_text){ a->text, a->len, a->status, a->over };
	return true;
}

/* As far as it goes without waiting. */
static void
go_on(struct jobs *js, struct running *r)
{
	struct job *j = &r->job;
	struct query_answer a;

	for (;;) {
		if (r->nqueries > j->n) {
			if (!query_answer(r->query[j->n], &a) ||
			    !take_text(js, r, &a))
				return;
			continue;
		}
		j->argv = NULL;
		j->max = 0;
		j->index = j->names == NULL ? NULL : j->names->file;
		j->lasts = j->may_fail = false;
		if (j->n < JOB_STEPS)
			r->kind->next(j);
		if (j->error != NULL) {
			refuse(js, r, j->error, 0, j->why);
			return;
		}
		if (j->argv == NULL) {
			tell(js, r);
			return;
		}
		if (r->nqueries == 0)
			j->epoch = js->epoch;
		r->query[r->nqueries++] = memo_ask(js->memo, j->argv, j->index,
		    j->lasts, j->max, js->epoch);
	}
}

size_t
jobs_fds(const struct jobs *js, int *fds, size_t n)
{
	return memo_fds(js->memo, fds, n);
}

/* The tree is not what rdvd found any more: it has to look anew. */
static void
refuse_all(struct jobs *js)
{
	struct running *r, *next;

	TAILQ_FOREACH_SAFE (r, &js->list, link, next)
		refuse(js, r, "stale", 0, "it is not what it was");
}

/*
 * Each holds what git has said to it until all is said: the first ones alone
 * are gone on with, and those behind them wait.
 */
static void
go_on_all(struct jobs *js, int64_t now)
{
	struct running *r, *next;
	unsigned at_work = 0, before;

	TAILQ_FOREACH_SAFE (r, &js->list, link, next) {
		if (now >= r->until) {
			refuse(js, r, "timeout", 0, "its time is over");
			continue;
		}
		if (at_work == AT_WORK_MAX)
			continue;
		before = js->n;
		go_on(js, r);
		at_work += js->n == before;
	}
}

bool
jobs_turn(struct jobs *js, int64_t now)
{
	/* Without a question there is nobody to be told. */
	if (js->n > 0)
		js->epoch = look_epoch(js->conf.look);
	if (js->epoch < 0) {
		refuse_all(js);
		return false;
	}
	(void)memo_turn(js->memo, js->epoch, now);
	/* What they ask now may have failed at once. */
	do
		go_on_all(js, now);
	while (memo_turn(js->memo, js->epoch, now));
	return true;
}

int64_t
jobs_due(const struct jobs *js)
{
	const struct running *r;
	int64_t due = memo_due(js->memo);

	TAILQ_FOREACH (r, &js->list, link)
		if (due == 0 || r->until < due)
			due = r->until;
	return due;
}
