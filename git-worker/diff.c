/* SPDX-License-Identifier: MIT */
/*
 * What is different in one file, hunk by hunk, as git's patch has it, up to a
 * bound.
 */
#include <stdlib.h>
#include <string.h>

#include "git-worker/diffbig.h"
#include "git-worker/difftree.h"
#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/str.h"

#define LINES_USUAL 2000
#define LINES_MAX   20000
#define BYTES_MAX   (512u << 10) /* of an answer, as JSON */
#define LINE_MAX    4096	 /* of one line, of its own bytes */
#define LINE_COST   16
#define HUNK_COST   180 /* without its lines and its section */
#define CONTEXT_MAX 1000
#define OTHER_KEEP  (256u << 10)

enum { DIFF, OTHERS };

/* The sides first: they are what most of it is about. */
struct diff_own {
	struct sides sides;
	struct diffbig big;
};

struct patch {
	struct job *j;
	const char *at, *end;
	int64_t left; /* lines */
	size_t bytes;
	bool truncated, binary;
	struct js *hunks;
	/* The one that is being read. */
	struct js *hunk, *lines;
	bool cut;
	int64_t nlines;
	const struct diffbig *big; /* it is about windows of that, or NULL */
};

static const char *
context(struct job *j)
{
	int64_t n = js_int(j->ask, "context", 3);

	return arena_printf(j->arena, "-U%lld",
	    (long long)(n < 0 || n > CONTEXT_MAX ? 3 : n));
}

/* Of one that is there under its name before and now. */
static const struct diff_file *
big_file(struct job *j, const struct diff_own *own, const char *path)
{
	struct diff_files d;

	if (!diff_read(j, own->sides.steps, &d) || d.n != 1 ||
	    strcmp(d.list[0].path, path) != 0)
		return NULL;
	return d.list;
}

static void
next_big(struct job *j, struct diff_own *own, const char *path)
{
	const struct diff_file *f = big_file(j, own, path);

	if (f != NULL)
		diffbig_next(j, own->sides.steps + DIFF + 1, f, context(j),
		    &own->big);
}

static void
next(struct job *j)
{
	const char *path = job_name(j, "path"), *old = job_name(j, "old_path");
	const char *how[] = { "--raw", "--patch", context(j), NULL };
	const char *const paths[] = { path, old, NULL };
	struct diff_own *own = j->own;
	struct sides *s;

	if (path == NULL && j->error == NULL)
		job_refuse(j, "path is missing");
	if (path == NULL || j->error != NULL)
		return;
	if (own == NULL) {
		own = j->own = arena_alloc(j->arena, sizeof(*own));
		own->big = (struct diffbig){ .wanted = false };
		own->sides.from = NULL;
	}
	s = &own->sides;
	if (s->from == NULL && !sides_find(j, s))
		return;
	if (j->n == s->steps + DIFF) {
		own->big.wanted = diffbig_wanted(j, s, path);
		if (own->big.wanted)
			how[1] = NULL;
		diff_ask(j, s, how, paths);
	} else if (own->big.wanted && j->text[s->steps].len > 0)
		next_big(j, own, path);
	else if (j->n == s->steps + OTHERS && j->text[s->steps].len == 0 &&
		 sides_have_others(s))
		diff_ask_others(j, (const char *const[]){ path, NULL });
}

/* The next line without its end; false when there is none. */
static bool
next_line(struct patch *p, const char **line, size_t *len)
{
	const char *nl;

	if (p->at >= p->end)
		return false;
	nl = memchr(p->at, '\n', (size_t)(p->end - p->at));
	*line = p->at;
	*len = (size_t)((nl != NULL ? nl : p->end) - p->at);
	p->at = nl != NULL ? nl + 1 : p->end;
	return true;
}

struct range {
	int64_t old_start, old_lines, new_start, new_lines;
	const char *section;
};

/* "12,3" or "12". */
static const char *
read_range(const char *at, int64_t *start, int64_t *lines)
{
	char *end;

	*start = strtoll(at, &end, 10);
	*lines = 1;
	if (*end == ',')
		*lines = strtoll(end + 1, &end, 10);
	return end;
}

/* "@@ -1,2 +3,4 @@ section" */
static bool
read_range_line(const char *line, struct range *r)
{
	if (!str_starts(line, "@@ -"))
		return false;
	line = read_range(line + 4, &r->old_start, &r->old_lines);
	if (!str_starts(line, " +"))
		return false;
	line = read_range(line + 2, &r->new_start, &r->new_lines);
	if (!str_starts(line, " @@"))
		return false;
	r->section = line[3] == ' ' ? line + 4 : NULL;
	return true;
}

static bool
takes(struct patch *p, size_t cost)
{
	if (p->bytes + cost > BYTES_MAX) {
		p->truncated = true;
		return false;
	}
	p->bytes += cost;
	return true;
}

/* False when there is no room for it. */
static bool
begin_hunk(struct patch *p, const struct range *r)
{
	const char *section = r->section != NULL ? r->section : "";
	const int64_t before = p->big != NULL ? p->big->lines : 0;

	if (!takes(p, HUNK_COST + job_cost(section, strlen(section))))
		return false;
	p->hunk = js_object();
	js_add_int(p->hunk, "old_start", r->old_start + before);
	js_add_int(p->hunk, "old_lines", r->old_lines);
	js_add_int(p->hunk, "new_start", r->new_start + before);
	js_add_int(p->hunk, "new_lines", r->new_lines);
	js_add_str(p->hunk, "section", r->section);
	p->lines = js_array();
	p->cut = false;
	return true;
}

/* `cut`: a line in it is longer than what is told of it. */
static void
end_hunk(struct patch *p)
{
	js_add(p->hunk, "lines", p->lines);
	js_add_bool(p->hunk, "cut", p->cut);
	js_push(p->hunks, p->hunk);
	p->hunk = p->lines = NULL;
}

/* False when there is no room for it. */
static bool
put_line(struct patch *p, const char *line, size_t len)
{
	if (len > LINE_MAX) {
		len = LINE_MAX - str_utf8_tail(line, LINE_MAX);
		p->cut = true;
	}
	if (p->left-- <= 0) {
		p->truncated = true;
		return false;
	}
	if (!takes(p, LINE_COST + job_cost(line, len)))
		return false;
	js_push_str(p->lines, arena_strndup(p->j->arena, line, len));
	return true;
}

/* By its range: what is in it may look like anything. */
static void
read_hunk(struct patch *p, struct range r)
{
	const char *line, *before;
	bool more = true;
	size_t len;

	if (!begin_hunk(p, &r))
		return;
	while (more) {
		before = p->at;
		if (!next_line(p, &line, &len))
			break;
		if (line[0] != '\\' && r.old_lines <= 0 && r.new_lines <= 0) {
			p->at = before;
			break;
		}
		r.old_lines -= line[0] != '+' && line[0] != '\\';
		r.new_lines -= line[0] != '-' && line[0] != '\\';
		more = put_line(p, line, len);
	}
	end_hunk(p);
}

/*
 * Of two windows what stands at the end of one of them may be an end of the
 * windows alone.
 */
static bool
is_at_end(const struct diffbig *b, const struct range *r)
{
	return b != NULL &&
	       ((b->old_lines >= 0 &&
		    r->old_start + r->old_lines > b->old_lines) ||
		   (b->new_lines >= 0 &&
		       r->new_start + r->new_lines > b->new_lines));
}

/* One "diff --git" and what belongs to it, up to the next one. */
static void
read_section(struct patch *p)
{
	const char *line, *before;
	struct range r;
	size_t len;

	while (!p->truncated) {
		before = p->at;
		if (!next_line(p, &line, &len))
			return;
		if (str_starts(line, "diff --git ")) {
			p->at = before;
			return;
		}
		line = arena_strndup(p->j->arena, line, len);
		if (str_starts(line, "Binary files "))
			p->binary = true;
		else if (!read_range_line(line, &r))
			continue;
		else if (is_at_end(p->big, &r))
			return;
		else
			read_hunk(p, r);
	}
}

/* No line of a hunk begins like that: each has its sign before it. */
static bool
skip_to_section(struct patch *p)
{
	const char *line;
	size_t len;

	while (next_line(p, &line, &len))
		if (str_starts(line, "diff --git "))
			return true;
	return false;
}

/*
 * The sections stand in the order of the records; one whose type has changed
 * has two, and a conflict has none as such, but a second record. The file's
 * status, or NULL: it is not among them.
 */
static const char *
read_patch(struct patch *p, const struct diff_files *d, const char *path,
    const struct diff_file **found)
{
	const char *status = NULL;

	for (size_t i = 0; i < d->n && !p->truncated; i++) {
		const struct diff_file *f = &d->list[i];
		const bool wanted = strcmp(f->path, path) == 0;

		if (wanted && status == NULL)
			status = diff_word(f->status);
		if (wanted)
			*found = f;
		for (int n = f->status == 'U'	? 0
			     : f->status == 'T' ? 2
						: 1;
		     n > 0 && skip_to_section(p); n--) {
			if (wanted)
				read_section(p);
		}
	}
	return status;
}

static bool
put_added(struct patch *p, const char *line, size_t len)
{
	char *added = arena_alloc(p->j->arena, len + 2);

	added[0] = '+';
	memcpy(added + 1, line, len);
	return put_line(p, added, len + 1);
}

static void
put_other(struct patch *p, const struct other *other)
{
	struct range r = { 0, 0, 1, other->lines, NULL };
	const char *line;
	size_t len;

	p->binary = other->binary;
	if (other->binary || other->lines == 0)
		return;
	p->at = other->text;
	p->end = other->text + other->len;
	if (!begin_hunk(p, &r))
		return;
	while (next_line(p, &line, &len))
		if (!put_added(p, line, len))
			break;
	if (p->at == p->end && !other->over && other->len > 0 &&
	    p->end[-1] != '\n' && !p->truncated)
		(void)put_line(p, "\\ No newline at end of file", 28);
	p->truncated = p->truncated || other->over;
	end_hunk(p);
}

static void
put_file(struct js *o, const struct diff_file *f)
{
	if (f == NULL)
		return;
	if (f->old_path != NULL)
		job_put_name(o, "old_path", f->old_path);
	js_add_str(o, "old_mode",
	    strcmp(f->old_mode, "000000") != 0 ? f->old_mode : NULL);
	js_add_str(o, "new_mode",
	    strcmp(f->new_mode, "000000") != 0 ? f->new_mode : NULL);
}

/* What git does not know, or what is as it was: then there is no status. */
static const char *
read_other(struct patch *p, struct js *o, const char *path)
{
	const struct sides *s = p->j->own;
	struct other other;

	if (p->j->n <= s->steps + OTHERS ||
	    strcmp(p->j->text[s->steps + OTHERS].at, path) != 0)
		return NULL;
	other_read(p->j, path, OTHER_KEEP, &other);
	js_add_str(o, "old_mode", NULL);
	js_add_str(o, "new_mode", other.mode);
	if (other.readable)
		put_other(p, &other);
	return "untracked";
}

/* What git said of the windows; else it is binary, as for git. */
static void
read_big(struct patch *p, const struct diff_own *own)
{
	const struct job_text *t = &p->j->text[p->j->n - 1];

	p->binary = !own->big.same && !own->big.shown;
	if (!own->big.shown)
		return;
	p->big = &own->big;
	p->at = t->at;
	p->end = t->at + t->len;
	if (skip_to_section(p))
		read_section(p);
	p->truncated = true;
}

static struct js *
answer(struct job *j)
{
	const struct diff_own *own = j->own;
	const struct sides *s = &own->sides;
	const struct job_text *t = &j->text[s->steps];
	const char *path = job_name(j, "path"), *status;
	const int64_t limit = js_int(j->ask, "limit", LINES_USUAL);
	struct patch p = { .j = j, .end = t->at + t->len };
	const struct diff_file *f = NULL;
	struct diff_files d;
	struct js *o;

	if (!diff_read(j, s->steps, &d)) {
		j->error = "malformed";
		j->why = "what git says is not understood";
		return NULL;
	}
	p.left = limit < 1 || limit > LINES_MAX ? LINES_MAX : limit;
	p.at = d.rest;
	p.hunks = js_array();
	o = js_object();
	job_put_name(o, "path", path);
	status = read_patch(&p, &d, path, &f);
	put_file(o, f);
	if (own->big.wanted && status != NULL)
		read_big(&p, own);
	if (status == NULL)
		status = read_other(&p, o, path);
	js_add_str(o, "status", status);
	js_add_str(o, "from", s->from);
	js_add_str(o, "to", s->to);
	js_add_bool(o, "binary", p.binary);
	js_add_bool(o, "truncated", p.truncated || t->over || own->big.same);
	if (own->big.same || own->big.shown)
		js_add_int(o, "looked", DIFFBIG_LOOK);
	js_add(o, "hunks", p.hunks);
	return o;
}

static void
done(struct job *j)
{
	struct diff_own *own = j->own;

	if (own != NULL)
		diffbig_done(&own->big);
}

const struct job_kind job_diff = { "diff", next, answer, done, false };
