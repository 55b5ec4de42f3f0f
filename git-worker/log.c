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
/* Of a message; what is behind that is cut off. */
#define BODY_MAX 16384

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

static struct js *
commit(struct job *j, const char *const *field)
{
	struct js *o = js_object();
	const size_t len = strlen(field[BODY]);

	js_add_str(o, "commit", field[OID]);
	put_parents(j, o, field[PARENTS]);
	js_add_str(o, "author", field[AUTHOR]);
	js_add_str(o, "author_email", field[AUTHOR_EMAIL]);
	js_add_int(o, "authored_at", strtoll(field[AUTHORED], NULL, 10));
	js_add_str(o, "committer", field[COMMITTER]);
	js_add_str(o, "committer_email", field[COMMITTER_EMAIL]);
	js_add_int(o, "committed_at", strtoll(field[COMMITTED], NULL, 10));
	js_add_str(o, "subject", field[SUBJECT]);
	js_add_str(o, "body",
	    len <= BODY_MAX ? field[BODY]
			    : arena_strndup(j->arena, field[BODY], BODY_MAX));
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
	size_t cost = 200, len;

	for (int i = 0; i < FIELDS; i++) {
		len = strlen(field[i]);
		if (i == BODY && len > BODY_MAX)
			len = BODY_MAX;
		cost += job_cost(field[i], len);
	}
	return cost;
}

static struct js *
answer(struct job *j)
{
	const struct job_text *t = &j->text[0];
	const char *at = t->at, *end = at + t->len, *field[FIELDS];
	struct job_page p;
	struct js *o;

	/* git has passed over those before already. */
	job_page_init(&p, j);
	p.seen = p.offset;
	p.limit = limit_of(j);
	while (at < end && read_commit(&at, end, field))
		if (job_page_takes(&p, cost_of(field)))
			js_push(p.items, commit(j, field));
	o = js_object();
	if (p.full)
		js_add_int(o, "next", p.offset + p.taken);
	else
		js_add_str(o, "next", NULL);
	js_add(o, "commits", p.items);
	return o;
}

const struct job_kind job_log = { "log", next, answer };
