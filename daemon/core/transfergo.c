/* SPDX-License-Identifier: MIT */
/*
 * A push, fetch or pull at work. git is at the remote in a directory of rdv's
 * own with a picture of the repository: its references and its objects, and
 * none of its settings, so that no program, URL or proxy that somebody wrote
 * there takes part (abuse G05, G16). Each step is told by the row before it is
 * taken.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/cloneproc.h"
#include "daemon/core/gitnet.h"
#include "daemon/core/transferstate.h"
#include "daemon/core/worktreeask.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"

/* Between two events of its progress, which a server can make to come. */
#define TELL_MS 1000

/* Of a path of this host another git answers, in somebody's repository. */
#define RECEIVE                                                        \
	"--receive-pack=git -c core.hooksPath=/dev/null "              \
	"-c core.fsmonitor=false -c core.alternateRefsCommand=false "  \
	"-c receive.autogc=false -c receive.denyCurrentBranch=refuse " \
	"-c receive.denyDeleteCurrent=refuse receive-pack"

static bool
is_push(const struct transfer *t)
{
	return strcmp(t->row.kind, "push") == 0;
}

static void
transfer_ran_cb(int err, int status, const char *why, void *arg)
{
	struct transfer *t = arg;
	struct arena *a = t->op->arena;

	t->row.said_json = gitnet_said(a, cloneproc_talk(t->proc));
	if (err != 0) {
		why = arena_strdup(a, why);
		cloneproc_free(t->proc);
		t->proc = NULL;
		wt_fail(t->op, err, "%s", why);
		return;
	}
	/* It frees the process, when it has read what that said. */
	t->ran(t, status);
}

static void
transfer_heard_cb(void *arg)
{
	struct transfer *t = arg;
	const int64_t now = clock_mono_ms();
	struct tx *tx;

	if (now - t->told < TELL_MS)
		return;
	t->told = now;
	tx = tx_begin(t->ts->app->db);
	event_emit(tx, EV_TRANSFER_PROGRESS, t->row.user_id, t->row.id,
	    transfer_json(t->op->w, &t->row));
	tx_commit(tx, NULL, NULL);
}

/* One git, in its own directory, that may write `repo` and what is there. */
static void
run(struct transfer *t, const struct gitnet *g, enum clone_way way,
    const char *repo, transfer_ran_fn *ran)
{
	/* Over ssh nothing confines it, and so it is granted none. */
	const char *const paths[] = { way == CLONE_SSH ? NULL
						       : t->row.temp_path,
		repo, t->way == CLONE_LOCAL ? t->row.url : NULL, NULL };
	const struct cloneproc_start start = {
		.who = &t->op->who,
		.profile = clone_ways[way].profile,
		.dir = t->row.temp_path,
		.argv = g->argv,
		.paths = paths,
		.bound = t->fetches,
	};

	t->ran = ran;
	t->proc = cloneproc_new(t->ts->app, &start, transfer_heard_cb,
	    transfer_ran_cb, t);
}

static const char *
complaint(struct transfer *t, int status)
{
	const char *said = clone_complaint(cloneproc_talk(t->proc));

	if (*said == '\0')
		return arena_printf(t->op->arena, "git ended with status %d",
		    status);
	return arena_printf(t->op->arena, "git: %s", said);
}

/* What it said is read; the next step may start another one. */
static void
let_go(struct transfer *t)
{
	cloneproc_free(t->proc);
	t->proc = NULL;
}

/*
 * What comes lies in the picture, and goes with it unless the landing takes it
 * into the repository.
 */
static void
at_remote(struct transfer *t, struct gitnet *g)
{
	struct arena *a = t->op->arena;
	const char *const more[] = {
		arena_printf(a, "GIT_DIR=%s", t->row.temp_path), NULL
	};

	gitnet_begin(g, a, t->way, more);
}

static void
fetch_words(struct gitnet *g)
{
	gitnet_add(g, "fetch", "--progress");
	gitnet_add(g, "--no-write-fetch-head", "--no-auto-maintenance");
	gitnet_add(g, "--no-recurse-submodules", NULL);
}

static void
asked_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;

	if (r->status == 0)
		transfer_store(t, "landing", transfer_landing);
	else if (r->status != 1)
		transfer_end(t, "failed", "OUTCOME_UNKNOWN",
		    "whether it has arrived cannot be told");
	else if (t->row.cancelled)
		transfer_end(t, "cancelled", NULL, "cancelled");
	else
		transfer_end(t, "failed",
		    t->row.code != NULL ? t->row.code : "INTERRUPTED",
		    t->row.cause);
}

static void
asked(struct transfer *t, int status)
{
	const char *const argv[] = {
		arena_printf(t->op->arena, "--git-dir=%s", t->row.temp_path),
		"merge-base", "--is-ancestor", t->row.commit,
		arena_printf(t->op->arena, "refs/asked/%s", t->row.target), NULL
	};
	const char *const more[] = { t->row.temp_path, NULL };
	const struct git_result not = { .status = 1, .out = "", .err = "" };
	const char *why = complaint(t, status);

	let_go(t);
	if (status == 0)
		wt_git(t->op, t->op->top, argv, more, asked_cb);
	else if (strstr(why, "couldn't find remote ref") != NULL)
		asked_cb(t->op, &not );
	else
		transfer_end(t, "failed",
		    t->row.code != NULL ? t->row.code : "OUTCOME_UNKNOWN",
		    arena_printf(t->op->arena,
			"%s; whether it has arrived could not be asked: %s",
			t->row.cause, why));
}

void
transfer_asking(struct wt_op *op)
{
	struct transfer *t = op->own;
	struct gitnet g;

	t->unsure = true;
	t->fetches = true;
	at_remote(t, &g);
	fetch_words(&g);
	gitnet_add(&g, "--no-tags", "--");
	gitnet_add(&g, t->row.url,
	    arena_printf(op->arena, "+refs/heads/%s:refs/asked/%s",
		t->row.target, t->row.target));
	run(t, &g, t->way, transfer_objects(t), asked);
}

/* The remote itself has said no. */
static bool
is_certain(const char *code)
{
	static const char *const codes[] = { "LEASE_STALE",
		"FORCE_PUSH_REQUIRED", "REMOTE_REJECTED", "AUTH_FAILED",
		"REMOTE_NOT_FOUND" };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static void
pushed(struct transfer *t, int status)
{
	const char *code = transfer_code(cloneproc_talk(t->proc));

	t->row.cause = t->row.cancelled ? "cancelled" : complaint(t, status);
	let_go(t);
	if (status == 0) {
		t->row.cause = NULL;
		transfer_store(t, "landing", transfer_landing);
	} else if (!t->row.cancelled && is_certain(code)) {
		transfer_end(t, "failed", code, t->row.cause);
	} else {
		/* It may have arrived before git was ended, or cut off. */
		t->row.code = t->row.cancelled ? NULL : code;
		transfer_store(t, "asking", transfer_asking);
	}
}

static void
push(struct transfer *t)
{
	struct arena *a = t->op->arena;
	struct gitnet g;

	at_remote(t, &g);
	gitnet_add(&g, "push", "--progress");
	gitnet_add(&g, "--no-verify", "--no-recurse-submodules");
	if (t->way == CLONE_LOCAL)
		gitnet_add(&g, RECEIVE, NULL);
	/* Never more force than that: what nobody here has seen stays. */
	if (t->row.lease != NULL)
		gitnet_add(&g,
		    arena_printf(a, "--force-with-lease=refs/heads/%s:%s",
			t->row.target, t->row.lease),
		    NULL);
	gitnet_add(&g, "--", t->row.url);
	gitnet_add(&g,
	    arena_printf(a, "%s:refs/heads/%s", t->row.commit, t->row.target),
	    NULL);
	run(t, &g, t->way, transfer_objects(t), pushed);
}

static void
fetched(struct transfer *t, int status)
{
	const char *code = transfer_code(cloneproc_talk(t->proc));
	const char *why = complaint(t, status);

	let_go(t);
	if (t->row.cancelled)
		transfer_end(t, "cancelled", NULL, "cancelled");
	else if (status != 0)
		transfer_end(t, "failed", code, why);
	else
		transfer_store(t, "landing", transfer_landing);
}

static void
fetch(struct transfer *t)
{
	struct gitnet g;

	t->fetches = true;
	at_remote(t, &g);
	fetch_words(&g);
	gitnet_add(&g, "--", t->row.url);
	/* All that it has, whatever is known of it here. */
	gitnet_add(&g, "+refs/heads/*:refs/fetched/*", NULL);
	run(t, &g, t->way, transfer_objects(t), fetched);
}

static bool
is_cancelled(struct transfer *t)
{
	if (t->row.cancelled)
		transfer_end(t, "cancelled", NULL, "cancelled");
	return t->row.cancelled;
}

static void
work(struct wt_op *op)
{
	struct transfer *t = op->own;

	if (is_cancelled(t))
		return;
	if (is_push(t))
		push(t);
	else
		fetch(t);
}

static void
read_over(struct transfer *t, int status)
{
	const char *why = complaint(t, status);

	let_go(t);
	if (is_cancelled(t))
		return;
	if (status != 0)
		transfer_end(t, "failed", "GIT_FAILED", why);
	else
		transfer_store(t, "working", work);
}

/* git's own: references are copied, objects are borrowed. */
static void
read_repo(struct wt_op *op)
{
	struct transfer *t = op->own;
	struct gitnet g;

	if (is_cancelled(t))
		return;
	gitnet_begin(&g, op->arena, CLONE_LOCAL, NULL);
	gitnet_add(&g, "clone", "--mirror");
	gitnet_add(&g, "--shared", "--template=");
	gitnet_add(&g, "--", t->row.repo_path);
	gitnet_add(&g, ".", NULL);
	run(t, &g, CLONE_LOCAL,
	    arena_printf(op->arena, "%s/.git", t->row.repo_path), read_over);
}

static void
made_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;
	const char *why;
	const struct git_fact *f = wt_fact_of(op, r, &why);

	if (f == NULL) {
		wt_fail(op, RDV_E_SPAWN, "rdv-git: %s", why);
		return;
	}
	t->row.identity = f->text;
	transfer_store(t, "reading", read_repo);
}

void
transfer_go(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *const argv[] = { "clone-make", t->row.temp_path, NULL };
	const char *const dirs[] = { op->trash, NULL };

	wt_worker_in(op, dirs, argv, made_cb);
}
