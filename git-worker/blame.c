/* SPDX-License-Identifier: MIT */
/*
 * Which commit each line of a file comes from, as git has found out; of the
 * work tree's own file, lines that are in no commit yet come from none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/idmap.h"
#include "lib/js.h"
#include "lib/str.h"

#define LIMIT_USUAL 1000
#define LIMIT_MAX   20000
#define BYTES_MAX   (512u << 10) /* of an answer, as JSON */
#define LINE_MAX    4096	 /* of one line, of its own bytes */
#define LINE_COST   16
#define RANGE_COST  400 /* and of a commit */

struct blame {
	struct job *j;
	const char *at, *end;
	int64_t taken, limit;
	size_t bytes;
	bool full;
	struct js *commits, *ranges;
	struct idmap paths; /* of commits, the last that was told */
	/* Lines of one commit that are being read, and where they were. */
	const char *oid; /* NULL: in none */
	const char *old_path;
	long long start, from;
	struct js *lines; /* NULL: there are none yet */
	/* That commit, when it is told for the first time. */
	const char *author, *email, *time, *subject;
};

static int64_t
limit_of(const struct job *j)
{
	int64_t limit = js_int(j->ask, "limit", LIMIT_USUAL);

	return limit < 1 || limit > LIMIT_MAX ? LIMIT_MAX : limit;
}

static int64_t
offset_of(const struct job *j)
{
	int64_t offset = js_int(j->ask, "offset", 0);

	return offset < 0 ? 0 : offset;
}

/* One more than is told, to know whether there is one. */
static const char *
lines_of(struct job *j)
{
	return arena_printf(j->arena, "-L%lld,+%lld",
	    (long long)offset_of(j) + 1, (long long)limit_of(j) + 1);
}

static void
next(struct job *j)
{
	const char *path = job_name(j, "path"), *at = job_ref(j, "at");
	const char *commit = NULL;
	const unsigned step = at != NULL;

	if (path == NULL && j->error == NULL)
		job_refuse(j, "path is missing");
	if (at != NULL)
		commit = job_commit(j, 0, at);
	if (j->error != NULL || (at != NULL && commit == NULL) || j->n != step)
		return;
	JOB_ASK(j, "--no-optional-locks", "-c",
	    "blame.ignoreRevsFile=", "--literal-pathspecs", "blame",
	    "--porcelain", "--encoding=UTF-8", "--no-textconv", lines_of(j),
	    commit != NULL ? commit : "--", commit != NULL ? "--" : path,
	    commit != NULL ? path : NULL);
}

/* "<a@b>" */
static const char *
bare(struct blame *b)
{
	const size_t len = b->email != NULL ? strlen(b->email) : 0;

	if (len < 2 || b->email[0] != '<')
		return b->email;
	return arena_strndup(b->j->arena, b->email + 1, len - 2);
}

/* git tells of a commit once, before its first line. */
static void
put_commit(struct blame *b)
{
	struct js *o;

	if (b->author == NULL || b->oid == NULL)
		return;
	o = js_object();
	js_add_str(o, "commit", b->oid);
	js_add_str(o, "author", b->author);
	js_add_str(o, "author_email", bare(b));
	js_add_int(o, "authored_at",
	    b->time != NULL ? strtoll(b->time, NULL, 10) : 0);
	js_add_str(o, "subject", b->subject);
	js_push(b->commits, o);
}

/*
 * The file that its lines come from is told with a commit, and again whenever
 * it is another one. Two commits whose names begin alike would share it.
 */
static const char *
path_of(struct blame *b)
{
	uint64_t id = 1;
	char first[17];

	if (b->oid != NULL) {
		(void)snprintf(first, sizeof(first), "%.16s", b->oid);
		id = strtoull(first, NULL, 16) | 1;
	}
	if (b->old_path != NULL) {
		(void)idmap_del(&b->paths, id);
		idmap_put(&b->paths, id,
		    arena_strdup(b->j->arena, b->old_path));
	}
	return idmap_find(&b->paths, id);
}

static void
end_range(struct blame *b)
{
	const char *path;
	struct js *o;

	if (b->lines == NULL)
		return;
	put_commit(b);
	path = path_of(b);
	o = js_object();
	js_add_str(o, "commit", b->oid);
	js_add_int(o, "start", b->start);
	js_add_int(o, "from", b->from);
	/* git quotes what could break its own lines: that one is left out. */
	if (path != NULL && path[0] != '"' &&
	    strcmp(path, job_name(b->j, "path")) != 0)
		job_put_name(o, "old_path", path);
	js_add(o, "lines", b->lines);
	js_push(b->ranges, o);
	b->lines = NULL;
}

/* "<oid> 12 34 2", of the first of its lines; then without the last. */
static void
begin_line(struct blame *b, const char *line)
{
	const size_t digits = strspn(line, "0123456789abcdef");
	long long from, start;
	char *rest;

	from = strtoll(line + digits, &rest, 10);
	start = strtoll(rest, &rest, 10);
	if (*rest == '\0')
		return;
	end_range(b);
	b->bytes += RANGE_COST;
	b->oid = strspn(line, "0") >= digits
		     ? NULL
		     : arena_strndup(b->j->arena, line, digits);
	b->start = start;
	b->from = from;
	b->old_path = b->author = b->email = b->time = b->subject = NULL;
}

static void
read_key(struct blame *b, const char *line)
{
	const struct {
		const char *key;
		const char **value;
	} keys[] = {
		{ "author ", &b->author },
		{ "author-mail ", &b->email },
		{ "author-time ", &b->time },
		{ "summary ", &b->subject },
		{ "filename ", &b->old_path },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_starts(line, keys[i].key)) {
			b->bytes += job_cost(line, strlen(line));
			*keys[i].value = line + strlen(keys[i].key);
		}
}

static void
read_text(struct blame *b, const char *line, size_t len)
{
	size_t cost;

	if (len > LINE_MAX)
		len = LINE_MAX - str_utf8_tail(line, LINE_MAX);
	cost = LINE_COST + job_cost(line, len);
	if (b->taken == b->limit ||
	    (b->taken > 0 && b->bytes + cost > BYTES_MAX)) {
		b->full = true;
		return;
	}
	b->taken++;
	b->bytes += cost;
	if (b->lines == NULL)
		b->lines = js_array();
	js_push_str(b->lines, arena_strndup(b->j->arena, line, len));
}

static bool
is_oid(const char *line)
{
	const size_t digits = strspn(line, "0123456789abcdef");

	return (digits == 40 || digits == 64) && line[digits] == ' ';
}

/* Half a line at the end: git had more to say than is kept. */
static void
read_all(struct blame *b)
{
	const char *nl, *line;

	while (!b->full && b->at < b->end) {
		nl = memchr(b->at, '\n', (size_t)(b->end - b->at));
		if (nl == NULL)
			break;
		line = arena_strndup(b->j->arena, b->at, (size_t)(nl - b->at));
		if (*line == '\t')
			read_text(b, line + 1, (size_t)(nl - b->at) - 1);
		else if (is_oid(line))
			begin_line(b, line);
		else
			read_key(b, line);
		b->at = nl + 1;
	}
	end_range(b);
}

static struct js *
answer(struct job *j)
{
	const char *at = job_ref(j, "at");
	const struct job_text *t = &j->text[at != NULL];
	struct blame b = { .j = j, .at = t->at, .end = t->at + t->len };
	struct js *o;

	if (t->status != 0 && !t->over)
		return job_refuse(j, "there is no such file, or no such line");
	b.limit = limit_of(j);
	b.commits = js_array();
	b.ranges = js_array();
	idmap_init(&b.paths);
	read_all(&b);
	idmap_done(&b.paths);
	o = js_object();
	job_put_name(o, "path", job_name(j, "path"));
	js_add_str(o, "commit", at != NULL ? job_line(j, 0) : NULL);
	if (b.full || t->over)
		js_add_int(o, "next", offset_of(j) + b.taken);
	else
		js_add_str(o, "next", NULL);
	js_add(o, "commits", b.commits);
	js_add(o, "ranges", b.ranges);
	return o;
}

const struct job_kind job_blame = { "blame", next, answer, NULL, false };
