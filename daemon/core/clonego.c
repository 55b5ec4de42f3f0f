/* SPDX-License-Identifier: MIT */
/*
 * A clone at work: a directory, git in it, its wished name, and made known as
 * any repository is. Each step is told by the row before it is taken, with what
 * tells the directory from any other; none of them uses a power of rdvd's.
 */
#include <inttypes.h>
#include <string.h>

#include "build.h"
#include "daemon/app.h"
#include "daemon/core/cloneproc.h"
#include "daemon/core/clonestate.h"
#include "daemon/core/complaint.h"
#include "daemon/core/gitnet.h"
#include "daemon/core/repos.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/path.h"
#include "lib/str.h"

#define ID_WORDS 3
/* Between two events of its progress, which a server can make to come. */
#define TELL_MS 1000

const struct git_fact *
clone_fact(struct wt_op *op, const struct git_result *r, const char **why)
{
	struct git_fact *f = arena_alloc(op->arena, sizeof(*f));
	struct buf b;
	char text[256];

	*why = "its answer is not understood";
	if (r->status != 0) {
		git_complaint(r, text, sizeof(text));
		*why = arena_strdup(op->arena, text);
		return NULL;
	}
	buf_wrap(&b, r->out, r->outlen);
	if (gitproto_get(&b, RDV_BUILD, &f, 1) != 0)
		return NULL;
	*why = f->text;
	return f;
}

bool
clone_identity(struct arena *a, const char *text, const char **word)
{
	uint64_t n;
	size_t len;

	for (int i = 0; i < ID_WORDS && text != NULL; i++) {
		len = strcspn(text, " ");
		word[i] = arena_strndup(a, text, len);
		if (!str_to_u64(word[i], 0, UINT64_MAX, &n))
			return false;
		text += len + (text[len] == ' ');
	}
	return text != NULL && *text == '\0';
}

static void
ended(struct wt_op *op)
{
	clone_over(op->own);
}

static void
known_cb(int err, const struct store_repo *r, bool fresh, const char *why,
    void *arg)
{
	struct clone *c = arg;

	(void)fresh;
	if (c->over)
		return;
	/* It is there, and settled when there is a helper to look at it. */
	if (err == RDV_E_UNAVAILABLE) {
		wt_fail(c->op, err, "%s", why);
		return;
	}
	/* A repository that is whole is not taken back over a missing row. */
	c->settling = true;
	c->row.state = err == 0 ? "ready" : "failed";
	if (err == 0)
		c->row.repo_id = arena_strdup(c->op->arena, r->id);
	else
		c->row.cause = arena_printf(c->op->arena,
		    "it is in %s, but is not made known: %s", c->row.path, why);
	clone_store(c, false, ended);
}

static void
landed_cb(struct wt_op *op, const struct git_result *r)
{
	struct clone *c = op->own;
	const char *why;
	const struct git_fact *f = clone_fact(op, r, &why);

	if (f == NULL)
		wt_fail(op, RDV_E_SPAWN, "rdv-git: %s", why);
	else if (f->found != GIT_FOUND)
		wt_fail(op, RDV_E_STATE, "dir: %s", why);
	else
		repo_register(op->w, &op->who, c->row.path, c->row.name,
		    known_cb, c);
}

/* Also after a crash: what is where it shall be is left there. */
void
clone_land(struct wt_op *op)
{
	struct clone *c = op->own;
	const char *argv[8] = { "clone-land", c->row.temp_path, c->row.path };
	const char *const dirs[] = { path_parent(op->arena, c->row.path),
		NULL };

	if (!clone_identity(op->arena, c->row.identity, argv + 3)) {
		wt_fail(op, RDV_E_STATE, "nobody knows which directory it is");
		return;
	}
	wt_worker_in(op, dirs, argv, landed_cb);
}

static void
cloned_cb(int err, int status, const char *why, void *arg)
{
	struct clone *c = arg;
	struct arena *a = c->op->arena;
	const struct clone_talk *t = cloneproc_talk(c->proc);

	c->row.said_json = gitnet_said(a, t);
	if (err == 0 && status != 0)
		why = *clone_complaint(t) != '\0'
			  ? arena_printf(a, "git: %s", clone_complaint(t))
			  : arena_printf(a, "git ended with status %d", status);
	else if (why != NULL)
		why = arena_strdup(a, why);
	cloneproc_free(c->proc);
	c->proc = NULL;
	if (err == RDV_E_UNAVAILABLE) {
		wt_fail(c->op, err, "%s", why);
	} else if (c->row.cancelled) {
		clone_undo(c, "cancelled");
	} else if (err != 0 || status != 0) {
		clone_undo(c, why);
	} else {
		c->row.state = "landing";
		clone_store(c, false, clone_land);
	}
}

static void
clone_heard_cb(void *arg)
{
	struct clone *c = arg;
	const int64_t now = clock_mono_ms();
	struct tx *tx;

	if (now - c->told < TELL_MS)
		return;
	c->told = now;
	tx = tx_begin(c->cs->app->db);
	event_emit(tx, EV_CLONE_PROGRESS, c->row.user_id, c->row.id,
	    clone_json(c->op->w, &c->row));
	tx_commit(tx, NULL, NULL);
}

/* Everything but the last word is ours, or was judged in clone.c. */
static void
fill_argv(struct clone *c, struct gitnet *g)
{
	const struct store_clone *r = &c->row;
	struct arena *a = c->op->arena;

	gitnet_begin(g, a, c->way, NULL);
	gitnet_add(g, "clone", "--progress");
	/* Through upload-pack: no file is linked or copied as it is. */
	gitnet_add(g, "--no-local", "--template=");
	gitnet_add(g,
	    r->submodules ? "--recurse-submodules" : "--no-recurse-submodules",
	    NULL);
	if (r->depth > 0)
		gitnet_add(g, "--depth", arena_printf(a, "%" PRId64, r->depth));
	if (r->branch != NULL)
		gitnet_add(g, "--branch", r->branch);
	if (r->filter != NULL)
		gitnet_add(g, arena_printf(a, "--filter=%s", r->filter), NULL);
	if (r->sparse)
		gitnet_add(g, "--sparse", NULL);
	gitnet_add(g, "--", r->url);
	gitnet_add(g, ".", NULL);
}

static void
start_git(struct wt_op *op)
{
	struct clone *c = op->own;
	struct gitnet g;
	/* Over ssh nothing confines it, and so it is granted none. */
	const char *const paths[] = { c->way == CLONE_SSH ? NULL
							  : c->row.temp_path,
		c->way == CLONE_LOCAL ? c->row.url : NULL, NULL };
	const struct cloneproc_start start = {
		.who = &op->who,
		.profile = clone_ways[c->way].profile,
		.dir = c->row.temp_path,
		.argv = g.argv,
		.paths = paths,
		.bound = true,
	};

	if (c->row.cancelled) {
		clone_undo(c, "cancelled");
		return;
	}
	fill_argv(c, &g);
	c->proc =
	    cloneproc_new(c->cs->app, &start, clone_heard_cb, cloned_cb, c);
}

static void
start(struct clone *c, const char *identity)
{
	c->row.identity = identity;
	c->row.state = "cloning";
	clone_store(c, false, start_git);
}

static void
made_cb(struct wt_op *op, const struct git_result *r)
{
	struct clone *c = op->own;
	const char *why, *word[ID_WORDS];
	const struct git_fact *f = clone_fact(op, r, &why);

	if (f == NULL)
		wt_fail(op, RDV_E_SPAWN, "rdv-git: %s", why);
	else if (f->found != GIT_FOUND)
		wt_fail(op, RDV_E_STATE, "dir: %s", why);
	else if (!clone_identity(op->arena, f->text, word))
		wt_fail(op, RDV_E_SPAWN, "rdv-git: %s is no identity", f->text);
	else
		start(c, f->text);
}

void
clone_go(struct wt_op *op)
{
	struct clone *c = op->own;
	const char *const argv[] = { "clone-make", c->row.temp_path, NULL };
	const char *const dirs[] = { path_parent(op->arena, c->row.path),
		NULL };

	wt_worker_in(op, dirs, argv, made_cb);
}
