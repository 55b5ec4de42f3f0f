/* SPDX-License-Identifier: MIT */
/*
 * Who waits for a change of what differs. Each base that is compared with has
 * one document, which all who ask for it share, and one look at a time. A
 * change is looked at a moment after it was told, and while it goes on once a
 * second. Invariant: an answer names a token, and whoever comes with that one
 * hears of whatever has happened since.
 */
#include "git-worker/follow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "git-worker/diffdoc.h"
#include "git-worker/job.h"
#include "git-worker/jobs.h"
#include "git-worker/look.h"
#include "git-worker/narrow.h"
#include "git-worker/touched.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/xalloc.h"

#define DOCS_MAX 4
#define WAIT_MS	 250  /* from the first change to the look */
#define PACE_MS	 1000 /* from one look to the next */
/* Where nobody tells of changes, and of a look's own time at least. */
#define BLIND_MS     5000
#define BLIND_FACTOR 20
#define LOOK_MS	     (10 * 60 * 1000)
/* Where the repository changes all the time there is no right moment. */
#define HOLDS_MAX 3

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct doc *doc;
	int64_t id, until, since;
	bool totals;
};
TAILQ_HEAD(waiters, waiter);

struct doc {
	TAILQ_ENTRY(doc) link;
	int64_t id; /* below zero: of its questions */
	char *base; /* NULL: HEAD */
	struct diffdoc *files;
	struct touched due;
	int64_t due_at; /* 0: nothing is */
	int64_t began;	/* the last look */
	bool looking, narrow;
	bool blind;	/* not all changes are told */
	unsigned holds; /* looks that it has waited for */
	struct narrow names;
	struct arena *arena; /* of those */
	unsigned waiting;
};
TAILQ_HEAD(docs, doc);

struct follow {
	struct follow_conf conf;
	struct docs docs;
	struct waiters waiters;
	unsigned n, ndocs;
	int64_t last_id;
};

struct follow *
follow_new(const struct follow_conf *conf)
{
	struct follow *f = xcalloc(1, sizeof(*f));

	f->conf = *conf;
	TAILQ_INIT(&f->docs);
	TAILQ_INIT(&f->waiters);
	return f;
}

static void
doc_free(struct follow *f, struct doc *d)
{
	TAILQ_REMOVE(&f->docs, d, link);
	f->ndocs--;
	narrow_done(&d->names);
	touched_clear(&d->due);
	arena_free(d->arena);
	diffdoc_free(d->files);
	free(d->base);
	free(d);
}

static void
forget(struct follow *f, struct waiter *w)
{
	TAILQ_REMOVE(&f->waiters, w, link);
	w->doc->waiting--;
	f->n--;
	free(w);
}

void
follow_free(struct follow *f)
{
	while (!TAILQ_EMPTY(&f->waiters))
		forget(f, TAILQ_FIRST(&f->waiters));
	while (!TAILQ_EMPTY(&f->docs))
		doc_free(f, TAILQ_FIRST(&f->docs));
	free(f);
}

unsigned
follow_count(const struct follow *f)
{
	return f->n;
}

static void
refuse(struct follow *f, struct waiter *w, const char *error, int64_t status,
    const char *why)
{
	f->conf.say(w->id, job_refusal(w->id, error, status, why), f->conf.arg);
	forget(f, w);
}

static void
tell(struct follow *f, struct waiter *w)
{
	struct js *o = js_object();

	js_add_int(o, "id", w->id);
	js_add(o, "result", diffdoc_since(w->doc->files, w->since, w->totals));
	f->conf.say(w->id, o, f->conf.arg);
	forget(f, w);
}

static bool
is_base(const struct doc *d, const char *base)
{
	return d->base == NULL || base == NULL ? d->base == base
					       : strcmp(d->base, base) == 0;
}

/* One that nobody waits for makes room. */
static bool
make_room(struct follow *f)
{
	struct doc *d;

	if (f->ndocs < DOCS_MAX)
		return true;
	TAILQ_FOREACH (d, &f->docs, link)
		if (d->waiting == 0 && !d->looking) {
			doc_free(f, d);
			return true;
		}
	return false;
}

static struct doc *
doc_for(struct follow *f, const char *base)
{
	struct doc *d;

	TAILQ_FOREACH (d, &f->docs, link)
		if (is_base(d, base))
			return d;
	if (!make_room(f))
		return NULL;
	d = xcalloc(1, sizeof(*d));
	d->id = --f->last_id;
	d->base = base == NULL ? NULL : xstrdup(base);
	d->files = diffdoc_new(f->conf.dir);
	d->arena = arena_new();
	touched_all(&d->due);
	TAILQ_INSERT_TAIL(&f->docs, d, link);
	f->ndocs++;
	return d;
}

static void
refuse_early(struct follow *f, int64_t id)
{
	f->conf.say(id,
	    job_refusal(id, "question", 0,
		"too many bases are followed at once"),
	    f->conf.arg);
}

void
follow_begin(struct follow *f, int64_t id, int64_t until, struct js *ask)
{
	const struct js *args = js_get(ask, "args");
	struct doc *d = doc_for(f, js_str(args, "base", NULL));
	struct waiter *w;

	if (d == NULL) {
		refuse_early(f, id);
		js_free(ask);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->doc = d;
	w->id = id;
	w->until = until;
	w->since = js_int(args, "since", 0);
	w->totals = js_bool(args, "totals", false);
	d->waiting++;
	TAILQ_INSERT_TAIL(&f->waiters, w, link);
	f->n++;
	js_free(ask);
}

void
follow_cancel(struct follow *f, int64_t id)
{
	struct waiter *w, *next;

	TAILQ_FOREACH_SAFE (w, &f->waiters, link, next)
		if (w->id == id)
			refuse(f, w, "cancelled", 0, "nobody waits for it");
}

/* All that wait for this one hear of what git said. */
static void
refuse_doc(struct follow *f, const struct doc *d, const struct js *v)
{
	struct waiter *w, *next;

	TAILQ_FOREACH_SAFE (w, &f->waiters, link, next)
		if (w->doc == d)
			refuse(f, w, js_str(v, "error", "malformed"),
			    js_int(v, "status", 0), js_str(v, "why", ""));
}

/* Where nobody tells, a look follows the other. */
static void
arm_blind(struct follow *f, struct doc *d, int64_t now)
{
	const int64_t took = (now - d->began) * BLIND_FACTOR;

	if (look_trusted(f->conf.look))
		return;
	d->blind = true;
	touched_all(&d->due);
	d->due_at = now + (took > BLIND_MS ? took : BLIND_MS);
}

static void
answer_waiters(struct follow *f, const struct doc *d)
{
	struct waiter *w, *next;

	TAILQ_FOREACH_SAFE (w, &f->waiters, link, next)
		if (w->doc == d && diffdoc_from(d->files) != NULL &&
		    w->since != diffdoc_token(d->files))
			tell(f, w);
}

void
follow_answer(struct follow *f, const struct js *v)
{
	const struct js *result = js_get(v, "result");
	struct doc *d;

	TAILQ_FOREACH (d, &f->docs, link)
		if (d->id == js_int(v, "id", 0))
			break;
	if (d == NULL)
		return;
	d->looking = false;
	narrow_done(&d->names);
	if (result != NULL &&
	    diffdoc_take(d->files, result, d->narrow ? &d->names : NULL,
		look_gitdir(f->conf.look))) {
		answer_waiters(f, d);
		arm_blind(f, d, clock_mono_ms());
		return;
	}
	/* Once more, about everything; and if that was so it failed. */
	touched_all(&d->due);
	if (d->narrow && strcmp(js_str(v, "error", ""), "stale") != 0)
		d->due_at = clock_mono_ms();
	else
		refuse_doc(f, d, v);
}

static void
doc_look(struct follow *f, struct doc *d, int64_t now)
{
	struct js *o = js_object(), *args = js_object();

	arena_reset(d->arena);
	d->narrow =
	    diffdoc_whole(d->files) &&
	    look_narrow(f->conf.look, d->arena, &d->due, true, &d->names);
	touched_clear(&d->due);
	d->due_at = 0;
	d->holds = 0;
	d->began = now;
	d->looking = true;
	js_add_str(o, "op", "diffstat");
	if (d->narrow)
		js_add_str(args, "since", diffdoc_from(d->files));
	else if (d->base != NULL)
		js_add_str(args, "base", d->base);
	js_add_int(args, "limit", DIFFDOC_FILES);
	js_add(o, "args", args);
	(void)jobs_begin_own(f->conf.jobs, d->id, now + LOOK_MS, o,
	    d->narrow ? &d->names : NULL);
}

static void
pass_deadlines(struct follow *f, int64_t now)
{
	struct waiter *w, *next;

	TAILQ_FOREACH_SAFE (w, &f->waiters, link, next) {
		if (now < w->until)
			continue;
		if (diffdoc_from(w->doc->files) != NULL)
			tell(f, w);
		else
			refuse(f, w, "timeout", 0, "its time is over");
	}
}

/* What has happened is due in each of them, some time after the first of it. */
static void
take_news(struct follow *f, int64_t now)
{
	struct touched *news = look_news(f->conf.look);
	int64_t at;
	struct doc *d;

	TAILQ_FOREACH (d, &f->docs, link) {
		touched_join(&d->due, news);
		if (d->blind && look_trusted(f->conf.look)) {
			d->blind = false;
			d->due_at = 0;
		}
		if (!touched_any(&d->due) || d->due_at != 0 || d->looking)
			continue;
		at = d->began + PACE_MS;
		d->due_at = at > now + WAIT_MS ? at : now + WAIT_MS;
	}
	touched_clear(news);
}

/* Who asks for the first time waits for nothing but git. */
static bool
is_due(const struct follow *f, const struct doc *d, int64_t now)
{
	const struct waiter *w;

	if (d->waiting == 0 || d->looking || !touched_any(&d->due))
		return false;
	if (now >= d->due_at)
		return true;
	TAILQ_FOREACH (w, &f->waiters, link)
		if (w->doc == d && w->since == 0)
			return true;
	return false;
}

/*
 * About everything only when it is known that what comes after it is told, or
 * when that cannot be had.
 */
static bool
is_held(const struct follow *f, const struct doc *d)
{
	const struct look *l = f->conf.look;

	return d->due.all && d->holds < HOLDS_MAX && !look_trusted(l) &&
	       (look_busy(l) || look_helps(l));
}

bool
follow_wants(const struct follow *f)
{
	const int64_t now = clock_mono_ms();
	const struct doc *d;

	if (look_busy(f->conf.look))
		return false;
	TAILQ_FOREACH (d, &f->docs, link)
		if (is_due(f, d, now) && is_held(f, d))
			return true;
	return false;
}

void
follow_looked(struct follow *f)
{
	struct doc *d;

	TAILQ_FOREACH (d, &f->docs, link)
		d->holds++;
}

bool
follow_turn(struct follow *f, int64_t now)
{
	struct doc *d;

	if (f->n == 0)
		return true;
	if (look_epoch(f->conf.look) < 0) {
		while (!TAILQ_EMPTY(&f->waiters))
			refuse(f, TAILQ_FIRST(&f->waiters), "stale", 0,
			    "it is not what it was");
		return false;
	}
	take_news(f, now);
	TAILQ_FOREACH (d, &f->docs, link) {
		const bool now_due = is_due(f, d, now);

		if (now_due && !is_held(f, d))
			doc_look(f, d, now);
		else if (!now_due && !d->looking && d->waiting > 0)
			answer_waiters(f, d);
	}
	pass_deadlines(f, now);
	return true;
}

int
follow_fd(const struct follow *f)
{
	const struct doc *d;

	/* What is due is read then, and until then costs nothing. */
	TAILQ_FOREACH (d, &f->docs, link)
		if (d->waiting > 0 && !d->looking && d->due_at == 0)
			return look_fd(f->conf.look);
	return -1;
}

int64_t
follow_due(const struct follow *f)
{
	const struct waiter *w;
	const struct doc *d;
	int64_t due = 0;

	TAILQ_FOREACH (w, &f->waiters, link)
		if (due == 0 || w->until < due)
			due = w->until;
	/* One that is held goes on when a look has ended. */
	TAILQ_FOREACH (d, &f->docs, link)
		if (d->waiting > 0 && !d->looking && d->due_at != 0 &&
		    (d->due_at > clock_mono_ms() || !is_held(f, d)) &&
		    (due == 0 || d->due_at < due))
			due = d->due_at;
	return due;
}
