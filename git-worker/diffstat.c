/* SPDX-License-Identifier: MIT */
/*
 * Which files are different, and by how many lines. Files that git does not
 * know are among them, with what they have.
 */
#include <string.h>

#include "git-worker/difftree.h"
#include "git-worker/job.h"
#include "git-worker/known.h"
#include "git-worker/look.h"
#include "git-worker/narrow.h"
#include "git-worker/part.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"

/* Of files that git does not know so many are looked into, and so far. */
#define OTHERS_MAX 2000
#define HASHES_MAX 50

/* Steps behind those of sides_find(). */
enum { DIFF, OTHERS, HASHES };

static const char *const how[] = { "--raw", "--numstat", NULL };
static const char *const nowhere[] = { NULL };

struct stat_own {
	struct sides sides;
	struct known *known; /* what differs; NULL: git is asked about all */
	struct part part;
	struct diff_files files;
	struct diff_file *doubtful[HASHES_MAX];
	size_t ndoubtful;
};

static bool
is_same_mode(const struct diff_file *f)
{
	return f->status == 'M' && f->in_tree &&
	       strcmp(f->old_mode, f->new_mode) == 0 &&
	       strcmp(f->new_mode, "160000") != 0;
}

/*
 * The index does not vouch for it any more, and it is as it was: git was told
 * not to write that down, and so it names the file.
 */
static bool
is_as_it_was(const struct diff_file *f)
{
	return is_same_mode(f) &&
	       (!f->counted || (f->added == 0 && f->removed == 0));
}

/* Of a binary file no lines are counted that could tell. */
static void
ask_hashes(struct job *j, struct stat_own *o)
{
	const char *words[HASHES_MAX + 3] = { "hash-object", "--" };
	const char **argv;
	size_t n = 2;

	for (size_t i = 0; i < o->files.n && o->ndoubtful < HASHES_MAX; i++) {
		struct diff_file *f = &o->files.list[i];

		if (!is_same_mode(f) || !f->counted || f->added >= 0)
			continue;
		o->doubtful[o->ndoubtful++] = f;
		words[n++] = f->path;
	}
	if (n == 2)
		return;
	argv = arena_alloc(j->arena, (n + 1) * sizeof(*argv));
	memcpy(argv, words, n * sizeof(*argv));
	j->argv = argv;
	/* One that went away meanwhile: then they are told as they are. */
	j->may_fail = true;
}

static const char *const *
names_of(const struct job *j)
{
	return j->names == NULL ? nowhere : j->names->names;
}

static void
ask_diff(struct job *j, const struct stat_own *o)
{
	diff_ask(j, &o->sides, how,
	    o->known != NULL ? o->known->names : names_of(j));
}

/* True when its words are there, or are not asked for. */
static bool
has_others(struct job *j, struct stat_own *o)
{
	if (!sides_have_others(&o->sides))
		return true;
	if (j->n > o->sides.steps + OTHERS)
		return true;
	diff_ask_others(j, o->known != NULL ? o->known->others : names_of(j));
	return false;
}

static struct stat_own *
begin(struct job *j)
{
	struct stat_own *o = arena_alloc(j->arena, sizeof(*o));

	if (sides_usual(j))
		o->known = look_known(j->look);
	if (o->known != NULL)
		o->sides.from = arena_strdup(j->arena, o->known->commit);
	o->part.over = o->known != NULL || !part_wanted(j);
	return o;
}

/* What differs and, of binary files, by which bytes. */
static void
ask_files(struct job *j, struct stat_own *o)
{
	if (o->known != NULL) {
		j->index = o->known->narrow.file;
		j->lasts = true;
	}
	if (j->n == o->sides.steps) {
		ask_diff(j, o);
	} else if (has_others(j, o) && sides_have_others(&o->sides) &&
		   j->n == o->sides.steps + HASHES) {
		if (diff_read(j, o->sides.steps, &o->files))
			ask_hashes(j, o);
	}
}

/*
 * While git was at it all may have become another: a commit, a checkout. Then
 * the names were those of what is gone.
 */
static bool
is_in_vain(const struct job *j, const struct stat_own *o)
{
	return j->argv == NULL && o->known != NULL &&
	       look_passed(j->look, o->known);
}

static void
ask_all(struct job *j, struct stat_own *o)
{
	known_drop(o->known);
	o->known = NULL;
	o->files.list = NULL;
	o->ndoubtful = 0;
	o->sides.steps = j->n;
	j->index = NULL;
	j->lasts = false;
	ask_files(j, o);
}

static void
next(struct job *j)
{
	struct stat_own *o = j->own;

	if (o == NULL)
		o = j->own = begin(j);
	if (o->sides.from == NULL && !sides_find(j, &o->sides))
		return;
	if (!o->part.over) {
		o->part.step = 1;
		/* Without a commit all of it is new. */
		o->part.over = o->sides.steps != 1;
		if (!o->part.over)
			part_next(j, &o->part);
		if (!o->part.over)
			return;
		/* As if all of that had belonged to finding the sides. */
		o->sides.steps = j->n;
	}
	if (o->part.told)
		return;
	ask_files(j, o);
	if (is_in_vain(j, o))
		ask_all(j, o);
}

/* A line for each of the doubtful ones. */
static void
judge_doubtful(struct job *j, struct stat_own *o)
{
	const unsigned step = o->sides.steps + HASHES;
	const char *at;
	size_t len;

	if (j->n <= step || j->text[step].status != 0)
		return;
	at = j->text[step].at;
	for (size_t i = 0; i < o->ndoubtful && *at != '\0'; i++) {
		len = strcspn(at, "\n");
		if (strlen(o->doubtful[i]->old_oid) == len &&
		    strncmp(o->doubtful[i]->old_oid, at, len) == 0)
			o->doubtful[i]->counted = false;
		at += len + (at[len] == '\n');
	}
}

static void
put_mode(struct js *o, const char *key, const char *mode)
{
	js_add_str(o, key,
	    mode == NULL || strcmp(mode, "000000") == 0 ? NULL : mode);
}

/* null: binary, or not counted. */
static void
put_counts(struct js *o, const struct diff_file *f)
{
	const bool known = f->counted && f->added >= 0;

	js_add_bool(o, "binary", f->counted && f->added < 0);
	if (known) {
		js_add_int(o, "added", f->added);
		js_add_int(o, "removed", f->removed);
	} else {
		js_add_str(o, "added", NULL);
		js_add_str(o, "removed", NULL);
	}
}

struct totals {
	struct job_page page;
	int64_t added, removed;
};

static void
put_file(struct totals *t, const struct diff_file *f, const char *status)
{
	size_t cost = 200 + job_cost(f->path, strlen(f->path));
	struct js *o;

	if (f->counted && f->added >= 0) {
		t->added += f->added;
		t->removed += f->removed;
	}
	if (f->old_path != NULL)
		cost += job_cost(f->old_path, strlen(f->old_path));
	if (!job_page_takes(&t->page, cost))
		return;
	o = js_object();
	job_put_name(o, "path", f->path);
	js_add_str(o, "status", status);
	if (f->old_path != NULL)
		job_put_name(o, "old_path", f->old_path);
	if (f->similarity >= 0)
		js_add_int(o, "similarity", f->similarity);
	put_mode(o, "old_mode", f->old_mode);
	put_mode(o, "new_mode", f->new_mode);
	put_counts(o, f);
	job_put_runs(o, f->path);
	js_push(t->page.items, o);
}

/* A conflict is told twice: that it is one, and what differs. */
static void
put_files(struct job *j, const struct stat_own *own, struct totals *t)
{
	const struct diff_file *list = own->files.list;
	const bool cut = j->text[own->sides.steps].over;
	const size_t n = own->files.n;

	for (size_t i = 0; i < n; i++) {
		const char *status = diff_word(list[i].status);

		if (list[i].status == 'U' && i + 1 < n &&
		    strcmp(list[i].path, list[i + 1].path) == 0)
			i++;
		else if (is_as_it_was(&list[i]) && !cut)
			continue;
		put_file(t, &list[i], status);
	}
}

static void
put_others(struct job *j, const struct stat_own *own, struct totals *t)
{
	const struct job_text *text = &j->text[own->sides.steps + OTHERS];
	const char *at = text->at, *end = at + text->len, *nul;
	struct diff_file f;
	struct other other;
	int n = 0;

	for (; at < end; at = nul + 1) {
		nul = memchr(at, '\0', (size_t)(end - at));
		if (nul == NULL)
			return;
		f = (struct diff_file){ .path = at, .similarity = -1 };
		if (n++ < OTHERS_MAX) {
			other_read(j, at, 0, &other);
			f.new_mode = other.mode;
			f.counted = other.readable;
			f.added = other.binary ? -1 : other.lines;
		}
		put_file(t, &f, "untracked");
	}
}

static struct js *
tell(struct job *j, const struct stat_own *own, struct totals *t, bool cut)
{
	struct js *o = js_object();

	js_add_str(o, "from", own->sides.from);
	js_add_str(o, "to", own->sides.to);
	js_add_int(o, "added", t->added);
	js_add_int(o, "removed", t->removed);
	js_add_bool(o, "truncated", cut);
	js_add_bool(o, "partial", own->part.told);
	js_add_bool(o, "narrow", own->known != NULL);
	job_put_as_of(j, o);
	job_page_put(&t->page, o, "files");
	return o;
}

static struct js *
answer_part(struct job *j, const struct stat_own *own)
{
	const struct diff_files *files = &own->part.files;
	struct totals t = { .added = 0 };

	job_page_init(&t.page, j);
	for (size_t i = 0; i < files->n; i++)
		put_file(&t, &files->list[i], diff_word(files->list[i].status));
	return tell(j, own, &t, false);
}

static struct js *
answer(struct job *j)
{
	struct stat_own *own = j->own;
	const unsigned steps = own->sides.steps;
	struct totals t = { .added = 0 };
	bool cut = j->text[steps].over;

	if (own->part.told)
		return answer_part(j, own);
	if (own->files.list == NULL && !diff_read(j, steps, &own->files)) {
		j->error = "malformed";
		j->why = "what git says is not understood";
		return NULL;
	}
	job_page_init(&t.page, j);
	judge_doubtful(j, own);
	put_files(j, own, &t);
	if (sides_have_others(&own->sides)) {
		put_others(j, own, &t);
		cut = cut || j->text[steps + OTHERS].over;
	}
	return tell(j, own, &t, cut);
}

static void
done(struct job *j)
{
	struct stat_own *own = j->own;

	if (own == NULL)
		return;
	part_done(&own->part);
	known_drop(own->known);
	own->known = NULL;
}

/* What is about commits alone waits for no work tree. */
const struct job_kind job_diffstat = { "diffstat", next, answer, done,
	sides_usual };
