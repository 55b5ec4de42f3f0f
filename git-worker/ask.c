/* SPDX-License-Identifier: MIT */
/*
 * The questions rdvd may ask about paths, one row each. They look, and make
 * rdv's own directories where those are missing; whatever is behind a path is
 * for git to read. A look is an answer for now: what is done afterwards is
 * judged again by [ops], by descriptor, and by git.
 */
#include "git-worker/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/brought.h"
#include "git-worker/clone.h"
#include "git-worker/mounts.h"
#include "git-worker/program.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

/* Names tried when the default one is taken. */
#define NAMES_MAX  20
#define MOUNTS_MAX (8 << 20)

static uint8_t
found(int err)
{
	switch (err) {
	case 0:
		return GIT_FOUND;
	case RDV_E_NOT_FOUND:
		return GIT_NO_SUCH;
	case RDV_E_EXISTS:
		return GIT_TAKEN;
	}
	return GIT_REFUSED;
}

static void
fill(struct git_fact *f, int err, const char *path, const char *why)
{
	f->found = found(err);
	/* A sentence may be cut; a path that was would be another one. */
	if (!str_copy(f->text, err == 0 ? path : why, sizeof(f->text)) &&
	    err == 0)
		f->found = GIT_REFUSED;
}

static void
add(struct git_fact *f, bool is, uint8_t flag)
{
	if (is)
		f->flags |= flag;
}

static void
describe_main(const struct asking *q, const char *top, struct git_fact *f)
{
	if (!place_is_main(q->arena, &q->rules, top))
		return;
	f->flags |= GIT_F_MAIN;
	add(f, place_borrows(q->arena, top), GIT_F_BORROWS);
}

/* The work tree around a path; its text is the canonical top of that. */
static void
ask_place(struct asking *q, const char *path, struct git_fact *f)
{
	const struct place_ask ask = { q->arena, &q->rules, geteuid() };
	struct place at = { .at = NULL };
	const char *why = NULL;
	int err = place_find(&ask, path, &at, &why);

	fill(f, err, at.at, why);
	if (err != 0)
		return;
	add(f, at.linked, GIT_F_LINKED);
	add(f, place_same_mount(path_parent(q->arena, at.at), q->trash),
	    GIT_F_SAME_MOUNT);
	describe_main(q, at.at, f);
}

/* Whether a path is a main work tree; its flags tell. */
static void
ask_main(struct asking *q, const char *top, struct git_fact *f)
{
	describe_main(q, top, f);
}

/*
 * The directory that `path` is to lie in may be missing yet, if it is one of
 * ours: where rdv makes worktrees, or that of a workspace right in there.
 */
static void
make_parent(struct asking *q, const char *path)
{
	const char *parent = path_parent(q->arena, path);
	const char *dir, *real, *why = NULL;

	if (path_is_under(q->rules.dir, path))
		(void)place_make(q->arena, q->rules.dir, &dir, &why);
	real = place_real(q->arena, q->rules.dir);
	if (real != NULL && strcmp(path_parent(q->arena, parent), real) == 0)
		(void)place_make(q->arena, parent, &dir, &why);
}

/* Whether a new worktree could be made at a path; its text is that path. */
static void
ask_new(struct asking *q, const char *path, struct git_fact *f)
{
	const char *full = NULL, *why = NULL;
	int err;

	if (path_absolute_ok(path))
		make_parent(q, path);
	err = place_new(q->arena, &q->rules, path, &full, &why);
	fill(f, err, full, why);
}

/* The same for a name where rdv makes worktrees, or that with a number. */
static void
ask_fresh(struct asking *q, const char *name, struct git_fact *f)
{
	const char *dir, *path, *full = NULL, *why = NULL;
	int err = place_make(q->arena, q->rules.dir, &dir, &why);

	/* When all are taken the last one is, and that is what is told. */
	for (int i = 1; err == 0 && i <= NAMES_MAX; i++) {
		path = arena_printf(q->arena, "%s/%s", dir, name);
		if (i > 1)
			path = arena_printf(q->arena, "%s-%d", path, i);
		err = place_new(q->arena, &q->rules, path, &full, &why);
		if (err != RDV_E_EXISTS)
			break;
		err = i < NAMES_MAX ? 0 : err;
	}
	fill(f, err, full, why);
}

/* An empty directory where one of our worktrees has been; its text is that. */
static void
ask_room(struct asking *q, const char *path, struct git_fact *f)
{
	const char *dir = place_real(q->arena, q->rules.dir), *full = NULL;
	const char *why = "that is not where rdv makes worktrees";
	int err = RDV_E_INVALID;

	if (path_absolute_ok(path) && dir != NULL && path_is_under(dir, path) &&
	    strcmp(dir, path) != 0) {
		make_parent(q, path);
		err = place_make(q->arena, path, &full, &why);
	}
	fill(f, err, full, why);
}

/* The trash by its canonical name; "make": where it is missing it is made. */
static void
ask_trash(struct asking *q, const char *arg, struct git_fact *f)
{
	const char *real, *why = NULL;
	int err = 0;

	if (strcmp(arg, "make") == 0) {
		err = place_make(q->arena, q->trash, &real, &why);
	} else {
		real = place_real(q->arena, q->trash);
		/* What is not there has nothing in it. */
		real = real != NULL ? real : q->trash;
	}
	fill(f, err, real, why);
}

static void
ask_there(struct asking *q, const char *path, struct git_fact *f)
{
	struct stat st;

	(void)q;
	if (lstat(path, &st) == 0)
		f->flags |= GIT_F_THERE;
	else if (errno == ENOENT)
		f->flags |= GIT_F_ABSENT;
}

/* What the tree of a git directory is in the middle of, or "". */
static void
ask_midway(struct asking *q, const char *gitdir, struct git_fact *f)
{
	const char *what = place_midway(gitdir);

	(void)q;
	if (what != NULL && *what == '\0')
		f->found = GIT_REFUSED;
	else if (what != NULL)
		(void)str_copy(f->text, what, sizeof(f->text));
}

static bool
read_mounts(struct buf *b)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(b, chunk, (size_t)n);
	(void)close(fd);
	return n == 0 && buf_ok(b);
}

/* Whether something is mounted in a directory; also when nobody knows. */
static void
ask_mounted(struct asking *q, const char *dir, struct git_fact *f)
{
	struct buf b;

	(void)q;
	buf_init(&b, MOUNTS_MAX);
	add(f, !read_mounts(&b) || mounts_below(buf_cstr(&b), b.len, dir),
	    GIT_F_MOUNTED);
	buf_done(&b);
}

/* A repository to clone from; its text is the canonical path. */
static void
ask_source(struct asking *q, const char *path, struct git_fact *f)
{
	const char *full = NULL, *why = NULL;
	int err = clone_source(q->arena, &q->rules, path, &full, &why);

	fill(f, err, full, why);
}

/* Where agents' own installers put them, and where the host has programs. */
static const char *const program_dirs[] = { "~/.local/bin", "~/bin",
	"~/.npm-global/bin", "~/.bun/bin", "~/.opencode/bin", "/usr/local/bin",
	"/usr/bin", "/bin" };
#define PROGRAM_DIRS (sizeof(program_dirs) / sizeof(program_dirs[0]))

/* "~/x" is of the account's home; NULL when that is not known. */
static const char *
at_home(const struct asking *q, const char *path)
{
	if (*path != '~')
		return path;
	if (q->home == NULL || !path_absolute_ok(q->home) || path[1] != '/')
		return NULL;
	return arena_printf(q->arena, "%s%s", q->home, path + 1);
}

/*
 * Directories, a line each, in which "program" looks before all others, in the
 * questions behind this one.
 */
static void
ask_search(struct asking *q, const char *arg, struct git_fact *f)
{
	char *rest = arena_strdup(q->arena, arg), *line;
	const char *dir;

	q->nsearch = 0;
	q->search =
	    arena_alloc(q->arena, (strlen(arg) + 1) * sizeof(q->search[0]));
	while ((line = strsep(&rest, "\n")) != NULL) {
		dir = at_home(q, line);
		if (dir == NULL || !path_absolute_ok(dir)) {
			fill(f, RDV_E_INVALID, NULL,
			    arena_printf(q->arena,
				"%s: it is no plain absolute path", line));
			return;
		}
		q->search[q->nsearch++] = dir;
	}
	fill(f, 0, "", NULL);
}

/* A program that no other account can replace; its text is where it is. */
static void
ask_program(struct asking *q, const char *name, struct git_fact *f)
{
	const char **dirs = arena_alloc(q->arena,
	    (q->nsearch + PROGRAM_DIRS + 1) * sizeof(dirs[0]));
	const char *path = NULL, *why = NULL, *dir;
	const struct program_ask ask = { q->arena, geteuid(), dirs,
		place_real(q->arena, q->rules.dir) };
	size_t n = q->nsearch;
	int err;

	if (n > 0)
		memcpy(dirs, q->search, n * sizeof(dirs[0]));
	for (size_t i = 0; i < PROGRAM_DIRS; i++) {
		dir = at_home(q, program_dirs[i]);
		if (dir != NULL)
			dirs[n++] = dir;
	}
	err = program_find(&ask, name, &path, &why);
	fill(f, err, path, why != NULL ? why : "it is not installed");
}

/*
 * What a confined agent has for a home, with the directory it is in: made where
 * they are missing, as the account's alone. Its text is the canonical path.
 */
static void
ask_agent(struct asking *q, const char *arg, struct git_fact *f)
{
	const char *path = at_home(q, arg), *real = NULL;
	const char *why = "it is no plain path";
	int err = RDV_E_INVALID;

	if (path != NULL && path_absolute_ok(path))
		err = place_make(q->arena, path_parent(q->arena, path), &real,
		    &why);
	if (err == 0)
		err = place_make(q->arena, path, &real, &why);
	fill(f, err, real, why);
}

/* Settings of a project's for an agent; its text is their digest and names. */
static void
ask_brought(struct asking *q, const char *arg, struct git_fact *f)
{
	const char *text = NULL, *why = NULL;
	int err = brought_find(q->arena, arg, &text, &why);

	fill(f, err, text, why);
}

/* A path as the account has it; it is not looked at. */
static void
ask_name(struct asking *q, const char *arg, struct git_fact *f)
{
	const char *path = at_home(q, arg);
	const bool ok = path != NULL && path_absolute_ok(path);

	fill(f, ok ? 0 : RDV_E_INVALID, path, "it is no plain path");
}

/* When a file was changed last, in seconds; it is not opened. */
static void
ask_when(struct asking *q, const char *arg, struct git_fact *f)
{
	const char *path = at_home(q, arg);
	struct stat st;

	if (path == NULL || !path_absolute_ok(path)) {
		fill(f, RDV_E_INVALID, NULL, "it is no plain path");
		return;
	}
	if (lstat(path, &st) != 0) {
		fill(f,
		    errno == ENOENT || errno == ENOTDIR ? RDV_E_NOT_FOUND
							: RDV_E_INVALID,
		    NULL, "it is not there");
		return;
	}
	fill(f, 0, arena_printf(q->arena, "%lld", (long long)st.st_mtim.tv_sec),
	    NULL);
}

static const struct question {
	const char *name;
	void (*answer)(struct asking *q, const char *arg, struct git_fact *f);
} questions[] = {
	{ "agent", ask_agent },
	{ "brought", ask_brought },
	{ "fresh", ask_fresh },
	{ "main", ask_main },
	{ "midway", ask_midway },
	{ "mounted", ask_mounted },
	{ "name", ask_name },
	{ "new", ask_new },
	{ "place", ask_place },
	{ "program", ask_program },
	{ "source", ask_source },
	{ "room", ask_room },
	{ "search", ask_search },
	{ "there", ask_there },
	{ "trash", ask_trash },
	{ "when", ask_when },
};

bool
ask_answer(struct asking *q, const char *question, const char *arg,
    struct git_fact *f)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (strcmp(questions[i].name, question) != 0)
			continue;
		questions[i].answer(q, arg, f);
		return true;
	}
	return false;
}
