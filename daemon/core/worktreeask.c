/* SPDX-License-Identifier: MIT */
/*
 * rdvd looks at no path outside its own state: in system mode it could not see
 * into a home directory, and nowhere has it any business there. rdv-git looks,
 * as the account. Its answers can be lies, but only about what is that
 * account's anyway: nothing is done here on their word but run that account's
 * git. What rdvd knows by itself it compares (worktreeopen.c).
 */
#include "daemon/core/worktreeask.h"

#include <string.h>

#include "build.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/complaint.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

/* Bytes of a call, within PRIV_TEXT_MAX. */
#define BYTES_MAX 11000
#define ROOTS_MAX 16

struct wt_questions {
	const char *words[2 * GITPROTO_ASK_MAX]; /* question, argument */
	struct git_fact *facts[GITPROTO_ASK_MAX];
	size_t n, bytes;
	wt_step_fn *next;
};

const struct git_fact *
wt_question(struct wt_op *op, const char *question, const char *arg)
{
	struct git_fact *f = arena_alloc(op->arena, sizeof(*f));
	struct wt_questions *q = op->questions;
	const size_t bytes = strlen(question) + strlen(arg) + 2;

	*f = (struct git_fact){ .found = GIT_REFUSED,
		.text = "it could not be looked at" };
	if (q == NULL)
		q = op->questions = arena_alloc(op->arena, sizeof(*q));
	/* Then it stays what it is. */
	if (q->n == GITPROTO_ASK_MAX || bytes > BYTES_MAX - q->bytes)
		return f;
	q->words[2 * q->n] = question;
	q->words[2 * q->n + 1] = arg;
	q->facts[q->n++] = f;
	q->bytes += bytes;
	return f;
}

static void
no_answer(struct wt_op *op, const struct wt_questions *q, const char *why)
{
	if (op->judging)
		q->next(op);
	else
		wt_fail(op, RDV_E_SPAWN, "rdv-git: %s", why);
}

/* Half an answer is none: all facts are again what they were. */
static void
forget(const struct wt_questions *q)
{
	for (size_t i = 0; i < q->n; i++)
		*q->facts[i] = (struct git_fact){ .found = GIT_REFUSED };
}

static void
answered(struct wt_op *op, const struct git_result *r)
{
	struct wt_questions *q = op->questions;
	char why[256];
	struct buf b;
	int err;

	op->questions = NULL;
	if (r->status != 0) {
		git_complaint(r, why, sizeof(why));
		no_answer(op, q, why);
		return;
	}
	buf_wrap(&b, r->out, r->outlen);
	err = gitproto_get(&b, RDV_BUILD, q->facts, q->n);
	if (err != 0)
		forget(q);
	if (err == RDV_E_NEWER)
		wt_fail(op, RDV_E_UNAVAILABLE,
		    "rdv was updated while it runs; restart it");
	else if (err != 0)
		no_answer(op, q, "its answer is not understood");
	else
		q->next(op);
}

/* Each account's own in system mode; rdv-git knows where its home is. */
static void
put_places(const struct wt_op *op, const char **argv, size_t *n)
{
	const struct conf *conf = op->w->app->conf;
	char *const *root = conf->repo_roots;

	argv[(*n)++] = conf->system ? "~/.rdv/worktrees" : conf->worktree_dir;
	argv[(*n)++] = op->w->trash;
	for (size_t i = 0; i < ROOTS_MAX && root[i] != NULL; i++)
		argv[(*n)++] = root[i];
}

void
wt_ask(struct wt_op *op, wt_step_fn *next)
{
	wt_ask_in(op, NULL, next);
}

void
wt_ask_in(struct wt_op *op, const char *const *dirs, wt_step_fn *next)
{
	const char *argv[ROOTS_MAX + 2 * GITPROTO_ASK_MAX + 5] = { "ask" };
	struct wt_questions *q = op->questions;
	size_t n = 1;

	q->next = next;
	put_places(op, argv, &n);
	argv[n++] = "--";
	memcpy(argv + n, q->words, 2 * q->n * sizeof(*argv));
	wt_worker_in(op, dirs, argv, answered);
}

void
wt_fail_fact(struct wt_op *op, const struct git_fact *f)
{
	static const int errors[GIT_FOUND_MAX] = {
		[GIT_FOUND] = RDV_E_INVALID,
		[GIT_NO_SUCH] = RDV_E_NOT_FOUND,
		[GIT_REFUSED] = RDV_E_INVALID,
		[GIT_TAKEN] = RDV_E_EXISTS,
	};

	wt_fail(op, errors[f->found], "%s", f->text);
}

bool
wt_absent(const struct git_fact *f)
{
	return (f->flags & GIT_F_ABSENT) != 0;
}

const struct git_fact *
wt_fact_of(struct wt_op *op, const struct git_result *r, const char **why)
{
	struct git_fact *f = arena_alloc(op->arena, sizeof(*f));
	struct buf b;
	char text[256];

	if (r->status != 0) {
		git_complaint(r, text, sizeof(text));
		*why = arena_strdup(op->arena, text);
		return NULL;
	}
	buf_wrap(&b, r->out, r->outlen);
	if (gitproto_get(&b, RDV_BUILD, &f, 1) != 0) {
		*why = "its answer is not understood";
		return NULL;
	}
	*why = f->text;
	return f->found == GIT_FOUND ? f : NULL;
}
