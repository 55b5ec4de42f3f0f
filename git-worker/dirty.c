/* SPDX-License-Identifier: MIT */
/*
 * The entries of a status. What the index says beside HEAD cannot have changed
 * while only the work tree did; what the work tree says beside the index is
 * replaced name by name. Invariant: this is what git's status would name, as
 * long as each name that something has happened to was told anew.
 */
#include "git-worker/dirty.h"

#include <stdlib.h>
#include <string.h>

#include "git-worker/narrow.h"
#include "lib/arena.h"
#include "lib/porcelain.h"
#include "lib/xalloc.h"

#define RECORDS_MAX 10000

/* index and tree are git-status(1)'s X and Y; '?' and '?': not known to git. */
struct record {
	char *name;
	char index, tree;
};

struct dirty {
	struct record *list;
	size_t n, room;
};

struct dirty *
dirty_new(void)
{
	return xcalloc(1, sizeof(struct dirty));
}

static void
clear(struct dirty *d)
{
	while (d->n > 0)
		free(d->list[--d->n].name);
}

void
dirty_free(struct dirty *d)
{
	clear(d);
	free(d->list);
	free(d);
}

static bool
put(struct dirty *d, const char *name, char index, char tree)
{
	if (d->n == RECORDS_MAX)
		return false;
	if (d->n == d->room) {
		d->room = d->room * 2 + 16;
		d->list = xreallocarray(d->list, d->room, sizeof(*d->list));
	}
	d->list[d->n++] = (struct record){ xstrdup(name), index, tree };
	return true;
}

static const char *
next_record(const char **at, const char *end)
{
	const char *record = *at, *nul;

	if (record >= end)
		return NULL;
	nul = memchr(record, '\0', (size_t)(end - record));
	*at = nul == NULL ? end : nul + 1;
	return nul == NULL ? NULL : record;
}

static const char *
behind(const char *s, int blanks)
{
	while (s != NULL && blanks-- > 0) {
		s = strchr(s, ' ');
		s = s == NULL ? NULL : s + 1;
	}
	return s;
}

/* git-status(1): eight or ten words stand before the name. */
static bool
read_record(struct dirty *d, const char *r)
{
	const char *name;

	if (r[0] == '#' || r[0] == '!')
		return true;
	if (r[0] == '?')
		return r[1] == ' ' && put(d, r + 2, '?', '?');
	if ((r[0] != '1' && r[0] != 'u') || strlen(r) < 5)
		return false;
	name = behind(r, r[0] == '1' ? 8 : 10);
	/* Of a conflict both letters say so, and neither is ".". */
	return name != NULL && put(d, name, r[0] == 'u' ? 'U' : r[2], r[3]);
}

bool
dirty_read(struct dirty *d, const char *text, size_t len)
{
	const char *at = text, *end = text + len, *record;

	clear(d);
	while ((record = next_record(&at, end)) != NULL)
		if (!read_record(d, record))
			return false;
	return true;
}

/* Of the names in question only what the index says stays. */
static void
begin(struct dirty *d, const struct narrow *nw)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct record *r = &d->list[i];

		if (narrow_has(nw, r->name)) {
			if (r->index == '?') {
				free(r->name);
				continue;
			}
			r->tree = '.';
		}
		d->list[kept++] = *r;
	}
	d->n = kept;
}

static void
end_with(struct dirty *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->list[i].index == '.' && d->list[i].tree == '.')
			free(d->list[i].name);
		else
			d->list[kept++] = d->list[i];
	d->n = kept;
}

/* One that was deleted is told of as changed as well. */
static bool
set_tree(struct dirty *d, const char *name, char tree)
{
	for (size_t i = 0; i < d->n; i++) {
		struct record *r = &d->list[i];

		if (r->index == '?' || strcmp(r->name, name) != 0)
			continue;
		if (r->tree != 'D')
			r->tree = tree;
		return true;
	}
	return put(d, name, '.', tree);
}

bool
dirty_renew(struct dirty *d, const struct narrow *nw, const char *text,
    size_t len)
{
	const char *at = text, *end = text + len, *r;
	bool ok = true;

	begin(d, nw);
	while (ok && (r = next_record(&at, end)) != NULL) {
		if (r[0] == '\0' || r[1] != ' ' || !narrow_has(nw, r + 2))
			ok = false;
		else if (r[0] == '?')
			ok = put(d, r + 2, '?', '?');
		else if (r[0] == 'C' || r[0] == 'R')
			ok = set_tree(d, r + 2, r[0] == 'C' ? 'M' : 'D');
		else
			ok = false;
	}
	end_with(d);
	return ok;
}

size_t
dirty_len(const struct dirty *d)
{
	return d->n;
}

size_t
dirty_names(const struct dirty *d, struct arena *a, bool unknown,
    const char **names, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n && n < max; i++)
		if ((d->list[i].index == '?') == unknown)
			names[n++] = arena_strdup(a, d->list[i].name);
	return n;
}

void
dirty_count(const struct dirty *d, struct wt_status *out)
{
	out->untracked = out->modified = out->staged = 0;
	for (size_t i = 0; i < d->n; i++) {
		const struct record *r = &d->list[i];

		if (r->index == '?')
			out->untracked++;
		else if (r->index == '.' && (r->tree == 'M' || r->tree == 'D'))
			out->modified++;
		else
			out->staged++;
	}
}
