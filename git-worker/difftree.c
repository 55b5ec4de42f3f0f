/* SPDX-License-Identifier: MIT */
/*
 * What all questions about differences have in common: which states they are
 * about, and how git is asked. Invariant: git is asked in a form that nothing a
 * repository sets can change, and so that it neither runs a program for it nor
 * writes to the index, for which it has no option.
 */
#include "git-worker/difftree.h"

#include <stdlib.h>
#include <string.h>

#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"

/* Options. */
#define WORDS_MAX 64

/*
 * autoRefreshIndex would write down which files are as they were, at the cost
 * of the user's own git meeting a lock. What is over bigFileThreshold is binary
 * (OTHER_MAX for those that git does not know).
 */
static const char *const before[] = { "--no-optional-locks",
	"--literal-pathspecs", "-c", "diff.autoRefreshIndex=false", "-c",
	"core.bigFileThreshold=32m", "diff", "-z", "--no-color",
	"--no-ext-diff", "--no-textconv", "--full-index", "--no-abbrev",
	"--find-renames", "-l1000", "--ignore-submodules=none",
	"--submodule=short", "--src-prefix=a/", "--dst-prefix=b/",
	"--no-relative", "-O/dev/null", NULL };

/* Of the object format: what is compared with before the first commit. */
static const struct {
	const char *format, *oid;
} empty_trees[] = {
	{ "sha1", "4b825dc642cb6eb9a060e54bf8d69288fbee4904" },
	{ "sha256", "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74de"
		    "cc5321" },
};

/* NULL: it is being asked for, or refused. */
static const char *
empty_tree(struct job *j, unsigned step)
{
	if (j->n == step) {
		JOB_ASK(j, "rev-parse", "--show-object-format");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(empty_trees) / sizeof(empty_trees[0]);
	     i++)
		if (strcmp(job_line(j, step), empty_trees[i].format) == 0)
			return empty_trees[i].oid;
	job_refuse(j, "its kind of hash is not known");
	return NULL;
}

static bool
find_range(struct job *j, struct sides *s, const char *name)
{
	const char *to_name = job_ref(j, "to"), *from, *to;

	if (to_name == NULL) {
		job_refuse(j, "from and to belong together");
		return false;
	}
	from = job_commit(j, 0, name);
	to = from != NULL ? job_commit(j, 1, to_name) : NULL;
	if (to == NULL)
		return false;
	*s = (struct sides){ .from = from, .to = to, .steps = 2 };
	return true;
}

/* What it has changed: beside its first parent, as git-show(1) has it. */
static bool
find_commit(struct job *j, struct sides *s, const char *name)
{
	const char *commit = job_commit(j, 0, name), *from = NULL;
	unsigned steps = 2;

	if (commit == NULL)
		return false;
	if (j->n == 1)
		JOB_ASK(j, "rev-parse", "--verify", "--quiet",
		    arena_printf(j->arena, "%s^1", commit));
	else if (j->text[1].status == 0)
		from = job_line(j, 1);
	else
		from = empty_tree(j, steps++);
	if (from == NULL)
		return false;
	*s = (struct sides){ .from = from, .to = commit, .steps = steps };
	return true;
}

static bool
find_base(struct job *j, struct sides *s, const char *base)
{
	if (j->n == 0) {
		JOB_ASK(j, "merge-base", "--end-of-options", base, "HEAD");
		return false;
	}
	s->steps = 1;
	if (j->text[0].status == 0)
		s->from = job_line(j, 0);
	else if (j->text[0].status == 1)
		job_refuse(j, "they have no commit in common");
	else
		job_refuse(j, "there is no commit of that name");
	return s->from != NULL;
}

static bool
find_head(struct job *j, struct sides *s)
{
	if (j->n == 0) {
		JOB_ASK(j, "rev-parse", "--verify", "--quiet",
		    "--end-of-options", "HEAD^{commit}");
		return false;
	}
	s->steps = 1;
	if (j->text[0].status == 0)
		s->from = job_line(j, 0);
	else
		s->from = empty_tree(j, s->steps++);
	return s->from != NULL;
}

bool
sides_find(struct job *j, struct sides *s)
{
	const char *from = job_ref(j, "from"), *base = job_ref(j, "base");
	const char *commit = job_ref(j, "commit");
	const char *view = js_str(j->ask, "view", "all");

	memset(s, 0, sizeof(*s));
	if (j->error != NULL)
		return false;
	if (j->names != NULL) {
		s->from = js_str(j->ask, "since", NULL);
		return s->from != NULL;
	}
	if ((from != NULL) + (base != NULL) + (commit != NULL) +
		(strcmp(view, "all") != 0) >
	    1) {
		job_refuse(j, "base, from, commit and view exclude each other");
		return false;
	}
	if (commit != NULL)
		return find_commit(j, s, commit);
	if (from != NULL || js_get(j->ask, "to") != NULL)
		return find_range(j, s, from != NULL ? from : "");
	if (base != NULL)
		return find_base(j, s, base);
	s->cached = strcmp(view, "staged") == 0;
	if (strcmp(view, "unstaged") == 0)
		return true;
	return find_head(j, s);
}

bool
sides_usual(const struct job *j)
{
	static const char *const others[] = { "base", "from", "to", "commit" };

	if (j->names != NULL ||
	    strcmp(js_str(j->ask, "view", "all"), "all") != 0)
		return false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (js_get(j->ask, others[i]) != NULL)
			return false;
	return true;
}

bool
sides_have_others(const struct sides *s)
{
	return s->to == NULL && !s->cached;
}

/* Room for options and for these. */
static const char **
words_for(struct job *j, const char *const *names)
{
	size_t n = WORDS_MAX + 1;

	while (*names++ != NULL)
		n++;
	return arena_alloc(j->arena, n * sizeof(*names));
}

void
diff_ask(struct job *j, const struct sides *s, const char *const *how,
    const char *const *paths)
{
	const char **words = words_for(j, paths);
	size_t n = 0;

	for (; before[n] != NULL; n++)
		words[n] = before[n];
	/* Of a conflict one of its sides, and not what has three. */
	if (s->from == NULL)
		words[n++] = "--ours";
	while (*how != NULL)
		words[n++] = *how++;
	if (s->cached)
		words[n++] = "--cached";
	if (s->from != NULL)
		words[n++] = s->from;
	if (s->to != NULL)
		words[n++] = s->to;
	words[n++] = "--";
	while (*paths != NULL)
		words[n++] = *paths++;
	words[n] = NULL;
	j->argv = words;
}

void
diff_ask_others(struct job *j, const char *const *names)
{
	static const char *const others[] = { "--no-optional-locks",
		"--literal-pathspecs", "ls-files", "--others",
		"--exclude-standard", "-z", "--" };
	const char **words = words_for(j, names);
	size_t n = sizeof(others) / sizeof(others[0]);

	memcpy(words, others, sizeof(others));
	while (*names != NULL)
		words[n++] = *names++;
	words[n] = NULL;
	j->argv = words;
}

struct reader {
	const char *at, *end;
};

static const char *
next_record(struct reader *r)
{
	const char *at = r->at, *nul;

	if (at >= r->end)
		return NULL;
	nul = memchr(at, '\0', (size_t)(r->end - at));
	if (nul == NULL)
		return NULL;
	r->at = nul + 1;
	return at;
}

/* ":100644 100644 <oid> <oid> R099", "old", "new". */
static bool
read_raw(struct job *j, struct reader *r, const char *record,
    struct diff_file *f)
{
	char *words = arena_strdup(j->arena, record + 1), *word[5];

	for (int i = 0; i < 5; i++) {
		word[i] = strsep(&words, " ");
		if (word[i] == NULL || *word[i] == '\0')
			return false;
	}
	*f = (struct diff_file){ .old_mode = word[0],
		.new_mode = word[1],
		.old_oid = word[2],
		.status = word[4][0],
		.similarity = -1 };
	f->in_tree = strspn(word[3], "0") == strlen(word[3]) &&
		     f->status != 'D' && f->status != 'U';
	f->path = next_record(r);
	if (f->path != NULL && (f->status == 'R' || f->status == 'C')) {
		f->similarity = (int)strtol(word[4] + 1, NULL, 10);
		f->old_path = f->path;
		f->path = next_record(r);
	}
	return true;
}

/* "1\t2\tname", or "-\t-\t" with the old and the new name behind it. */
static bool
read_count(struct reader *r, char *record, struct diff_files *d, size_t *next)
{
	char *rest = record, *added = strsep(&rest, "\t");
	const char *removed = strsep(&rest, "\t"), *name = rest;
	struct diff_file *f;

	if (added == NULL || removed == NULL || name == NULL)
		return false;
	if (*name == '\0') {
		(void)next_record(r);
		name = next_record(r);
	}
	/* In the same order, but for those without a line that differs. */
	while (name != NULL && *next < d->n) {
		f = &d->list[(*next)++];
		if (strcmp(f->path, name) != 0)
			continue;
		f->counted = true;
		f->added = *added == '-' ? -1 : strtoll(added, NULL, 10);
		f->removed = *removed == '-' ? -1 : strtoll(removed, NULL, 10);
		break;
	}
	return true;
}

bool
diff_read(struct job *j, unsigned step, struct diff_files *out)
{
	const struct job_text *t = &j->text[step];
	struct reader r = { t->at, t->at + t->len };
	size_t max = 1, next = 0;
	const char *record;

	for (const char *p = t->at; p < r.end; p++)
		max += *p == '\0';
	*out = (struct diff_files){ .rest = t->at };
	out->list = arena_alloc(j->arena, max * sizeof(*out->list));
	while ((record = next_record(&r)) != NULL && *record != '\0') {
		if (*record != ':') {
			if (!read_count(&r, arena_strdup(j->arena, record), out,
				&next))
				return false;
		} else if (!read_raw(j, &r, record, &out->list[out->n])) {
			return false;
		} else if (out->list[out->n].path != NULL) {
			out->n++;
		}
	}
	out->rest = r.at;
	return true;
}

static const struct {
	char status;
	const char *word;
} statuses[] = {
	{ 'A', "added" },
	{ 'C', "copied" },
	{ 'D', "deleted" },
	{ 'M', "modified" },
	{ 'R', "renamed" },
	{ 'T', "type" },
	{ 'U', "conflict" },
};

const char *
diff_word(char status)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].word;
	return "unknown";
}
