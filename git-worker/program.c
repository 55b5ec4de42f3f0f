/* SPDX-License-Identifier: MIT */
/*
 * Finds the program of an agent in directories that are named here, for PATH is
 * whatever a shell's files have made of it (abuse L10). Invariant: of what is
 * answered, each name on the way belongs to root or to the account and can be
 * written by no other, link by link; and none is in a worktree of ours or among
 * the programs that a repository brings.
 */
#include "git-worker/program.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"

#define LINKS_MAX 16
#define BROUGHT	  "/node_modules/.bin/"

/* One way to a file. */
struct way {
	const struct program_ask *ask;
	char path[PATH_MAX]; /* as far as links were followed */
	unsigned links;
	const char *why;
};

static int
refuse(struct way *w, const char *name, const char *what)
{
	w->why = arena_printf(w->ask->arena, "%s: %s", name, what);
	return RDV_E_INVALID;
}

/* `name` is a link in the way with `rest` behind it: the way goes on there. */
static int
follow(struct way *w, const char *name, const char *rest)
{
	char to[PATH_MAX], next[PATH_MAX];
	ssize_t n = readlink(name, to, sizeof(to) - 1);
	const char *full;

	if (n < 0 || ++w->links > LINKS_MAX)
		return refuse(w, name, "the link cannot be followed");
	to[n] = '\0';
	full = arena_printf(w->ask->arena, "%s%s", to, rest);
	if (!path_join(next, sizeof(next), path_parent(w->ask->arena, name),
		full))
		return refuse(w, name, "the link leads too far");
	memcpy(w->path, next, sizeof(next));
	return 0;
}

/*
 * Judges the name that ends at `end`. 0: it is as it must be; RDV_E_STATE: it
 * was a link, and the way has changed.
 */
static int
judge(struct way *w, size_t end)
{
	const char *name = arena_strndup(w->ask->arena, w->path, end);
	struct stat st;
	int err;

	if (lstat(name, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR
			   ? RDV_E_NOT_FOUND
			   : refuse(w, name, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != w->ask->uid)
		return refuse(w, name, "it is somebody else's");
	if (S_ISLNK(st.st_mode)) {
		err = follow(w, name, w->path + end);
		return err != 0 ? err : RDV_E_STATE;
	}
	/* In a directory like /tmp what is ours stays ours. */
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    !(S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0))
		return refuse(w, name, "others can write it");
	if (w->path[end] == '/' ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return refuse(w, name, "it is no program");
	return 0;
}

static int
brought(struct way *w)
{
	const char *trees = w->ask->trees;

	if (strstr(w->path, BROUGHT) != NULL)
		return refuse(w, w->path, "it came with a repository");
	if (trees != NULL && path_is_under(trees, w->path))
		return refuse(w, w->path, "it is in a worktree");
	return 0;
}

/* From the root to the file; anew from there after each link. */
static int
walk(struct way *w)
{
	size_t end = 1;
	int err = brought(w);

	while (err == 0 && w->path[end - 1] != '\0') {
		while (w->path[end] != '/' && w->path[end] != '\0')
			end++;
		err = judge(w, end);
		end++;
		if (err != RDV_E_STATE)
			continue;
		end = 1;
		err = brought(w);
	}
	return err;
}

/* A way to the file alone is none where it may not be executed. */
static int
try(struct way *w)
{
	struct stat st;
	int err = walk(w);

	if (err != 0)
		return err;
	if (stat(w->path, &st) != 0 || (st.st_mode & 0111) == 0)
		return refuse(w, w->path, "it cannot be executed");
	return 0;
}

/* The way that begins at `at`; one to nowhere is none. */
static int
look(struct way *w, const char *at)
{
	struct stat st;

	if (lstat(at, &st) != 0 || strlen(at) >= sizeof(w->path))
		return RDV_E_NOT_FOUND;
	memcpy(w->path, at, strlen(at) + 1);
	w->links = 0;
	w->why = NULL;
	return try(w);
}

int
program_find(const struct program_ask *ask, const char *name, const char **path,
    const char **why)
{
	const char *at, *refused = NULL;
	struct way w = { .ask = ask };

	if (path_absolute_ok(name)) {
		*path = name;
		if (look(&w, name) == 0)
			return 0;
		*path = NULL;
		refused = w.why;
	}
	for (size_t i = 0; path_component_ok(name) && ask->dirs[i] != NULL;
	     i++) {
		at = arena_printf(ask->arena, "%s/%s", ask->dirs[i], name);
		if (look(&w, at) == 0) {
			*path = at;
			return 0;
		}
		if (refused == NULL)
			refused = w.why;
		w.why = NULL;
	}
	*why = refused;
	return refused != NULL ? RDV_E_INVALID : RDV_E_NOT_FOUND;
}
