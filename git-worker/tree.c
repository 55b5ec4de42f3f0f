/* SPDX-License-Identifier: MIT */
/*
 * What a commit holds: a directory's entries, and a file's text. Names are
 * taken as they are: behind "commit:" git reckons with nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"

#define TEXT_MAX    (256u << 10) /* of a file, as JSON */
#define BINARY_LOOK 8000

/* Steps: which commit, and what it has; of a file its size before. */
enum { COMMIT, CONTENT };
enum { SIZE = 1, TEXT };

/* The commit, once it is known; else it is asked for, or refused. */
static const char *
commit_of(struct job *j)
{
	const char *at = job_ref(j, "at");

	return job_commit(j, COMMIT, at != NULL ? at : "HEAD");
}

static void
next_tree(struct job *j)
{
	const char *path = job_name(j, "path"), *commit = commit_of(j);

	if (commit == NULL || j->n != CONTENT)
		return;
	if (path != NULL)
		commit = arena_printf(j->arena, "%s:%s", commit, path);
	JOB_ASK(j, "ls-tree", "-z", "--long", "--full-tree", commit);
}

/* "100644 blob <oid>    12\tname" */
static bool
read_entry(struct job *j, const char *record, char *word[4], const char **name)
{
	char *words = arena_strdup(j->arena, record);
	char *tab = strchr(words, '\t');
	int n = 0;

	if (tab == NULL)
		return false;
	*tab = '\0';
	*name = tab + 1;
	while (words != NULL && n < 4) {
		word[n] = strsep(&words, " ");
		n += *word[n] != '\0';
	}
	return n == 4;
}

static void
put_entry(struct job_page *p, char *const word[4], const char *name)
{
	struct js *o;

	if (!job_page_takes(p, 250 + job_cost(name, strlen(name))))
		return;
	o = js_object();
	job_put_name(o, "name", name);
	js_add_str(o, "mode", word[0]);
	js_add_str(o, "type", word[1]);
	js_add_str(o, "oid", word[2]);
	/* "-": what is no file has none. */
	if (*word[3] == '-')
		js_add_str(o, "size", NULL);
	else
		js_add_int(o, "size", strtoll(word[3], NULL, 10));
	js_push(p->items, o);
}

static struct js *
answer_tree(struct job *j)
{
	const struct job_text *t = &j->text[CONTENT];
	const char *at = t->at, *end = at + t->len, *name;
	struct job_page p;
	char *word[4];
	struct js *o;

	if (t->status != 0 && !t->over)
		return job_refuse(j, "there is no such directory in it");
	job_page_init(&p, j);
	for (; at < end; at += strlen(at) + 1)
		if (memchr(at, '\0', (size_t)(end - at)) != NULL &&
		    read_entry(j, at, word, &name))
			put_entry(&p, word, name);
	o = js_object();
	js_add_str(o, "commit", commit_of(j));
	js_add_bool(o, "truncated", t->over);
	job_page_put(&p, o, "entries");
	return o;
}

static void
next_file(struct job *j)
{
	const char *path = job_name(j, "path"), *commit = commit_of(j);
	const char *blob;

	if (path == NULL && j->error == NULL)
		job_refuse(j, "path is missing");
	if (commit == NULL || j->error != NULL)
		return;
	blob = arena_printf(j->arena, "%s:%s", commit, path);
	if (j->n == SIZE) {
		JOB_ASK(j, "cat-file", "-s", blob);
	} else if (j->n == TEXT && j->text[SIZE].status == 0) {
		JOB_ASK(j, "cat-file", "blob", blob);
		/* More than that is never told. */
		j->max = TEXT_MAX + 1;
	}
}

/* As much as fits, and no half of a character. */
static size_t
fitting(const char *text, size_t len)
{
	size_t n = 0, cost = 0;

	while (n < len && cost < TEXT_MAX)
		cost += job_cost(text + n++, 1);
	return n < len ? n - str_utf8_tail(text, n) : n;
}

static struct js *
answer_file(struct job *j)
{
	const struct job_text *t = &j->text[TEXT];
	size_t look, len;
	bool binary;
	struct js *o;

	if (j->n <= TEXT || (t->status != 0 && !t->over))
		return job_refuse(j, "there is no such file in it");
	look = t->len < BINARY_LOOK ? t->len : BINARY_LOOK;
	binary = memchr(t->at, '\0', look) != NULL;
	len = fitting(t->at, t->len);
	/* A NUL further on: the text would end there. */
	binary = binary || memchr(t->at, '\0', len) != NULL;
	o = js_object();
	job_put_name(o, "path", job_name(j, "path"));
	js_add_str(o, "commit", commit_of(j));
	js_add_int(o, "size", strtoll(j->text[SIZE].at, NULL, 10));
	js_add_bool(o, "binary", binary);
	js_add_bool(o, "truncated", !binary && (t->over || len < t->len));
	js_add_str(o, "text",
	    binary ? NULL : arena_strndup(j->arena, t->at, len));
	return o;
}

const struct job_kind job_tree = { "tree", next_tree, answer_tree, NULL,
	false };
const struct job_kind job_file = { "file", next_file, answer_file, NULL,
	false };
