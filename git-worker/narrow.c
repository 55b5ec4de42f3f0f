/* SPDX-License-Identifier: MIT */
/*
 * Which part of the index git needs for some names: their entries, one for each
 * directory that has to look like a known one, and the attributes above them.
 * Invariant: whatever this is not sure about makes the look a whole one.
 */
#include "git-worker/narrow.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/index.h"
#include "git-worker/touched.h"
#include "lib/arena.h"
#include "lib/path.h"
#include "lib/str.h"

#define ENTRIES_MAX 512

struct making {
	struct narrow *nw;
	struct arena *arena;
	struct index *ix;
	const struct narrow_place *place;
	size_t at[ENTRIES_MAX];
	size_t n;
};

static bool
add(struct making *m, size_t at)
{
	if (m->n == ENTRIES_MAX)
		return false;
	m->at[m->n++] = at;
	return true;
}

/* A file or a link is there, of the kind that the index has, or nothing is. */
static bool
is_of_kind(const struct making *m, const struct index_entry *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (!e->plain || (!S_ISREG(e->mode) && !S_ISLNK(e->mode)) ||
	    !path_join(path, sizeof(path), m->place->top, e->name))
		return false;
	return lstat(path, &st) < 0 ||
	       (st.st_mode & S_IFMT) == (e->mode & S_IFMT);
}

/* All entries called `name` or below it; `*any`: there are some. */
static bool
add_known(struct making *m, const char *name, bool *any)
{
	static struct index_entry e;
	const char *below = arena_printf(m->arena, "%s/", name);
	char path[PATH_MAX];
	struct stat st;
	size_t at;

	*any = false;
	if (!index_find(m->ix, name, &at))
		return false;
	if (index_read(m->ix, at, &e) && strcmp(e.name, name) == 0) {
		*any = true;
		return is_of_kind(m, &e) && add(m, at);
	}
	if (!index_find(m->ix, below, &at))
		return false;
	for (; index_read(m->ix, at, &e) && str_starts(e.name, below); at++) {
		*any = true;
		if (!is_of_kind(m, &e) || !add(m, at))
			return false;
	}
	/* A directory that is none any more: then all below has gone. */
	return !*any || (path_join(path, sizeof(path), m->place->top, name) &&
			    lstat(path, &st) < 0);
}

/* One entry in `dir`, if there is any. */
static bool
add_one_in(struct making *m, const char *dir, bool *any)
{
	static struct index_entry e;
	const char *below = arena_printf(m->arena, "%s/", dir);
	size_t at;

	if (!index_find(m->ix, below, &at))
		return false;
	*any = index_read(m->ix, at, &e) && str_starts(e.name, below);
	return !*any || add(m, at);
}

static bool
add_attributes(struct making *m, const char *dir)
{
	static struct index_entry e;
	const char *name = arena_printf(m->arena, "%s%s.gitattributes", dir,
	    *dir == '\0' ? "" : "/");
	size_t at;

	if (!index_find(m->ix, name, &at))
		return false;
	return !index_read(m->ix, at, &e) || strcmp(e.name, name) != 0 ||
	       add(m, at);
}

/*
 * What git tells of when `name` is not known to it: the directory above all of
 * which is unknown, or the name itself.
 */
static bool
unknown_of(struct making *m, char *name)
{
	static struct index_entry e;
	bool any;
	size_t at;

	for (char *p = strchr(name, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (!add_one_in(m, name, &any))
			return false;
		/* It may be a file there. */
		if (!any)
			return index_find(m->ix, name, &at) &&
			       (!index_read(m->ix, at, &e) ||
				   strcmp(e.name, name) != 0);
		*p = '/';
	}
	return true;
}

static bool
add_name(struct making *m, const char *touched)
{
	char *name = arena_strdup(m->arena, touched), *dir;
	bool any;

	if (!add_known(m, name, &any) ||
	    (!any && !m->place->exact && !unknown_of(m, name)))
		return false;
	m->nw->names[m->nw->n++] = name;
	dir = arena_strdup(m->arena, name);
	for (char *p = strrchr(dir, '/'); p != NULL; p = strrchr(dir, '/')) {
		*p = '\0';
		if (!add_attributes(m, dir))
			return false;
	}
	return add_attributes(m, "");
}

static int
by_place(const void *a, const void *b)
{
	const size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? -1 : x > y;
}

static size_t
sort(size_t *at, size_t n)
{
	size_t kept = 0;

	qsort(at, n, sizeof(*at), by_place);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || at[i] != at[i - 1])
			at[kept++] = at[i];
	return kept;
}

bool
narrow_write(char file[PATH_MAX], struct index *ix, size_t *at, size_t n)
{
	const char *dir = getenv("TMPDIR");
	bool ok;
	int fd;

	if (dir == NULL || *dir != '/')
		dir = "/tmp";
	if ((size_t)snprintf(file, PATH_MAX, "%s/rdv-index-XXXXXX", dir) >=
	    PATH_MAX)
		file[0] = '\0';
	fd = file[0] == '\0' ? -1 : mkostemp(file, O_CLOEXEC);
	if (fd < 0) {
		file[0] = '\0';
		return false;
	}
	n = sort(at, n);
	ok = index_write(ix, at, n, fd);
	(void)close(fd);
	if (!ok) {
		(void)unlink(file);
		file[0] = '\0';
	}
	return ok;
}

bool
narrow_names(struct narrow *nw, struct arena *a, struct index *ix,
    const struct narrow_place *p, const char *const *names, size_t n)
{
	static struct making m;
	char path[PATH_MAX];

	m = (struct making){ .nw = nw, .arena = a, .ix = ix, .place = p };
	*nw = (struct narrow){ .n = 0 };
	if (!path_join(path, sizeof(path), p->gitdir, "index") ||
	    !index_open(ix, path, p->hash))
		return false;
	nw->names = arena_alloc(a, (n + 1) * sizeof(*nw->names));
	for (size_t i = 0; i < n; i++)
		if (!add_name(&m, names[i]))
			return false;
	nw->names[nw->n] = NULL;
	return narrow_write(nw->file, ix, m.at, m.n);
}

bool
narrow_make(struct narrow *nw, struct arena *a, struct index *ix,
    const struct narrow_place *p, const struct touched *t)
{
	*nw = (struct narrow){ .n = 0 };
	return !t->all && t->n > 0 &&
	       narrow_names(nw, a, ix, p, (const char *const *)t->name, t->n);
}

void
narrow_done(struct narrow *nw)
{
	if (nw->file[0] != '\0')
		(void)unlink(nw->file);
	nw->file[0] = '\0';
}

bool
narrow_has(const struct narrow *nw, const char *name)
{
	size_t len;

	for (size_t i = 0; i < nw->n; i++) {
		len = strlen(nw->names[i]);
		if (strncmp(nw->names[i], name, len) == 0 &&
		    (name[len] == '\0' || name[len] == '/'))
			return true;
	}
	return false;
}
