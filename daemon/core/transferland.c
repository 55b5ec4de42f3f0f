/* SPDX-License-Identifier: MIT */
/*
 * What came from a remote, written into the repository by the git that has no
 * network and runs nothing. Invariant: only what tracks that remote is changed
 * or deleted here, and tags that were not there are made; each of it while it
 * is what it was seen to be. Done twice it is the same.
 */
#include <string.h>

#include "daemon/core/transferstate.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/str.h"

/* One reference, by what stands behind the place it is kept at. */
struct ref {
	const char *commit, *name;
	bool leads; /* it is another name of one */
};

struct refs {
	struct ref *at;
	size_t n;
};

/* What both sides have beneath one place. */
struct side {
	struct refs here, there;
};

static const char *
tracking(struct transfer *t)
{
	return arena_printf(t->op->arena, "refs/remotes/%s/", t->row.remote);
}

/* Lines of "COMMIT REF SYMREF" in git's order; of those at `place`. */
static struct refs
parse(struct arena *a, const char *text, const char *place)
{
	const char *eol, *ref, *end;
	struct refs refs = { NULL, 0 };
	size_t max = 0;

	for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
		max++;
	refs.at = arena_alloc(a, (max + 1) * sizeof(*refs.at));
	for (; (eol = strchr(text, '\n')) != NULL; text = eol + 1) {
		ref = memchr(text, ' ', (size_t)(eol - text));
		if (ref == NULL || !str_starts(ref + 1, place))
			continue;
		end = memchr(ref + 1, ' ', (size_t)(eol - ref - 1));
		if (end == NULL)
			continue;
		refs.at[refs.n].commit =
		    arena_strndup(a, text, (size_t)(ref - text));
		ref += 1 + strlen(place);
		refs.at[refs.n].name =
		    arena_strndup(a, ref, (size_t)(end - ref));
		refs.at[refs.n++].leads = end + 1 < eol;
	}
	return refs;
}

static void
put(struct transfer *t, const char *line)
{
	/* What git's own input cannot hold is no name of anybody's. */
	if (strlen(line) < GIT_IN_MAX)
		t->lines[t->nlines++] = line;
}

/* -1: the first comes first; a list that is over comes last. */
static int
order(const struct refs *a, size_t i, const struct refs *b, size_t j)
{
	if (i == a->n)
		return 1;
	return j == b->n ? -1 : strcmp(a->at[i].name, b->at[j].name);
}

/* Two lists in one order, gone through once. Deletions make room first. */
static void
drop_gone(struct transfer *t, const struct side *s, const char *place)
{
	size_t i = 0, j = 0;
	int which;

	while (i < s->here.n) {
		which = order(&s->here, i, &s->there, j);
		if (which < 0 && !s->here.at[i].leads)
			put(t, arena_printf(t->op->arena, "delete %s%s %s\n",
				   place, s->here.at[i].name,
				   s->here.at[i].commit));
		i += which <= 0;
		j += which >= 0;
	}
}

static void
take_new(struct transfer *t, const struct side *s, const char *place,
    bool change)
{
	struct arena *a = t->op->arena;
	size_t i = 0, j = 0;
	int which;

	while (j < s->there.n) {
		const struct ref *r = &s->there.at[j];

		which = order(&s->here, i, &s->there, j);
		if (which > 0 && strcmp(r->name, "HEAD") != 0)
			put(t, arena_printf(a, "create %s%s %s\n", place,
				   r->name, r->commit));
		else if (which == 0 && change && !s->here.at[i].leads &&
			 strcmp(s->here.at[i].commit, r->commit) != 0)
			put(t, arena_printf(a, "update %s%s %s %s\n", place,
				   r->name, r->commit, s->here.at[i].commit));
		i += which <= 0;
		j += which >= 0;
	}
}

static void
landed(struct wt_op *op)
{
	transfer_end(op->own, "done", NULL, NULL);
}

const char *
transfer_upstream(struct transfer *t)
{
	return arena_printf(t->op->arena, "%s%s", tracking(t), t->row.target);
}

static void
written(struct wt_op *op)
{
	const struct transfer *t = op->own;

	if (strcmp(t->row.kind, "pull") == 0)
		transfer_pull(op);
	else
		landed(op);
}

static void update(struct wt_op *op);

static void
updated_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		update(op);
}

/* In as many calls as it takes; each is one transaction. */
static void
update(struct wt_op *op)
{
	static const char *const argv[] = { "update-ref", "-m", "rdv: fetch",
		"--stdin", NULL };
	struct transfer *t = op->own;
	/* In one transaction git would not make x/y where x goes. */
	const size_t end = t->done < t->drops ? t->drops : t->nlines;
	struct buf in;

	if (t->done == t->nlines) {
		written(op);
		return;
	}
	buf_init(&in, GIT_IN_MAX);
	while (t->done < end && in.len + strlen(t->lines[t->done]) < GIT_IN_MAX)
		buf_put_text(&in, t->lines[t->done++]);
	wt_git_in(op, op->top, argv, arena_strdup(op->arena, buf_cstr(&in)),
	    updated_cb);
	buf_done(&in);
}

static void
here_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;
	struct side heads, tags;
	const char *there = t->fetched;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	heads.there = parse(op->arena, there, "refs/fetched/");
	tags.there = parse(op->arena, there, "refs/tags/");
	heads.here = parse(op->arena, r->out, tracking(t));
	tags.here = parse(op->arena, r->out, "refs/tags/");
	t->lines = arena_alloc(op->arena,
	    (heads.here.n + heads.there.n + tags.there.n + 1) *
		sizeof(*t->lines));
	if (t->row.prune)
		drop_gone(t, &heads, tracking(t));
	t->drops = t->nlines;
	take_new(t, &heads, tracking(t), true);
	take_new(t, &tags, "refs/tags/", false);
	t->row.changed = (int64_t)t->nlines;
	update(op);
}

#define FORMAT "--format=%(objectname) %(refname) %(symref)"

static void
there_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;
	const char *const argv[] = { "for-each-ref", FORMAT, "--", tracking(t),
		"refs/tags/", NULL };

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	t->fetched = arena_strndup(op->arena, r->out, r->outlen);
	wt_git(op, op->top, argv, NULL, here_cb);
}

static void
ask_there(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *const argv[] = { arena_printf(op->arena, "--git-dir=%s",
					 t->row.temp_path),
		"for-each-ref", FORMAT, "--", "refs/fetched/", "refs/tags/",
		NULL };
	const char *const more[] = { t->row.temp_path, NULL };

	wt_git(op, op->top, argv, more, there_cb);
}

static void
adopted_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why;

	if (wt_fact_of(op, r, &why) == NULL)
		wt_fail(op, r->status != 0 ? RDV_E_SPAWN : RDV_E_STATE,
		    "what came cannot be taken in: %s", why);
	else
		ask_there(op);
}

const char *
transfer_objects(struct transfer *t)
{
	return arena_printf(t->op->arena, "%s/.git/objects", t->row.repo_path);
}

/* Before any reference leads to them; without one they are nothing yet. */
static void
adopt(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *const argv[] = { "adopt",
		arena_printf(op->arena, "%s/objects", t->row.temp_path),
		transfer_objects(t), NULL };
	const char *const dirs[] = { t->row.temp_path, argv[2], NULL };

	wt_worker_in(op, dirs, argv, adopted_cb);
}

static void
merge_set_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		landed(op);
}

static void
set_branch(struct wt_op *op, const char *key, const char *value,
    wt_git_fn *next)
{
	struct transfer *t = op->own;
	const char *const argv[] = { "config", "--local", "--replace-all",
		arena_printf(op->arena, "branch.%s.%s", t->row.branch, key),
		value, NULL };

	wt_git(op, op->top, argv, NULL, next);
}

static void
remote_set_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;

	if (r->status != 0)
		wt_fail_git(op, r);
	else
		set_branch(op, "merge",
		    arena_printf(op->arena, "refs/heads/%s", t->row.target),
		    merge_set_cb);
}

static void
tracked_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;

	t->row.changed = r->status == 0;
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (t->row.upstream)
		set_branch(op, "remote", t->row.remote, remote_set_cb);
	else
		landed(op);
}

/* As a fetch would say it now: the remote has what was pushed. */
static void
track(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *const argv[] = { "update-ref", "-m", "rdv: push", "--",
		transfer_upstream(t), t->row.commit, NULL };

	wt_git(op, op->top, argv, NULL, tracked_cb);
}

void
transfer_landing(struct wt_op *op)
{
	const struct transfer *t = op->own;

	wt_enter(op, strcmp(t->row.kind, "push") == 0 ? track : adopt);
}
