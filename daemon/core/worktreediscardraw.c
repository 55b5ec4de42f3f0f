/* SPDX-License-Identifier: MIT */
/*
 * Files whose bytes git does not keep, as it changes line ends or encodings on
 * the way in: what comes out again is only much the same. Of those a discard
 * keeps the bytes beside, as refs/rdv/trash/<id>/raw, a tree of numbered files
 * and their names; coming back, each that git has written otherwise is
 * replaced.
 *
 * Invariant: a file is replaced only right after git has written it, and by one
 * that is whole.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreediscard.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

#define TRASH	 "refs/rdv/trash"
#define TEXT_MAX (8u << 20)

/* A file and two objects: what git has of it, and what it is. */
struct raw_file {
	const char *name, *git, *raw;
};

struct wt_raw {
	struct raw_file *files;
	size_t n, at;
	const char *names; /* the blob of them */
	wt_step_fn *next;
};

static struct wt_discard *
of(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return ch->more;
}

static const char *
text_of(struct wt_op *op, struct buf *b)
{
	const char *s = buf_ok(b) ? arena_strdup(op->arena, buf_cstr(b)) : "";

	buf_done(b);
	return s;
}

/* A name for a line of git's input: as C has it where it must be. */
static void
put_name(struct buf *b, const char *name)
{
	if (*name != '"' && strpbrk(name, "\n\\") == NULL) {
		buf_printf(b, "%s\n", name);
		return;
	}
	buf_put_text(b, "\"");
	for (; *name != '\0'; name++)
		if (*name == '\n')
			buf_put_text(b, "\\n");
		else if (*name == '"' || *name == '\\')
			buf_printf(b, "\\%c", *name);
		else
			buf_put(b, name, 1);
	buf_put_text(b, "\"\n");
}

static void
hash(struct wt_op *op, bool write, wt_git_fn *next)
{
	const struct wt_raw *w = of(op)->raw;
	const char *argv[] = { "hash-object", "--no-filters", "--stdin-paths",
		write ? "-w" : NULL, NULL };
	struct buf b;

	buf_init(&b, TEXT_MAX);
	for (size_t i = 0; i < w->n; i++)
		put_name(&b, w->files[i].name);
	wt_git_in(op, op->at, argv, text_of(op, &b), next);
}

/* A line for each file, which are those left where it is another object. */
static bool
take_hashes(struct wt_op *op, const struct git_result *r, bool narrow)
{
	struct wt_raw *w = of(op)->raw;
	const char *p = r->out;
	size_t kept = 0, len;

	if (r->status != 0)
		return false;
	for (size_t i = 0; i < w->n; i++, p += len + 1) {
		struct raw_file f = w->files[i];

		len = strcspn(p, "\n");
		if (p[len] != '\n')
			return false;
		f.raw = arena_strndup(op->arena, p, len);
		if (!narrow || strcmp(f.raw, f.git) != 0)
			w->files[kept++] = f;
	}
	w->n = kept;
	return true;
}

static void
raw_pinned_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		of(op)->raw->next(op);
}

static void
raw_tree_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "update-ref", "--stdin", NULL };
	const struct wt_discard *d = of(op);
	const char *tree = wt_discard_oid(op, r);

	if (tree != NULL)
		wt_git_in(op, op->at, argv,
		    arena_printf(op->arena, "create " TRASH "/%s/%sraw %s\n",
			d->row.id, d->prefix, tree),
		    raw_pinned_cb);
}

static void
raw_names_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "mktree", NULL };
	struct wt_raw *w = of(op)->raw;
	struct buf b;

	w->names = wt_discard_oid(op, r);
	if (w->names == NULL)
		return;
	buf_init(&b, TEXT_MAX);
	buf_printf(&b, "100644 blob %s\tnames\n", w->names);
	for (size_t i = 0; i < w->n; i++)
		buf_printf(&b, "100644 blob %s\t%zu\n", w->files[i].raw, i);
	wt_git_in(op, op->at, argv, text_of(op, &b), raw_tree_cb);
}

static void
raw_written_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "hash-object", "-w", "--stdin",
		NULL };
	const struct wt_raw *w = of(op)->raw;
	size_t len = 0;
	char *all, *to;

	if (!take_hashes(op, r, false)) {
		wt_fail(op, RDV_E_STATE, "one of the files changes just now");
		return;
	}
	for (size_t i = 0; i < w->n; i++)
		len += strlen(w->files[i].name) + 1;
	all = to = arena_alloc(op->arena, len + 1);
	for (size_t i = 0; i < w->n; i++)
		to = stpcpy(to, w->files[i].name) + 1;
	wt_git_bytes(op, op->at, argv, all, len, raw_names_cb);
}

static void
raw_hashed_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_raw *w = of(op)->raw;

	if (!take_hashes(op, r, true))
		wt_fail(op, RDV_E_STATE, "one of the files changes just now");
	else if (w->n == 0)
		w->next(op);
	else
		hash(op, true, raw_written_cb);
}

/* ":100644 100644 <old> <new> M", and its name: files alone, that are there. */
static void
raw_listed_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_raw *w = of(op)->raw;
	const char *p = r->out, *end = r->out + r->outlen, *oid, *name;
	size_t n = 0;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	for (size_t i = 0; i < r->outlen; i++)
		n += r->out[i] == '\0';
	w->files = arena_alloc(op->arena, (n / 2 + 1) * sizeof(*w->files));
	for (; p < end; p = name + strlen(name) + 1) {
		name = p + strlen(p) + 1;
		oid = strlen(p) > 15 ? strchr(p + 15, ' ') : NULL;
		if (oid == NULL || name >= end)
			break;
		if (strncmp(p + 8, "100", 3) == 0)
			w->files[w->n++] = (struct raw_file){
				.name = arena_strdup(op->arena, name),
				.git = arena_strndup(op->arena, oid + 1,
				    strcspn(oid + 1, " ")),
			};
	}
	if (w->n == 0)
		w->next(op);
	else
		hash(op, false, raw_hashed_cb);
}

static void
begin(struct wt_op *op, wt_step_fn *next)
{
	struct wt_discard *d = of(op);

	d->raw = arena_alloc(op->arena, sizeof(*d->raw));
	*d->raw = (struct wt_raw){ .next = next };
}

void
wt_discard_keep_raw(struct wt_op *op, wt_step_fn *next)
{
	const struct wt_discard *d = of(op);
	const char *const argv[] = { "diff-tree", "-r", "-z", "--no-renames",
		"--no-abbrev", d->c_without, d->c_with, "--", NULL };

	begin(op, next);
	wt_git(op, op->at, argv, NULL, raw_listed_cb);
}

static void unpack_next(struct wt_op *op);

/* Where it cannot be, it is git's version, and the bytes behind the name. */
static void
replaced_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	const char *why;

	op->judging = false;
	if (wt_fact_of(op, r, &why) == NULL)
		d->row.cause = arena_printf(op->arena,
		    "%s has git's line ends; its bytes are %s in " TRASH
		    "/%s/raw",
		    d->raw->files[d->raw->at].name,
		    d->raw->files[d->raw->at].raw, d->row.id);
	d->raw->at++;
	unpack_next(op);
}

/*
 * git leaves it beside the top's files, under a name of its own. The one who
 * puts it in its place follows no link of the tree's, and is in the sandbox.
 */
static void
unpacked_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_raw *w = of(op)->raw;
	const size_t len = strcspn(r->out, "\n");
	const char *const argv[] = { "replace", op->at,
		arena_strndup(op->arena, r->out, len), w->files[w->at].name,
		NULL };
	const char *const dirs[] = { op->at, NULL };

	if (r->status != 0 || len == 0 || memchr(r->out, '/', len) != NULL) {
		of(op)->torn = true;
		wt_fail_git(op, r);
		return;
	}
	op->judging = true;
	wt_worker_in(op, dirs, argv, replaced_cb);
}

static void
unpack_next(struct wt_op *op)
{
	const struct wt_raw *w = of(op)->raw;
	const char *argv[] = { "unpack-file", NULL, NULL };

	if (w->at == w->n) {
		w->next(op);
		return;
	}
	argv[1] = w->files[w->at].git;
	wt_git(op, op->at, argv, NULL, unpacked_cb);
}

/* Here `git` is what was kept, and `raw` what lies there. */
static void
there_hashed_cb(struct wt_op *op, const struct git_result *r)
{
	if (take_hashes(op, r, true)) {
		unpack_next(op);
		return;
	}
	of(op)->torn = true;
	wt_fail(op, RDV_E_STATE, "one of the files changes just now");
}

static void
objects_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_raw *w = of(op)->raw;
	const char *end = r->out + r->outlen, *tab;
	size_t i;

	/* "100644 blob <oid>\t<number>" */
	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		tab = strchr(p, '\t');
		if (tab == NULL || tab - p < 13 || tab[1] < '0' || tab[1] > '9')
			continue;
		i = strtoul(tab + 1, NULL, 10);
		if (i < w->n)
			w->files[i].git = arena_strndup(op->arena, p + 12,
			    (size_t)(tab - p - 12));
	}
	for (i = 0; i < w->n && w->files[i].git != NULL; i++)
		;
	if (r->status != 0 || i < w->n)
		wt_fail(op, RDV_E_INVALID, TRASH "/%s/raw: not understood",
		    of(op)->row.id);
	else
		hash(op, false, there_hashed_cb);
}

static void
kept_names_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_raw *w = of(op)->raw;
	const char *const argv[] = { "ls-tree", "-z", "--full-tree",
		arena_printf(op->arena, TRASH "/%s/raw", of(op)->row.id),
		NULL };
	const char *end = r->out + r->outlen;
	size_t n = 0;

	/* Mostly there are none. */
	if (r->status != 0 || r->outlen == 0) {
		w->next(op);
		return;
	}
	for (size_t i = 0; i < r->outlen; i++)
		n += r->out[i] == '\0';
	w->files = arena_alloc(op->arena, (n + 1) * sizeof(*w->files));
	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		w->files[w->n++] =
		    (struct raw_file){ .name = arena_strdup(op->arena, p) };
	wt_git(op, op->at, argv, NULL, objects_cb);
}

void
wt_discard_raw_back(struct wt_op *op, wt_step_fn *next)
{
	const char *const argv[] = { "cat-file", "blob",
		arena_printf(op->arena, TRASH "/%s/raw:names", of(op)->row.id),
		NULL };

	begin(op, next);
	wt_git(op, op->at, argv, NULL, kept_names_cb);
}
