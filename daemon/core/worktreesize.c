/* SPDX-License-Identifier: MIT */
/*
 * rdv-git counts, as the account, in one call that ends by itself after a
 * while: a tree that is too big for that has a lower bound of a size. What was
 * counted is remembered, since lists are asked for again and again.
 *
 * Invariant: a size is shown and weighed against a limit, and is never a reason
 * to delete anything.
 */
#include "daemon/core/worktreesize.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define KEPT_MAX 4096
/* FILES OWN SHARED OBJECTS MORE */
#define WORDS 5

struct kept {
	TAILQ_ENTRY(kept) link;
	uid_t uid;
	char *path;
	int64_t at; /* monotonic */
	struct wt_size size;
};

struct wt_sizes {
	TAILQ_HEAD(kept_list, kept) all; /* the one longest known last */
	size_t n;
};

struct wt_sizes *
wt_sizes_new(void)
{
	struct wt_sizes *s = xcalloc(1, sizeof(*s));

	TAILQ_INIT(&s->all);
	return s;
}

static void
drop(struct wt_sizes *s, struct kept *k)
{
	TAILQ_REMOVE(&s->all, k, link);
	s->n--;
	free(k->path);
	free(k);
}

void
wt_sizes_free(struct wt_sizes *s)
{
	if (s == NULL)
		return;
	while (!TAILQ_EMPTY(&s->all))
		drop(s, TAILQ_FIRST(&s->all));
	free(s);
}

static struct kept *
find(const struct wt_sizes *s, uid_t uid, const char *path)
{
	struct kept *k;

	TAILQ_FOREACH (k, &s->all, link)
		if (k->uid == uid && strcmp(k->path, path) == 0)
			return k;
	return NULL;
}

static void
keep(struct wt_sizes *s, uid_t uid, const char *path, const struct wt_size *sz)
{
	struct kept *k = find(s, uid, path);

	if (k != NULL)
		drop(s, k);
	if (s->n >= KEPT_MAX)
		drop(s, TAILQ_LAST(&s->all, kept_list));
	k = xcalloc(1, sizeof(*k));
	*k = (struct kept){ .uid = uid,
		.path = xstrdup(path),
		.at = clock_mono_ms(),
		.size = *sz };
	TAILQ_INSERT_HEAD(&s->all, k, link);
	s->n++;
}

const struct wt_size *
worktree_size_known(const struct worktrees *w, uid_t uid, const char *path)
{
	const struct kept *k = find(w->sizes, uid, path);

	return k != NULL ? &k->size : NULL;
}

struct sizing {
	worktree_size_fn *cb;
	void *arg;
	struct wt_size_ask ask;
};

static void
size_fail(struct wt_op *op, int err, const char *why)
{
	struct sizing *z = op->own;

	z->cb(err, NULL, why, z->arg);
	wt_end(op);
}

static void
size_told(struct wt_op *op, const struct wt_size *size)
{
	struct sizing *z = op->own;

	z->cb(0, size, NULL, z->arg);
	wt_end(op);
}

static bool
parse(struct arena *a, const char *text, struct wt_size *size)
{
	uint64_t n[WORDS];
	size_t len;

	for (size_t i = 0; i < WORDS; i++, text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		if (!str_to_u64(arena_strndup(a, text, len), 0, INT64_MAX,
			&n[i]))
			return false;
	}
	*size = (struct wt_size){ .files = (int64_t)n[0],
		.own = (int64_t)n[1],
		.shared = (int64_t)n[2],
		.objects = (int64_t)n[3],
		.partial = n[4] != 0,
		.seen_at = clock_wall_ms() };
	return *text == '\0';
}

static void
size_cb(struct wt_op *op, const struct git_result *r)
{
	const struct sizing *z = op->own;
	const char *why;
	const struct git_fact *f = wt_fact_of(op, r, &why);
	struct wt_size size;

	if (f == NULL) {
		wt_fail(op, RDV_E_INVALID, "%s", why);
	} else if (!parse(op->arena, f->text, &size)) {
		wt_fail(op, RDV_E_SPAWN, "rdv-git: these are no sizes");
	} else {
		keep(op->w->sizes, op->who.uid, z->ask.path, &size);
		size_told(op, &size);
	}
}

static void
size_start(struct wt_op *op)
{
	const struct sizing *z = op->own;
	const struct kept *k = find(op->w->sizes, op->who.uid, z->ask.path);
	const char *const argv[] = { "space", z->ask.path, z->ask.top, NULL };
	const char *const dirs[] = { z->ask.path, z->ask.top, NULL };

	if (k != NULL && clock_mono_ms() - k->at < z->ask.fresh_ms)
		size_told(op, &k->size);
	else
		wt_worker_in(op, dirs, argv, size_cb);
}

/* Which it is, by the repository's own word. */
static void
size_opened(struct wt_op *op)
{
	struct sizing *z = op->own;

	z->ask.top = op->top;
	z->ask.path = op->at;
	size_start(op);
}

static void
size_open(struct wt_op *op)
{
	const struct sizing *z = op->own;

	wt_open(op, z->ask.path, size_opened);
}

void
worktree_size(struct worktrees *w, const struct worktree_who *who,
    const struct wt_size_ask *ask, worktree_size_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, size_fail);
	struct sizing *z = arena_alloc(op->arena, sizeof(*z));

	*z = (struct sizing){ .cb = cb, .arg = arg, .ask = *ask };
	if (ask->top != NULL)
		z->ask.top = arena_strdup(op->arena, ask->top);
	z->ask.path = arena_strdup(op->arena, ask->path);
	op->own = z;
	wt_later(op, ask->top != NULL ? size_start : size_open);
}
