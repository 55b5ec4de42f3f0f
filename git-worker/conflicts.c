/* SPDX-License-Identifier: MIT */
/*
 * What is in conflict in a work tree, and what each side has of such a file.
 * All is told by its beginning: who resolves one needs to see it, not to have
 * it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/job.h"
#include "git-worker/place.h"
#include "git-worker/stages.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

#define TEXT_MAX    (80u << 10) /* of each version, as JSON */
#define BINARY_LOOK 8000

enum { UNMERGED, PLACE };

static void
next_conflicts(struct job *j)
{
	if (j->n == UNMERGED)
		JOB_ASK(j, "ls-files", "--unmerged", "-z");
	else if (j->n == PLACE)
		JOB_ASK(j, "rev-parse", "--absolute-git-dir");
}

static void
put_conflict(struct job_page *p, const struct stages *s)
{
	struct js *o;

	if (!job_page_takes(p, 150 + job_cost(s->path, strlen(s->path))))
		return;
	o = js_object();
	job_put_name(o, "path", s->path);
	js_add_str(o, "conflict", stages_words(s));
	js_add_bool(o, "base", s->record[STAGE_BASE] != NULL);
	js_add_bool(o, "ours", s->record[STAGE_OURS] != NULL);
	js_add_bool(o, "theirs", s->record[STAGE_THEIRS] != NULL);
	js_push(p->items, o);
}

static struct js *
answer_conflicts(struct job *j)
{
	const struct job_text *t = &j->text[UNMERGED];
	struct stages s = { .at = t->at, .end = t->at + t->len };
	const char *midway = place_midway(job_line(j, PLACE));
	struct job_page p;
	struct js *o;

	if (t->status != 0 && !t->over)
		return job_refuse(j, "git does not tell what is in conflict");
	job_page_init(&p, j);
	while (stages_next(&s))
		put_conflict(&p, &s);
	o = js_object();
	/* That it cannot be told is never that there is nothing. */
	js_add_str(o, "operation",
	    midway != NULL && midway[0] == '\0' ? "unknown" : midway);
	js_add_bool(o, "truncated", t->over);
	job_page_put(&p, o, "conflicts");
	return o;
}

/* The file's own record; its name may be a directory's, too. */
static bool
find_file(struct job *j, const char *name, struct stages *s)
{
	const struct job_text *t = &j->text[UNMERGED];

	*s = (struct stages){ .at = t->at, .end = t->at + t->len };
	while (stages_next(s))
		if (strcmp(s->path, name) == 0)
			return true;
	return false;
}

/* "100644 <oid> 2": a submodule has a commit there, and no text. */
static const char *
blob_of(struct job *j, const char *record)
{
	const char *oid;

	if (record == NULL || str_starts(record, "160000 "))
		return NULL;
	oid = strchr(record, ' ') + 1;
	return arena_strndup(j->arena, oid, strcspn(oid, " "));
}

/* Its first answer is the list; then one for each side that has a text. */
static void
next_conflict(struct job *j)
{
	const char *name = job_name(j, "path"), *blob;
	unsigned step = 1;
	struct stages s;

	if (name == NULL && j->error == NULL)
		job_refuse(j, "path is missing");
	if (j->error != NULL)
		return;
	if (j->n == UNMERGED) {
		JOB_ASK(j, "--literal-pathspecs", "ls-files", "--unmerged",
		    "-z", "--", name);
		return;
	}
	if (!find_file(j, name, &s)) {
		job_refuse(j, "that file is not in conflict");
		return;
	}
	for (unsigned i = STAGE_BASE; i < STAGES; i++) {
		blob = blob_of(j, s.record[i]);
		if (blob == NULL || step++ != j->n)
			continue;
		JOB_ASK(j, "cat-file", "blob", blob);
		j->max = TEXT_MAX + 1;
		return;
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

static void
put_text(struct job *j, struct js *o, const char *text, size_t len, bool over)
{
	const size_t fits = fitting(text, len);
	/* Further on than git looks: the text would end there. */
	const bool binary =
	    memchr(text, '\0', len < BINARY_LOOK ? len : BINARY_LOOK) != NULL ||
	    memchr(text, '\0', fits) != NULL;

	js_add_bool(o, "binary", binary);
	js_add_bool(o, "truncated", !binary && (over || fits < len));
	js_add_str(o, "text",
	    binary ? NULL : arena_strndup(j->arena, text, fits));
}

static struct js *
version(const char *name)
{
	struct js *o = js_object();

	js_add_str(o, "version", name);
	return o;
}

static void
put_sides(struct job *j, const struct stages *s, struct js *list)
{
	static const char *const names[STAGES] = {
		[STAGE_BASE] = "base",
		[STAGE_OURS] = "ours",
		[STAGE_THEIRS] = "theirs",
	};
	const struct job_text *t;
	unsigned step = 1;
	struct js *o;

	for (unsigned i = STAGE_BASE; i < STAGES; i++) {
		if (s->record[i] == NULL)
			continue;
		o = version(names[i]);
		js_add_str(o, "mode",
		    arena_strndup(j->arena, s->record[i],
			strcspn(s->record[i], " ")));
		if (blob_of(j, s->record[i]) != NULL) {
			t = &j->text[step++];
			put_text(j, o, t->at, t->len, t->over);
		}
		js_push(list, o);
	}
}

/*
 * What lies there now, by no link: none when it cannot be read, as it is no
 * file or nothing is there.
 */
static void
put_working(struct job *j, const char *name, struct js *list)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int top = open(j->top, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char *text = arena_alloc(j->arena, TEXT_MAX + 1);
	struct stat st;
	size_t len = 0;
	ssize_t n = 0;
	struct js *o;

	if (top >= 0)
		fd = path_open_beneath(top, name, flags, 0);
	if (top >= 0)
		(void)close(top);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		while (len < TEXT_MAX + 1 &&
		       (n = read(fd, text + len, TEXT_MAX + 1 - len)) > 0)
			len += (size_t)n;
	else
		n = -1;
	(void)close(fd);
	if (n < 0)
		return;
	o = version("working");
	js_add_str(o, "mode",
	    (st.st_mode & S_IXUSR) != 0 ? "100755" : "100644");
	put_text(j, o, text, len, len > TEXT_MAX);
	js_push(list, o);
}

static struct js *
answer_conflict(struct job *j)
{
	const char *name = job_name(j, "path");
	struct js *o, *list;
	struct stages s;

	if (!find_file(j, name, &s))
		return job_refuse(j, "that file is not in conflict");
	o = js_object();
	list = js_array();
	job_put_name(o, "path", name);
	js_add_str(o, "conflict", stages_words(&s));
	put_sides(j, &s, list);
	put_working(j, name, list);
	js_add(o, "versions", list);
	return o;
}

const struct job_kind job_conflicts = { "conflicts", next_conflicts,
	answer_conflicts, NULL, false };
const struct job_kind job_conflict = { "conflict", next_conflict,
	answer_conflict, NULL, false };
