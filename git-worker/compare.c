/* SPDX-License-Identifier: MIT */
/*
 * Two commits beside each other: where they parted and how far they went, and
 * what would come of merging them. No work tree, no index and no ref takes part
 * in that: git tries it among objects, and those that are new belong to nobody
 * and go with git's next gc.
 */
#include <stdlib.h>
#include <string.h>

#include "git-worker/job.h"
#include "git-worker/stages.h"
#include "lib/arena.h"
#include "lib/js.h"

enum { BASE, TO, PARTED, RESULT };

struct pair {
	const char *base, *to; /* commits */
};

/* False: git has to be asked first, or the question is refused. */
static bool
find_pair(struct job *j, struct pair *p)
{
	const char *base = job_ref(j, "base"), *to = job_ref(j, "to");

	p->to = NULL;
	if (base == NULL && j->error == NULL)
		job_refuse(j, "base is missing");
	p->base = job_commit(j, BASE, base);
	if (p->base != NULL)
		p->to = job_commit(j, TO, to != NULL ? to : "HEAD");
	if (p->to != NULL && j->n == PARTED)
		JOB_ASK(j, "merge-base", p->base, p->to);
	return p->to != NULL && j->n > PARTED;
}

/* NULL: they have no commit in common. */
static const char *
parted_at(struct job *j)
{
	return j->text[PARTED].status == 0 ? job_line(j, PARTED) : NULL;
}

static void
put_pair(struct job *j, struct js *o)
{
	js_add_str(o, "base", job_line(j, BASE));
	js_add_str(o, "to", job_line(j, TO));
	js_add_str(o, "merge_base", parted_at(j));
}

static void
next_compare(struct job *j)
{
	struct pair p;

	if (find_pair(j, &p) && j->n == RESULT)
		JOB_ASK(j, "rev-list", "--left-right", "--count",
		    arena_printf(j->arena, "%s...%s", p.base, p.to));
}

/* "behind\tahead" */
static struct js *
answer_compare(struct job *j)
{
	const char *counts = job_line(j, RESULT);
	struct js *o;
	char *tab;

	if (j->text[RESULT].status != 0)
		return job_refuse(j, "git does not count these commits");
	o = js_object();
	put_pair(j, o);
	js_add_int(o, "behind", strtoll(counts, &tab, 10));
	js_add_int(o, "ahead", strtoll(tab, NULL, 10));
	return o;
}

const struct job_kind job_compare = { "compare", next_compare, answer_compare,
	NULL, false };

static void
next_merge(struct job *j)
{
	struct pair p;

	if (!find_pair(j, &p))
		return;
	/* git would refuse as well, and say less. */
	if (parted_at(j) == NULL)
		job_refuse(j, "they have no commit in common");
	else if (j->n == RESULT)
		JOB_ASK(j, "merge-tree", "--write-tree", "-z", "--no-messages",
		    p.base, p.to);
}

static void
put_conflicts(struct job_page *p, struct stages *s)
{
	struct js *o;

	while (stages_next(s)) {
		if (!job_page_takes(p,
			100 + job_cost(s->path, strlen(s->path))))
			continue;
		o = js_object();
		job_put_name(o, "path", s->path);
		js_add_str(o, "conflict", stages_words(s));
		js_push(p->items, o);
	}
}

/* The tree that came of it, and a record for each stage of each conflict. */
static struct js *
answer_merge(struct job *j)
{
	const struct job_text *t = &j->text[RESULT];
	const char *parted = parted_at(j), *tree = t->at;
	struct stages s = { .at = t->at, .end = t->at + t->len };
	struct job_page p;
	struct js *o;

	if (parted == NULL || (t->status != 0 && t->status != 1 && !t->over))
		return job_refuse(j, "git cannot merge these commits");
	s.at += strlen(tree) + (t->len > 0);
	job_page_init(&p, j);
	put_conflicts(&p, &s);
	o = js_object();
	put_pair(j, o);
	js_add_str(o, "tree", tree);
	js_add_bool(o, "clean", t->status == 0);
	js_add_bool(o, "merged", strcmp(parted, job_line(j, TO)) == 0);
	js_add_bool(o, "fast_forward", strcmp(parted, job_line(j, BASE)) == 0);
	js_add_bool(o, "truncated", t->over);
	job_page_put(&p, o, "conflicts");
	return o;
}

const struct job_kind job_merge = { "merge", next_merge, answer_merge, NULL,
	false };
