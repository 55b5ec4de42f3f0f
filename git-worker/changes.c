/* SPDX-License-Identifier: MIT */
/*
 * What has changed in a work tree, entry by entry, as git's status says it: who
 * only wants numbers asks for "status".
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "git-worker/job.h"
#include "git-worker/part.h"
#include "git-worker/place.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

/* Behind the steps of a part. */
enum { STATUS, PLACE };

/* Nothing a repository sets may make the answer shorter. */
static const char *const ask_status[] = { "--no-optional-locks", "status",
	"--porcelain=v2", "--branch", "--show-stash", "-z",
	"--untracked-files=normal", "--ignore-submodules=none",
	"--find-renames", NULL };
static const char *const ask_all[] = { "--no-optional-locks", "status",
	"--porcelain=v2", "--branch", "--show-stash", "-z",
	"--untracked-files=all", "--ignore-submodules=none", "--find-renames",
	NULL };
/* Nothing has that name: what stands in front of the entries. */
static const char *const ask_head[] = { "--no-optional-locks",
	"--literal-pathspecs", "status", "--porcelain=v2", "--branch",
	"--show-stash", "-z", "--untracked-files=no", "--no-renames", "--",
	".git", NULL };
static const char *const ask_place[] = { "rev-parse", "--path-format=absolute",
	"--git-dir", "--git-common-dir", NULL };

struct head {
	const char *commit, *branch, *upstream;
	int64_t ahead, behind, stashes;
	bool compared; /* ahead and behind are known */
};

/* One record of git-status(1), "Porcelain Format Version 2". */
struct entry {
	const char *kind;
	char index, tree; /* '.': not changed */
	const char *submodule;
	int64_t similarity; /* -1: none */
	const char *path, *old_path;
};

struct changes {
	struct head head;
	int64_t staged, unstaged, untracked, conflicts;
	struct job_page page;
	const char *at, *end;
};

struct changes_own {
	struct part part;
	unsigned steps; /* that it took */
};

static void
next(struct job *j)
{
	const bool all = js_bool(j->ask, "all", false);
	struct changes_own *o = j->own;

	if (o == NULL) {
		o = j->own = arena_alloc(j->arena, sizeof(*o));
		o->part.over = !part_wanted(j);
	}
	if (!o->part.over) {
		part_next(j, &o->part);
		if (!o->part.over)
			return;
		o->steps = j->n;
	}
	if (j->n == o->steps + STATUS) {
		j->argv = o->part.told ? ask_head : all ? ask_all : ask_status;
		/* The head is of no entry: a small index will do. */
		if (o->part.told)
			j->index = o->part.index;
	} else if (j->n == o->steps + PLACE) {
		j->argv = ask_place;
	}
}

static const struct job_text *
text_of(const struct job *j, unsigned step)
{
	const struct changes_own *o = j->own;

	return &j->text[o->steps + step];
}

static void
read_head(struct job *j, struct head *h, const char *record)
{
	static const char ab[] = "# branch.ab ", up[] = "# branch.upstream ";
	static const char oid[] = "# branch.oid ", head[] = "# branch.head ";
	char *rest;

	if (str_starts(record, oid)) {
		record += strlen(oid);
		if (strcmp(record, "(initial)") != 0)
			h->commit = arena_strdup(j->arena, record);
	} else if (str_starts(record, head)) {
		record += strlen(head);
		if (strcmp(record, "(detached)") != 0)
			h->branch = arena_strdup(j->arena, record);
	} else if (str_starts(record, up)) {
		h->upstream = arena_strdup(j->arena, record + strlen(up));
	} else if (str_starts(record, ab)) {
		/* "+A -B": the sign of the second is part of its text. */
		h->ahead = strtoll(record + strlen(ab), &rest, 10);
		h->behind = -strtoll(rest, NULL, 10);
		h->compared = true;
	} else if (str_starts(record, "# stash ")) {
		h->stashes = strtoll(record + 8, NULL, 10);
	}
}

/* What stands behind so many blanks, or NULL. */
static const char *
behind(const char *s, int blanks)
{
	while (s != NULL && blanks-- > 0) {
		s = strchr(s, ' ');
		if (s != NULL)
			s++;
	}
	return s;
}

/* The next record, or NULL: none is left, or it is cut. */
static const char *
next_record(struct changes *c)
{
	const char *at = c->at, *nul;

	if (at >= c->end)
		return NULL;
	nul = memchr(at, '\0', (size_t)(c->end - at));
	if (nul == NULL)
		return NULL;
	c->at = nul + 1;
	return at;
}

/* By their first byte: how many blanks stand before the path. */
static const struct {
	char first;
	int blanks;
	const char *kind;
} records[] = {
	{ '1', 8, "changed" },
	{ '2', 9, "renamed" },
	{ 'u', 10, "conflict" },
	{ '?', 1, "untracked" },
};

/* "2 R. N... 100644 100644 100644 <oid> <oid> R100 path", "old" behind it. */
static bool
read_renamed(struct changes *c, struct entry *e, const char *record)
{
	const char *score = behind(record, 8);

	e->old_path = next_record(c);
	if (e->old_path == NULL || score == NULL)
		return false;
	if (score[0] == 'C')
		e->kind = "copied";
	e->similarity = strtoll(score + 1, NULL, 10);
	return true;
}

static bool
read_entry(struct changes *c, struct entry *e, const char *record)
{
	size_t i;

	*e = (struct entry){ .similarity = -1, .index = '.', .tree = '.' };
	for (i = 0; i < sizeof(records) / sizeof(records[0]); i++)
		if (records[i].first == record[0])
			break;
	if (i == sizeof(records) / sizeof(records[0]))
		return false;
	e->kind = records[i].kind;
	e->path = behind(record, records[i].blanks);
	if (e->path == NULL)
		return false;
	if (record[0] == '?')
		return true;
	e->index = record[2];
	e->tree = record[3];
	if (record[5] == 'S')
		e->submodule = record + 6;
	return record[0] != '2' || read_renamed(c, e, record);
}

/* git-status(1), the table of unmerged states. */
static const struct {
	char xy[3];
	const char *words;
} conflicts[] = {
	{ "DD", "both deleted" },
	{ "AU", "added by us" },
	{ "UD", "deleted by them" },
	{ "UA", "added by them" },
	{ "DU", "deleted by us" },
	{ "AA", "both added" },
	{ "UU", "both modified" },
};

static const char *
conflict_of(const struct entry *e)
{
	for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++)
		if (conflicts[i].xy[0] == e->index &&
		    conflicts[i].xy[1] == e->tree)
			return conflicts[i].words;
	return "unmerged";
}

/* "C", "M" and "U", each at its place, or a point. */
static void
put_submodule(struct js *o, const struct entry *e)
{
	struct js *list = js_array();

	if (e->submodule[0] == 'C')
		js_push_str(list, "commit");
	if (e->submodule[0] != '\0' && e->submodule[1] == 'M')
		js_push_str(list, "modified");
	if (e->submodule[0] != '\0' && e->submodule[1] != '\0' &&
	    e->submodule[2] == 'U')
		js_push_str(list, "untracked");
	js_add(o, "submodule", list);
}

static void
put_entry(struct changes *c, const struct entry *e)
{
	const char index[] = { e->index, '\0' }, tree[] = { e->tree, '\0' };
	struct js *o = js_object();

	job_put_name(o, "path", e->path);
	js_add_str(o, "kind", e->kind);
	if (strcmp(e->kind, "untracked") != 0) {
		js_add_str(o, "index", index);
		js_add_str(o, "worktree", tree);
	}
	if (strcmp(e->kind, "conflict") == 0)
		js_add_str(o, "conflict", conflict_of(e));
	if (e->old_path != NULL)
		job_put_name(o, "old_path", e->old_path);
	if (e->similarity >= 0)
		js_add_int(o, "similarity", e->similarity);
	if (e->submodule != NULL)
		put_submodule(o, e);
	job_put_runs(o, e->path);
	js_push(c->page.items, o);
}

static void
count(struct changes *c, const struct entry *e)
{
	if (strcmp(e->kind, "untracked") == 0) {
		c->untracked++;
	} else if (strcmp(e->kind, "conflict") == 0) {
		c->conflicts++;
	} else {
		c->staged += e->index != '.';
		c->unstaged += e->tree != '.';
	}
}

static void
take_entry(struct changes *c, const struct entry *e)
{
	size_t cost = 200 + job_cost(e->path, strlen(e->path));

	count(c, e);
	if (e->old_path != NULL)
		cost += job_cost(e->old_path, strlen(e->old_path));
	if (job_page_takes(&c->page, cost))
		put_entry(c, e);
}

/* git's status names them in this order, and what it does not know behind. */
static void
take_part(const struct job *j, struct changes *c)
{
	const struct changes_own *own = j->own;
	struct entry e = { .kind = "changed", .index = '.', .similarity = -1 };

	for (size_t i = 0; own->part.told && i < own->part.files.n; i++) {
		e.tree = own->part.files.list[i].status;
		e.path = own->part.files.list[i].path;
		take_entry(c, &e);
	}
}

static bool
read_status(struct job *j, struct changes *c)
{
	const struct job_text *t = text_of(j, STATUS);
	const char *record;
	struct entry e;

	c->at = t->at;
	c->end = t->at + t->len;
	while ((record = next_record(c)) != NULL) {
		if (record[0] == '#') {
			read_head(j, &c->head, record);
			continue;
		}
		if (!read_entry(c, &e, record))
			return t->over;
		take_entry(c, &e);
	}
	take_part(j, c);
	return t->over || c->at == c->end;
}

/* The reason of `git worktree lock`, perhaps ""; NULL: it is not locked. */
static const char *
lock_of(struct job *j, const char *gitdir)
{
	char path[PATH_MAX], text[1024];
	ssize_t n;
	int fd;

	if (!path_join(path, sizeof(path), gitdir, "locked"))
		return NULL;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? NULL : "";
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n < 0)
		return "";
	while (n > 0 && text[n - 1] == '\n')
		n--;
	return arena_strndup(j->arena, text, (size_t)n);
}

/* What lies in the git directory, and not in git's words. */
static void
put_place(struct job *j, struct js *o)
{
	const char *gitdir = text_of(j, PLACE)->at, *midway = "", *lock = NULL;
	const char *common = strchr(gitdir, '\n');

	if (common != NULL) {
		gitdir =
		    arena_strndup(j->arena, gitdir, (size_t)(common - gitdir));
		common = arena_strndup(j->arena, common + 1,
		    strcspn(common + 1, "\n"));
		midway = place_midway(gitdir);
		if (strcmp(gitdir, common) != 0)
			lock = lock_of(j, gitdir);
	}
	/* That it cannot be told is never that there is nothing. */
	js_add_str(o, "operation",
	    midway != NULL && midway[0] == '\0' ? "unknown" : midway);
	js_add_bool(o, "locked", lock != NULL);
	js_add_str(o, "lock_reason", lock);
}

static void
put_head(struct js *o, const struct head *h)
{
	js_add_str(o, "commit", h->commit);
	js_add_str(o, "branch", h->branch);
	js_add_bool(o, "detached", h->branch == NULL);
	js_add_bool(o, "unborn", h->commit == NULL);
	js_add_str(o, "upstream", h->upstream);
	/* null: there is nothing to compare with. */
	if (h->compared) {
		js_add_int(o, "ahead", h->ahead);
		js_add_int(o, "behind", h->behind);
	} else {
		js_add_str(o, "ahead", NULL);
		js_add_str(o, "behind", NULL);
	}
	js_add_int(o, "stashes", h->stashes);
}

static struct js *
answer(struct job *j)
{
	struct changes c = { .at = NULL };
	struct js *o;

	job_page_init(&c.page, j);
	if (!read_status(j, &c)) {
		js_free(c.page.items);
		j->error = "malformed";
		j->why = "what git says is not understood";
		return NULL;
	}
	o = js_object();
	put_head(o, &c.head);
	put_place(j, o);
	js_add_int(o, "staged", c.staged);
	js_add_int(o, "unstaged", c.unstaged);
	js_add_int(o, "untracked", c.untracked);
	js_add_int(o, "conflicts", c.conflicts);
	js_add_bool(o, "truncated", text_of(j, STATUS)->over);
	js_add_bool(o, "partial",
	    ((const struct changes_own *)j->own)->part.told);
	job_put_as_of(j, o);
	job_page_put(&c.page, o, "entries");
	return o;
}

static void
done(struct job *j)
{
	struct changes_own *own = j->own;

	if (own != NULL)
		part_done(&own->part);
}

const struct job_kind job_changes = { "changes", next, answer, done, false };
