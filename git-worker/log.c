/* SPDX-License-Identifier: MIT */
/*
 * Commits, the newest first, as git walks them: all that a commit has, or those
 * that it has beyond a base, or those that touched a file.
 */
#include <stdlib.h>
#include <string.h>

#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"

/* Fields of a commit, each with a NUL behind it; none can have one in it. */
static const char format[] = "--format=%H%x00%P%x00%an%x00%ae%x00%at%x00%cn"
			     "%x00%ce%x00%ct%x00%s%x00%b";

enum {
	OID,
	PARENTS,
	AUTHOR,
	AUTHOR_EMAIL,
	AUTHORED,
	COMMITTER,
	COMMITTER_EMAIL,
	COMMITTED,
	SUBJECT,
	BODY,
	FIELDS
};

#define LIMIT_USUAL 50
#define LIMIT_MAX   500

/* Bytes of each that are told, as any of them may be of any length. */
static const size_t field_max[FIELDS] = {
	[OID] = 64,
	[PARENTS] = 65 * 64,
	[AUTHOR] = 1024,
	[AUTHOR_EMAIL] = 1024,
	[AUTHORED] = 32,
	[COMMITTER] = 1024,
	[COMMITTER_EMAIL] = 1024,
	[COMMITTED] = 32,
	[SUBJECT] = 4096,
	[BODY] = 16384,
};

static int64_t
limit_of(const struct job *j)
{
	int64_t limit = js_int(j->ask, "limit", LIMIT_USUAL);

	return limit < 1 || limit > LIMIT_MAX ? LIMIT_MAX : limit;
}

/* One more than is told, to know whether there is one. */
static const char *
count_of(struct job *j)
{
	return arena_printf(j->arena, "--max-count=%lld",
	    (long long)limit_of(j) + 1);
}

static const char *
skip_of(struct job *j)
{
	int64_t offset = js_int(j->ask, "offset", 0);

	return arena_printf(j->arena, "--skip=%lld",
	    (long long)(offset < 0 ? 0 : offset));
}

static void
next(struct job *j)
{
	const char *to = job_ref(j, "to"), *base = job_ref(j, "base");
	const char *path = job_name(j, "path");
	const char *words[] = { "--literal-pathspecs", "log", "-z", format,
		"--encoding=UTF-8", "--no-color", "--no-patch", "--no-notes",
		"--no-mailmap", "--no-show-signature", "--no-follow",
		count_of(j), skip_of(j), "--end-of-options",
		to != NULL ? to : "HEAD",
		base != NULL ? arena_printf(j->arena, "^%s", base) : "--",
		base != NULL ? "--" : path, base != NULL ? path : NULL, NULL };
	const char **argv;

	if (j->error != NULL || j->n > 0)
		return;
	argv = arena_alloc(j->arena, sizeof(words));
	memcpy(argv, words, sizeof(words));
	j->argv = argv;
}

/* Between two characters, or two parents. */
static const char *
cut(struct job *j, const char *text, int i)
{
	size_t len = field_max[i];

	if (strlen(text) <= len)
		return text;
	len -= str_utf8_tail(text, len);
	while (i == PARENTS && len > 0 && text[len] != ' ')
		len--;
	return arena_strndup(j->arena, text, len);
}

static bool
cut_all(struct job *j, const char **field)
{
	bool any = false;
	const char *was;

	for (int i = 0; i < FIELDS; i++) {
		was = field[i];
		field[i] = cut(j, was, i);
		any = any || field[i] != was;
	}
	return any;
}

static void
put_parents(struct job *j, struct js *o, const char *text)
{
	struct js *list = js_array();
	char *rest = arena_strdup(j->arena, text), *one;

	while ((one = strsep(&rest, " ")) != NULL)
		if (*one != '\0')
			js_push_str(list, one);
	js_add(o, "parents", list);
}

/* `is_cut`: some of it is longer than what is told. */
static struct js *
commit(struct job *j, const char *const *field, bool is_cut)
{
	struct js *o = js_object();

	js_add_str(o, "commit", field[OID]);
	put_parents(j, o, field[PARENTS]);
	js_add_str(o, "author", field[AUTHOR]);
	js_add_str(o, "author_email", field[AUTHOR_EMAIL]);
	js_add_int(o, "authored_at", strtoll(field[AUTHORED], NULL, 10));
	js_add_str(o, "committer", field[COMMITTER]);
	js_add_str(o, "committer_email", field[COMMITTER_EMAIL]);
	js_add_int(o, "committed_at", strtoll(field[COMMITTED], NULL, 10));
	js_add_str(o, "subject", field[SUBJECT]);
	js_add_str(o, "body", field[BODY]);
	js_add_bool(o, "cut", is_cut);
	return o;
}

/* False when there is no whole one any more. */
static bool
read_commit(const char **at, const char *end, const char **field)
{
	for (int i = 0; i < FIELDS; i++) {
		const char *nul = memchr(*at, '\0', (size_t)(end - *at));

		/* The last one has an end, too: the text's own. */
		if (nul == NULL && i + 1 < FIELDS)
			return false;
		field[i] = *at;
		*at = nul != NULL ? nul + 1 : end;
	}
	return true;
}

static size_t
cost_of(const char *const *field)
{
	size_t cost = 200;

	for (int i = 0; i < FIELDS; i++)
		cost += job_cost(field[i], strlen(field[i]));
	return cost;
}

static struct js *
answer(struct job *j)
{
	const struct job_text *t = &j->text[0];
	const char *at = t->at, *end = at + t->len, *field[FIELDS];
	struct job_page p;
	struct js *o;
	bool is_cut;

	/* git has passed over those before already. */
	job_page_init(&p, j);
	p.seen = p.offset;
	p.limit = limit_of(j);
	while (at < end && read_commit(&at, end, field)) {
		is_cut = cut_all(j, field);
		if (job_page_takes(&p, cost_of(field)))
			js_push(p.items, commit(j, field, is_cut));
	}
	o = js_object();
	if (p.full)
		js_add_int(o, "next", p.offset + p.taken);
	else
		js_add_str(o, "next", NULL);
	js_add(o, "commits", p.items);
	return o;
}

const struct job_kind job_log = { "log", next, answer, NULL, false };
