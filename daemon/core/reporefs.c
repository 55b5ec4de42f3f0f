/* SPDX-License-Identifier: MIT */
/*
 * Branches and tags, a page at a time. First all names, which git reads without
 * looking at one object; of those the page is taken, and git is asked for what
 * else there is about these alone. So 60,000 refs cost what their names cost.
 */
#include "daemon/core/reporefs.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/repoopen.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define HEADS	"refs/heads/"
#define REMOTES "refs/remotes/"
#define TAGS	"refs/tags/"

/* Names of one question: words and bytes of a command are bounded. */
#define ASK_MAX	  48
#define ASK_BYTES 4000

static const struct {
	const char *under[2], *sort, *when;
} kinds[] = {
	[REPO_LOCAL] = { { HEADS, NULL }, "-committerdate", "committerdate" },
	[REPO_REMOTE] = { { REMOTES, NULL }, "-committerdate",
	    "committerdate" },
	[REPO_BRANCHES] = { { HEADS, REMOTES }, "-committerdate",
	    "committerdate" },
	[REPO_TAGS] = { { TAGS, NULL }, "-creatordate", "creatordate" },
};

struct paging {
	struct repo_opening opening;
	struct repo_refs_spec spec;
	struct repo_refs out;
	size_t asked; /* of out.refs are complete */
	repo_refs_fn *cb;
	void *arg;
};

static void
refs_fail(struct wt_op *op, int err, const char *why)
{
	struct paging *p = op->own;

	/* The row is there; what it tells of is not, or not any more. */
	if (err == RDV_E_NOT_FOUND || err == RDV_E_INVALID)
		err = RDV_E_STATE;
	p->cb(err, NULL, why, p->arg);
	wt_end(op);
}

static void
refs_done(struct wt_op *op)
{
	struct paging *p = op->own;
	struct repo_refs *out = &p->out;

	if (out->n > 0)
		out->last.ref = out->refs[out->n - 1].ref;
	out->current = op->here->branch;
	p->cb(0, out, NULL, p->arg);
	wt_end(op);
}

static const char *
short_name(const char *ref)
{
	static const char *const under[] = { HEADS, REMOTES, TAGS };

	for (size_t i = 0; i < sizeof(under) / sizeof(under[0]); i++)
		if (str_starts(ref, under[i]))
			return ref + strlen(under[i]);
	return ref;
}

/* Fields of a line, each with a NUL behind it; NULL: there are fewer. */
static const char *
field(const char **at, const char *end)
{
	const char *text = *at;
	size_t len = strnlen(text, (size_t)(end - text));

	if (text + len >= end)
		return NULL;
	*at = text + len + 1;
	return text;
}

static const char *
keep(struct arena *a, const char *s)
{
	return *s != '\0' ? arena_strdup(a, s) : NULL;
}

static struct repo_ref *
find(struct paging *p, const char *ref)
{
	for (size_t i = 0; i < p->out.n; i++)
		if (strcmp(p->out.refs[i].ref, ref) == 0)
			return &p->out.refs[i];
	return NULL;
}

enum detail { D_REF, D_OID, D_PEELED, D_HEAD, D_UPSTREAM, D_TREE, D_WHEN, DS };

static void
fill(struct wt_op *op, const char *const d[DS])
{
	struct repo_ref *r = find(op->own, d[D_REF]);
	int64_t when;

	if (r == NULL)
		return;
	r->annotated = *d[D_PEELED] != '\0';
	r->commit =
	    arena_strdup(op->arena, r->annotated ? d[D_PEELED] : d[D_OID]);
	r->current = *d[D_HEAD] == '*';
	r->upstream = keep(op->arena, d[D_UPSTREAM]);
	r->worktree = keep(op->arena, d[D_TREE]);
	/* A tag of a tree or a file may have none. */
	r->when = str_to_i64(d[D_WHEN], 0, INT64_MAX / 1000, &when) ? when : -1;
}

static void ask_details(struct wt_op *op);

static void
details_cb(struct wt_op *op, const struct git_result *r)
{
	const char *at = r->out, *end = at + r->outlen, *d[DS];

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	while (at < end) {
		for (int i = 0; i < DS; i++) {
			d[i] = field(&at, end);
			if (d[i] == NULL) {
				wt_fail(op, RDV_E_SPAWN,
				    "git for-each-ref: not understood");
				return;
			}
		}
		fill(op, d);
		/* The end of the line. */
		at += at < end;
	}
	ask_details(op);
}

static void
ask_details(struct wt_op *op)
{
	struct paging *p = op->own;
	const char *argv[ASK_MAX + 4] = { "for-each-ref" };
	size_t n = 1, bytes = 0, len;

	if (p->asked == p->out.n) {
		refs_done(op);
		return;
	}
	argv[n++] = arena_printf(op->arena,
	    "--format=%%(refname)%%00%%(objectname)%%00%%(*objectname)%%00"
	    "%%(HEAD)%%00%%(upstream:short)%%00%%(worktreepath)%%00"
	    "%%(%s:unix)%%00",
	    kinds[p->spec.kind].when);
	argv[n++] = "--";
	while (p->asked < p->out.n && n < ASK_MAX + 3) {
		len = strlen(p->out.refs[p->asked].ref) + 1;
		if (bytes > 0 && bytes + len > ASK_BYTES)
			break;
		bytes += len;
		argv[n++] = p->out.refs[p->asked++].ref;
	}
	wt_git(op, op->top, argv, NULL, details_cb);
}

static bool
wanted(const struct repo_refs_spec *spec, const char *ref)
{
	const char *name = short_name(ref);

	/* What a remote calls its HEAD is another name of one in the list. */
	if (str_starts(ref, REMOTES) && str_ends(ref, "/HEAD"))
		return false;
	return spec->search == NULL || strcasestr(name, spec->search) != NULL;
}

static bool
is_after(const struct repo_mark *mark, int64_t when, const char *ref)
{
	return *mark->ref == '\0' || when < mark->when ||
	       (when == mark->when && strcmp(ref, mark->ref) > 0);
}

static void
take(struct wt_op *op, int64_t when, const char *ref)
{
	struct paging *p = op->own;
	struct repo_refs *out = &p->out;
	struct repo_ref *r;

	out->total++;
	if (!is_after(&p->spec.after, when, ref))
		return;
	if (out->n == p->spec.limit) {
		out->more = true;
		return;
	}
	r = &out->refs[out->n++];
	r->ref = arena_strdup(op->arena, ref);
	r->name = short_name(r->ref);
	r->remote = str_starts(ref, REMOTES);
	r->when = -1;
	out->last.when = when;
}

/* Lines of "SECONDS REF", sorted as the page is; no seconds: none. */
static void
names_cb(struct wt_op *op, const struct git_result *r)
{
	struct paging *p = op->own;
	char line[4096], *ref;
	const char *at = r->out, *eol;
	size_t len;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	for (; (eol = strchr(at, '\n')) != NULL; at = eol + 1) {
		len = (size_t)(eol - at);
		if (len >= sizeof(line))
			continue;
		memcpy(line, at, len);
		line[len] = '\0';
		ref = strchr(line, ' ');
		if (ref != NULL && wanted(&p->spec, ref + 1))
			take(op, strtoll(line, NULL, 10), ref + 1);
	}
	ask_details(op);
}

static void
refs_opened(struct wt_op *op)
{
	struct paging *p = op->own;
	enum repo_ref_kind kind = p->spec.kind;
	const char *const by_name[] = { "for-each-ref", "--sort=refname",
		"--format=0 %(refname)", "--", kinds[kind].under[0],
		kinds[kind].under[1], NULL };
	/* The last one given is looked at first. */
	const char *const by_date[] = { "for-each-ref", "--sort=refname",
		arena_printf(op->arena, "--sort=%s", kinds[kind].sort),
		arena_printf(op->arena, "--format=%%(%s:unix) %%(refname)",
		    kinds[kind].when),
		"--", kinds[kind].under[0], kinds[kind].under[1], NULL };

	wt_git(op, op->top, p->spec.recent ? by_date : by_name, NULL, names_cb);
}

static void
refs_start(struct wt_op *op)
{
	struct paging *p = op->own;

	repo_open(op, p->spec.path, refs_opened);
}

void
repo_refs(struct worktrees *w, const struct worktree_who *who,
    const struct repo_refs_spec *spec, repo_refs_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, refs_fail);
	struct paging *p = arena_alloc(op->arena, sizeof(*p));

	p->spec = *spec;
	p->spec.path = arena_strdup(op->arena, spec->path);
	p->spec.search = arena_text(op->arena, spec->search);
	p->spec.after.ref = arena_strdup(op->arena, spec->after.ref);
	p->out.refs =
	    arena_alloc(op->arena, REPO_REFS_MAX * sizeof(*p->out.refs));
	p->cb = cb;
	p->arg = arg;
	op->own = p;
	wt_later(op, refs_start);
}
