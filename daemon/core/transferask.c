/* SPDX-License-Identifier: MIT */
/*
 * What is sent where: of the repository's settings names and URLs are read, as
 * text, and judged like those that a person wrote for a clone. Whatever else
 * they say (programs, other URLs, options) is not looked at (abuse G05, G16).
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/branch.h"
#include "daemon/core/transferstate.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

static const char wanted[] =
    "^(remote\\..*\\.(url|pushurl|promisor)|remote\\.pushdefault|"
    "extensions\\.partialclone|branch\\..*\\.(remote|pushremote|merge))$";

static bool
is_push(const struct transfer *t)
{
	return strcmp(t->row.kind, "push") == 0;
}

/* Entries are "KEY\nVALUE\0". The last value counts; `n`: how many. */
static const char *
setting(const struct transfer *t, const char *key, size_t *n)
{
	const char *end = t->settings + t->settings_len, *found = NULL;
	const size_t len = strlen(key);

	*n = 0;
	for (const char *p = t->settings; p < end; p += strlen(p) + 1)
		if (strncmp(p, key, len) == 0 && p[len] == '\n') {
			found = p + len + 1;
			++*n;
		}
	return found;
}

static const char *
part(struct transfer *t, const char *section, const char *name,
    const char *last, size_t *n)
{
	return setting(t,
	    arena_printf(t->op->arena, "%s.%s.%s", section, name, last), n);
}

/* The first one there is. */
static const char *
any_remote(struct transfer *t)
{
	const char *end = t->settings + t->settings_len, *dot;

	for (const char *p = t->settings; p < end; p += strlen(p) + 1) {
		dot = strstr(p, ".url\n");
		if (str_starts(p, "remote.") && dot != NULL && dot > p + 7)
			return arena_strndup(t->op->arena, p + 7,
			    (size_t)(dot - p - 7));
	}
	return NULL;
}

static const char *
choose(struct transfer *t)
{
	const char *branch = t->row.branch, *name = NULL;
	size_t n;

	if (t->spec.remote != NULL)
		return t->spec.remote;
	if (is_push(t))
		name = part(t, "branch", branch, "pushremote", &n);
	if (name == NULL && is_push(t))
		name = setting(t, "remote.pushdefault", &n);
	if (name == NULL && branch != NULL)
		name = part(t, "branch", branch, "remote", &n);
	if (name != NULL && strcmp(name, ".") != 0)
		return name;
	if (part(t, "remote", "origin", "url", &n) != NULL)
		return "origin";
	return any_remote(t);
}

/* Where to; NULL when that is refused. Never with the URL in the sentence. */
static const char *
url_of(struct transfer *t)
{
	const struct app *app = t->ts->app;
	const char *name = t->row.remote, *url = NULL, *why = NULL;
	size_t n = 0;

	if (is_push(t))
		url = part(t, "remote", name, "pushurl", &n);
	if (url == NULL)
		url = part(t, "remote", name, "url", &n);
	if (url == NULL) {
		wt_fail(t->op, RDV_E_NOT_FOUND, "remote: there is no %s", name);
		return NULL;
	}
	if (n > 1)
		why = "url: there is more than one, and no one end of that";
	else if (clone_url_ok(url, strcmp(app->conf->clone_http, "all") == 0,
		     &t->way, &why))
		return url;
	wt_fail(t->op, RDV_E_INVALID, "remote: of %s: %s", name, why);
	return NULL;
}

static void
source_seen(struct wt_op *op)
{
	struct transfer *t = op->own;

	if (t->source->found != GIT_FOUND || !path_absolute_ok(t->source->text))
		wt_fail(op, RDV_E_INVALID, "remote: of %s: %s", t->row.remote,
		    t->source->text);
	else
		transfer_note(t);
}

static void
judged(struct transfer *t)
{
	if (t->way != CLONE_LOCAL) {
		transfer_note(t);
		return;
	}
	/* A path is of the account's own, with all its parts (abuse G15). */
	t->source = wt_question(t->op, "source", t->row.url);
	wt_ask(t->op, source_seen);
}

/* "COMMIT REF"; nothing of that name: it must not be there. */
static void
lease_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;
	const char *ref = arena_printf(op->arena, " refs/remotes/%s/%s\n",
	    t->row.remote, t->row.target);
	const size_t len = strcspn(r->out, " ");

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	t->row.lease = strcmp(r->out + len, ref) == 0
			   ? arena_strndup(op->arena, r->out, len)
			   : "";
	judged(t);
}

static void
ask_lease(struct transfer *t)
{
	const char *const argv[] = { "for-each-ref", "--count=1",
		"--format=%(objectname) %(refname)", "--",
		arena_printf(t->op->arena, "refs/remotes/%s/%s", t->row.remote,
		    t->row.target),
		NULL };

	t->row.lease = t->spec.lease;
	if (!t->spec.force || t->spec.lease != NULL)
		judged(t);
	else
		wt_git(t->op, t->op->top, argv, NULL, lease_cb);
}

static void
status_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->outlen > 0)
		wt_fail(op, RDV_E_DIRTY,
		    "there are uncommitted changes, which would not be pushed; "
		    "commit them, or push with dirty");
	else
		ask_lease(op->own);
}

static void
ask_status(struct transfer *t)
{
	static const char *const argv[] = { "status", "--porcelain", "-z",
		"--untracked-files=no", "--ignore-submodules=none", NULL };

	if (is_push(t) && !t->spec.dirty)
		wt_git(t->op, t->op->at, argv, NULL, status_cb);
	else
		ask_lease(t);
}

/* What a pull takes: the branch's upstream there, else its own name. */
static const char *
target_of(struct transfer *t)
{
	const char *merge;
	size_t n;

	if (is_push(t) || t->row.branch == NULL)
		return t->row.branch;
	merge = part(t, "branch", t->row.branch, "merge", &n);
	if (merge == NULL || !str_starts(merge, "refs/heads/"))
		return t->row.branch;
	return merge + strlen("refs/heads/");
}

static bool
is_commit(const char *s)
{
	const size_t len = strlen(s);

	return (len == 40 || len == 64) && strspn(s, "0123456789abcdef") == len;
}

/* What tracks a remote "a/b" looks like a branch "b/..." of a remote "a". */
static bool
has_inner(struct transfer *t, const char *name)
{
	const char *end = t->settings + t->settings_len;
	const char *inner = arena_printf(t->op->arena, "remote.%s/", name);

	for (const char *p = t->settings; p < end; p += strlen(p) + 1)
		if (str_starts(p, inner) && strstr(p, "url\n") != NULL)
			return true;
	return false;
}

static void
settle(struct transfer *t)
{
	const char *name = choose(t), *target = target_of(t);

	if (name == NULL) {
		wt_fail(t->op, RDV_E_NOT_FOUND,
		    "remote: the repository has none");
		return;
	}
	/* They become parts of names and refspecs (abuse G13). */
	if (!branch_ok(name) || (target != NULL && !branch_ok(target))) {
		wt_fail(t->op, RDV_E_INVALID,
		    "remote: its name, or that of the branch there, is none "
		    "that rdv takes");
		return;
	}
	if (t->row.prune && has_inner(t, name)) {
		wt_fail(t->op, RDV_E_STATE,
		    "nothing is pruned: there is another remote whose name "
		    "begins with "
		    "%s/, and its branches would go",
		    name);
		return;
	}
	if (t->spec.lease != NULL && !is_commit(t->spec.lease)) {
		wt_fail(t->op, RDV_E_INVALID, "lease: is no commit's name");
		return;
	}
	t->row.remote = name;
	t->row.target = target;
	t->row.url = url_of(t);
	if (t->row.url != NULL)
		ask_status(t);
}

static void
settings_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;
	char *text;
	const char *end;

	/* 1: there is none of them. */
	if (r->status > 1) {
		wt_fail_git(op, r);
		return;
	}
	text = arena_alloc(op->arena, r->outlen + 1);
	memcpy(text, r->out, r->outlen);
	t->settings = text;
	t->settings_len = r->outlen;
	end = t->settings + r->outlen;
	for (const char *p = t->settings; p < end; p += strlen(p) + 1)
		if (str_starts(p, "extensions.partialclone") ||
		    strstr(p, ".promisor\n") != NULL) {
			wt_fail(op, RDV_E_STATE,
			    "%s is a partial clone, which git alone can "
			    "complete",
			    op->top);
			return;
		}
	settle(t);
}

void
transfer_ask(struct wt_op *op)
{
	const char *const argv[] = { "config", "--local", "--no-includes", "-z",
		"--get-regexp", wanted, NULL };
	struct transfer *t = op->own;

	t->row.branch = op->here->branch;
	t->row.commit = is_push(t) ? op->here->commit : NULL;
	if (strcmp(t->row.kind, "fetch") != 0 && t->row.branch == NULL)
		wt_fail(op, RDV_E_INVALID, "%s is on no branch", op->at);
	else if (is_push(t) && t->row.commit == NULL)
		wt_fail(op, RDV_E_INVALID, "branch %s has no commit",
		    t->row.branch);
	else if (op->trash == NULL)
		wt_fail(op, RDV_E_STATE, "there is no trash to work beside");
	else if (op->borrows)
		wt_fail(op, RDV_E_STATE,
		    "%s borrows objects from another repository, which could "
		    "leave with it",
		    op->top);
	else
		wt_git(op, op->top, argv, NULL, settings_cb);
}
