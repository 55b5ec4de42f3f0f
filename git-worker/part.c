/* SPDX-License-Identifier: MIT */
/*
 * A page of very much. The entries of the index are compared with their files
 * by size and times, in their order, until there are enough; git is then shown
 * an index of those alone, and judges them.
 * Invariant: where the rest of the index could change what is told of the first
 * files (something is staged, one is gone, a submodule, a conflict), nothing is
 * told here, and git is asked about all.
 */
#include "git-worker/part.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/index.h"
#include "git-worker/job.h"
#include "git-worker/narrow.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

/* Beyond so many entries a whole look is as good. */
#define SCAN_MAX  20000
#define LIMIT_MAX 500
#define SPARE	  64  /* candidates that turn out to be as they were */
#define USUAL	  500 /* as job.c has it */

/* Steps. */
enum { PLACE, STAGED, DIFF, END };

bool
part_wanted(const struct job *j)
{
	return sides_usual(j) && js_bool(j->ask, "first", false) &&
	       js_int(j->ask, "offset", 0) == 0 &&
	       js_int(j->ask, "limit", USUAL) <= LIMIT_MAX;
}

void
part_done(struct part *p)
{
	if (p->index[0] != '\0')
		(void)unlink(p->index);
	p->index[0] = '\0';
}

enum found { SAME, MAYBE, DIFFERENT, UNSURE };

/* As git has it but for what it need not be told: it compares the content. */
static enum found
compare(const char *top, const struct index *ix, const struct index_entry *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (!e->plain || (!S_ISREG(e->mode) && !S_ISLNK(e->mode)) ||
	    !path_join(path, sizeof(path), top, e->name) ||
	    lstat(path, &st) < 0 || (st.st_mode & S_IFMT) != (e->mode & S_IFMT))
		return UNSURE;
	if (index_differs(ix, e, &st))
		return st.st_size == (off_t)e->size ? MAYBE : DIFFERENT;
	return SAME;
}

/*
 * Until there are enough that differ for sure, or so many that may. False: not
 * enough of both, or one that is not for this.
 */
static bool
scan(struct job *j, struct part *p, struct index *ix)
{
	static struct index_entry e;
	const size_t room = 2 * p->limit + SPARE;
	size_t *at = arena_alloc(j->arena, room * sizeof(*at));
	size_t n = 0, sure = 0;
	enum found f;

	p->same = arena_alloc(j->arena, room * sizeof(*p->same));
	for (size_t i = 0; i < SCAN_MAX && sure <= p->limit && n < room; i++) {
		f = index_read(ix, i, &e) ? compare(j->top, ix, &e) : UNSURE;
		if (f == UNSURE)
			return false;
		if (f == SAME)
			continue;
		sure += f == DIFFERENT;
		if (f == MAYBE)
			p->same[p->nsame++] = arena_strdup(j->arena, e.name);
		at[n++] = i;
	}
	return n > p->limit && narrow_write(p->index, ix, at, n);
}

/* "<gitdir>\n<format>\n". */
static bool
find(struct job *j, struct part *p)
{
	const char *text = j->text[p->step + PLACE].at, *format;
	struct index *ix = index_new();
	char path[PATH_MAX];
	bool ok;

	format = strchr(text, '\n');
	ok = format != NULL &&
	     path_join(path, sizeof(path),
		 arena_strndup(j->arena, text, (size_t)(format - text)),
		 "index") &&
	     index_open(ix, path, str_starts(format, "\nsha256\n") ? 32 : 20) &&
	     scan(j, p, ix);
	index_free(ix);
	return ok;
}

static bool
may_be_same(const struct part *p, const char *path)
{
	for (size_t i = 0; i < p->nsame; i++)
		if (strcmp(p->same[i], path) == 0)
			return true;
	return false;
}

/* A line of numbers says that it differs; of the same bytes git has none. */
static bool
differs(const struct diff_file *f)
{
	return strcmp(f->old_mode, f->new_mode) != 0 ||
	       (f->counted && (f->added != 0 || f->removed != 0));
}

/* Those that are as they were go; false: too many, or one is doubtful. */
static bool
sift(struct part *p)
{
	struct diff_file *list = p->files.list;
	const struct diff_file *f = list, *last = list + p->files.n;
	size_t n = 0;
	bool same;

	for (; f < last; f++) {
		same = may_be_same(p, f->path);
		if ((f->status != 'M' && f->status != 'T') ||
		    (f->added < 0 && f->counted && same))
			return false;
		if (differs(f))
			list[n++] = *f;
		/* Only its line ends, say: of that git's commands differ. */
		else if (!same)
			return false;
	}
	p->files.n = n;
	return n > p->limit;
}

static void
ask_diff(struct job *j, struct part *p)
{
	static const char *const how[] = { "--raw", "--numstat", NULL };
	static const char *const nowhere[] = { NULL };
	/* Nothing is staged, so that the index says what HEAD has. */
	const struct sides sides = { .from = NULL };

	diff_ask(j, &sides, how, nowhere);
	j->index = p->index;
}

void
part_next(struct job *j, struct part *p)
{
	const unsigned at = j->n - p->step;

	p->limit = (size_t)js_int(j->ask, "limit", USUAL);
	if (at == PLACE) {
		JOB_ASK(j, "rev-parse", "--path-format=absolute", "--git-dir",
		    "--show-object-format");
		return;
	}
	if (at == STAGED && find(j, p)) {
		JOB_ASK(j, "--no-optional-locks", "diff-index", "--cached",
		    "--quiet", "--no-ext-diff", "HEAD", "--");
		return;
	}
	if (at == DIFF && j->text[p->step + STAGED].status == 0) {
		ask_diff(j, p);
		return;
	}
	p->over = true;
	p->told = at == END && !j->text[p->step + DIFF].over &&
		  diff_read(j, p->step + DIFF, &p->files) && sift(p);
}
