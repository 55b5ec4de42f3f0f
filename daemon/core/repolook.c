/* SPDX-License-Identifier: MIT */
/*
 * What kind of repository it is. Each question is one that git answers from its
 * own files, without a network: remotes, the default branch as it was when it
 * was cloned, and what makes it special.
 */
#include "daemon/core/repolook.h"

#include <string.h>

#include "daemon/core/repoopen.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define REMOTES_MAX 100
#define ORIGIN	    "refs/remotes/origin/"
#define HEADS	    "refs/heads/"

static const char settings[] =
    "^(core\\.(ignorecase|sparsecheckout)|extensions\\.partialclone|"
    "remote\\..*\\.(url|promisor))$";

struct looking {
	struct repo_opening opening;
	const char *path;
	struct repo_facts facts;
	repo_facts_fn *cb;
	void *arg;
};

/* One that may be shown: no password, and no token in place of a name. */
static const char *
shown_url(struct arena *a, const char *url)
{
	const char *host = strstr(url, "://"), *at, *colon, *end;
	bool web;

	/* "git@host:path" has a name and no secret. */
	if (host == NULL)
		return url;
	host += 3;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	if (at == NULL)
		return url;
	colon = memchr(host, ':', (size_t)(at - host));
	web = strncasecmp(url, "http", 4) == 0;
	if (colon == NULL && !web)
		return url;
	/* There a token often stands as the name. */
	end = web || colon == NULL ? host : colon + 1;
	return arena_printf(a, "%.*s***%s", (int)(end - url), url, at);
}

static void
look_fail(struct wt_op *op, int err, const char *why)
{
	struct looking *l = op->own;

	if (err == RDV_E_NOT_FOUND || err == RDV_E_INVALID)
		err = RDV_E_STATE;
	l->cb(err, NULL, why, l->arg);
	wt_end(op);
}

/* Names of files in the index that say so. */
static void
files_cb(struct wt_op *op, const struct git_result *r)
{
	struct looking *l = op->own;
	const char *end = r->out + r->outlen;

	/* 1: there is none. */
	l->facts.unknown = r->status > 1;
	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		if (strcmp(p, ".gitmodules") == 0)
			l->facts.submodules = true;
		else
			l->facts.lfs = true;
	}
	l->cb(0, &l->facts, NULL, l->arg);
	wt_end(op);
}

static void
ask_files(struct wt_op *op)
{
	static const char *const argv[] = { "grep", "--cached", "--no-color",
		"--no-textconv", "-l", "-z", "-F", "-e", "filter=lfs", "-e",
		"[submodule", "--", ".gitmodules", "*.gitattributes", NULL };

	wt_git(op, op->top, argv, NULL, files_cb);
}

/*
 * What origin's HEAD leads to, or one of the usual two, or where the main work
 * tree is. Lines of "REF SYMREF".
 */
static void
heads_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const usual[] = { HEADS "main \n",
		HEADS "master \n" };
	struct looking *l = op->own;
	const char *at = strstr(r->out, ORIGIN "HEAD " ORIGIN);

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	l->facts.default_branch = l->facts.current;
	for (size_t i = 2; i > 0; i--)
		if (strstr(r->out, usual[i - 1]) != NULL)
			l->facts.default_branch = i == 1 ? "main" : "master";
	if (at != NULL) {
		at += strlen(ORIGIN "HEAD " ORIGIN);
		l->facts.default_branch =
		    arena_strndup(op->arena, at, strcspn(at, "\n"));
	}
	ask_files(op);
}

static void
ask_heads(struct wt_op *op)
{
	static const char *const argv[] = { "for-each-ref",
		"--format=%(refname) %(symref)", "--", ORIGIN "HEAD",
		HEADS "main", HEADS "master", NULL };

	wt_git(op, op->top, argv, NULL, heads_cb);
}

/* "sha1\ntrue\n": the format, and whether it is shallow. */
static void
format_cb(struct wt_op *op, const struct git_result *r)
{
	struct looking *l = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	l->facts.object_format =
	    arena_strndup(op->arena, r->out, strcspn(r->out, "\n"));
	l->facts.shallow = str_ends(r->out, "\ntrue\n");
	ask_heads(op);
}

static void
ask_format(struct wt_op *op)
{
	static const char *const argv[] = { "rev-parse",
		"--show-object-format=storage", "--is-shallow-repository",
		NULL };

	wt_git(op, op->top, argv, NULL, format_cb);
}

/* "remote.NAME.url"; NAME may have dots of its own. */
static void
add_remote(struct wt_op *op, const char *key, const char *value)
{
	struct looking *l = op->own;
	struct repo_facts *f = &l->facts;
	const size_t before = strlen("remote."), after = strlen(".url");
	const char *name = arena_strndup(op->arena, key + before,
	    strlen(key) - before - after);

	for (size_t i = 0; i < f->nremotes; i++)
		if (strcmp(f->remotes[i].name, name) == 0)
			return;
	if (f->nremotes < REMOTES_MAX)
		f->remotes[f->nremotes++] = (struct repo_remote){ name,
			shown_url(op->arena, arena_strdup(op->arena, value)) };
}

static bool
is_true(const char *value)
{
	return strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0 ||
	       strcasecmp(value, "yes") == 0 || strcasecmp(value, "on") == 0;
}

static void
setting(struct wt_op *op, const char *key, const char *value)
{
	struct looking *l = op->own;
	struct repo_facts *f = &l->facts;

	if (str_ends(key, ".url"))
		add_remote(op, key, value);
	else if (strcmp(key, "core.ignorecase") == 0)
		f->case_folding = is_true(value);
	else if (strcmp(key, "core.sparsecheckout") == 0)
		f->sparse = is_true(value);
	else if (strcmp(key, "extensions.partialclone") == 0)
		f->partial = true;
	else if (str_ends(key, ".promisor"))
		f->partial = f->partial || is_true(value);
}

/* "KEY\nVALUE" each; without a value it stands for true. 1: there is none. */
static void
settings_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen, *line;

	if (r->status > 1) {
		wt_fail_git(op, r);
		return;
	}
	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		line = strchr(p, '\n');
		if (line == NULL)
			setting(op, p, "true");
		else
			setting(op,
			    arena_strndup(op->arena, p, (size_t)(line - p)),
			    line + 1);
	}
	ask_format(op);
}

static void
look_opened(struct wt_op *op)
{
	static const char *const argv[] = { "config", "-z", "--get-regexp",
		settings, NULL };
	struct looking *l = op->own;

	l->facts.current = op->here->branch;
	wt_git(op, op->top, argv, NULL, settings_cb);
}

static void
look_start(struct wt_op *op)
{
	struct looking *l = op->own;

	repo_open(op, l->path, look_opened);
}

void
repo_look(struct worktrees *w, const struct worktree_who *who, const char *path,
    repo_facts_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, look_fail);
	struct looking *l = arena_alloc(op->arena, sizeof(*l));

	l->path = arena_strdup(op->arena, path);
	l->facts.remotes =
	    arena_alloc(op->arena, REMOTES_MAX * sizeof(*l->facts.remotes));
	l->cb = cb;
	l->arg = arg;
	op->own = l;
	wt_later(op, look_start);
}
