/* SPDX-License-Identifier: MIT */
/*
 * The files that differ, each with the token of its last change; one that does
 * not differ any more stays for a while, so that this can be told. Invariant:
 * what a client has made of an answer as of a token, and of all answers since,
 * is what is here.
 */
#include "git-worker/diffdoc.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "git-worker/narrow.h"
#include "git-worker/place.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define GONE_MAX  1000
#define FILE_MAX  65536
#define BYTES_MAX (640u << 10) /* of all texts, so that they fit a message */

struct entry {
	char *name;  /* exactly */
	char *old;   /* what it was called, or NULL */
	char *text;  /* as JSON; NULL: it does not differ any more */
	char status; /* the first letter of its word */
	int64_t added, removed;
	/*
	 * When its file was changed last, in ns: it may read otherwise though
	 * the text says the same. 0: there is none.
	 */
	int64_t stamp;
	int64_t token;
	bool seen; /* by the look that is being taken */
};

struct diffdoc {
	const char *top;
	struct entry *list;
	size_t n, room, ngone, bytes;
	size_t hint; /* where the next one probably is */
	char *from;
	const char *midway;   /* what is open, or NULL */
	int64_t midway_stamp; /* of the index, while something is */
	int64_t token, floor; /* what was before the latter is forgotten */
	bool whole, changed;
	int64_t total, added, removed; /* of more than it has, if not whole */
};

struct diffdoc *
diffdoc_new(const char *top)
{
	struct diffdoc *d = xcalloc(1, sizeof(*d));

	d->top = top;
	/* They grow more slowly than time does: no other one has had these. */
	d->token = d->floor = clock_wall_ms();
	return d;
}

static void
entry_done(struct entry *e)
{
	free(e->name);
	free(e->old);
	free(e->text);
}

static void
clear(struct diffdoc *d)
{
	while (d->n > 0)
		entry_done(&d->list[--d->n]);
	d->ngone = d->bytes = 0;
}

void
diffdoc_free(struct diffdoc *d)
{
	clear(d);
	free(d->list);
	free(d->from);
	free(d);
}

int64_t
diffdoc_token(const struct diffdoc *d)
{
	return d->token;
}

const char *
diffdoc_from(const struct diffdoc *d)
{
	return d->from;
}

bool
diffdoc_whole(const struct diffdoc *d)
{
	return d->from != NULL && d->whole;
}

/* xmalloc'ed; NULL when it is not there. */
static char *
exact(const struct js *file, const char *key, const char *coded_key)
{
	const char *coded = js_str(file, coded_key, NULL);
	const char *name = js_str(file, key, NULL);
	size_t len = 0;
	char *out;

	if (coded == NULL)
		return name == NULL ? NULL : xstrdup(name);
	out = xcalloc(strlen(coded) + 1, 1);
	if (!str_unbase64(out, strlen(coded), &len, coded))
		len = 0;
	out[len] = '\0';
	return out;
}

static int64_t
stamp_in(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	if (name == NULL || !path_join(path, sizeof(path), dir, name) ||
	    lstat(path, &st) != 0)
		return 0;
	return (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
}

static void
entry_read(const struct diffdoc *d, struct entry *e, const struct js *file)
{
	struct buf b;

	buf_init(&b, FILE_MAX);
	js_dump(file, &b);
	*e = (struct entry){
		.name = exact(file, "path", "path_base64"),
		.old = exact(file, "old_path", "old_path_base64"),
		.text = xstrdup(buf_cstr(&b)),
		.status = js_str(file, "status", "?")[0],
		.added = js_int(file, "added", 0),
		.removed = js_int(file, "removed", 0),
		.seen = true,
	};
	e->stamp = stamp_in(d->top, e->name);
	buf_done(&b);
}

static struct entry *
find(struct diffdoc *d, const char *name)
{
	/* They come in the order in which they came before. */
	for (size_t i = 0; i < d->n; i++) {
		const size_t at = (d->hint + i) % d->n;

		if (strcmp(d->list[at].name, name) != 0)
			continue;
		d->hint = at + 1;
		return &d->list[at];
	}
	return NULL;
}

/* Takes what is in `e` over. */
static void
put(struct diffdoc *d, struct entry *e)
{
	struct entry *was = find(d, e->name);

	if (was != NULL && was->text != NULL && was->stamp == e->stamp &&
	    strcmp(was->text, e->text) == 0) {
		was->seen = true;
		entry_done(e);
		return;
	}
	d->changed = true;
	e->token = d->token + 1;
	d->bytes += strlen(e->text);
	if (was != NULL) {
		d->bytes -= was->text == NULL ? 0 : strlen(was->text);
		d->ngone -= was->text == NULL;
		entry_done(was);
		*was = *e;
		return;
	}
	if (d->n == d->room) {
		d->room = d->room * 2 + 16;
		d->list = xreallocarray(d->list, d->room, sizeof(*d->list));
	}
	d->list[d->n++] = *e;
}

static void
set_gone(struct diffdoc *d, struct entry *e)
{
	d->bytes -= strlen(e->text);
	free(e->text);
	e->text = NULL;
	e->token = d->token + 1;
	d->ngone++;
	d->changed = true;
}

/* Who does not know it that young is told everything. */
static void
forget_gone(struct diffdoc *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (d->list[i].text == NULL)
			entry_done(&d->list[i]);
		else
			d->list[kept++] = d->list[i];
	}
	d->n = kept;
	d->ngone = 0;
	d->floor = d->token;
}

/* Two of them may be one file that was renamed: only a look at all tells. */
static bool
may_pair(char status)
{
	return status == 'a' || status == 'd' || status == 'r' || status == 'c';
}

/*
 * True when what some names are does not depend on the others: no rename may
 * have come or gone with it.
 */
static bool
stands_alone(const struct diffdoc *d, const struct js *files,
    const struct narrow *nw)
{
	bool pairs = false, touched = false;
	size_t added = 0, deleted = 0;
	char status;

	for (size_t i = 0; i < js_len(files); i++) {
		status = js_str(js_at(files, i), "status", "?")[0];
		touched = touched || may_pair(status);
		pairs = pairs || status == 'r' || status == 'c';
		added += status == 'a';
		deleted += status == 'd';
	}
	for (size_t i = 0; i < d->n; i++) {
		const struct entry *e = &d->list[i];

		if (e->text == NULL)
			continue;
		if (may_pair(e->status) &&
		    (narrow_has(nw, e->name) ||
			(e->old != NULL && narrow_has(nw, e->old))))
			touched = true;
		pairs = pairs || e->status == 'r' || e->status == 'c';
		added += e->status == 'a';
		deleted += e->status == 'd';
	}
	return !touched || (!pairs && (added == 0 || deleted == 0));
}

/* It was taken out of the index, and is there as one that git does not know. */
static bool
comes_again(const struct js *files, size_t i)
{
	const char *path = js_str(js_at(files, i), "path", "");

	if (js_str(js_at(files, i), "status", "?")[0] != 'd')
		return false;
	for (size_t k = i + 1; k < js_len(files); k++)
		if (strcmp(js_str(js_at(files, k), "path", ""), path) == 0)
			return true;
	return false;
}

static void
put_files(struct diffdoc *d, const struct js *files, const struct narrow *nw)
{
	struct entry e;

	for (size_t i = 0; i < d->n; i++)
		d->list[i].seen =
		    d->list[i].text == NULL ||
		    (nw != NULL && !narrow_has(nw, d->list[i].name));
	for (size_t i = 0; i < js_len(files); i++) {
		if (comes_again(files, i))
			continue;
		entry_read(d, &e, js_at(files, i));
		if (e.name == NULL)
			entry_done(&e);
		else
			put(d, &e);
	}
	for (size_t i = 0; i < d->n; i++)
		if (!d->list[i].seen)
			set_gone(d, &d->list[i]);
}

/* Of what it has; of what is not complete git's own are told. */
static void
sum(struct diffdoc *d)
{
	d->total = d->added = d->removed = 0;
	for (size_t i = 0; i < d->n; i++) {
		if (d->list[i].text == NULL)
			continue;
		d->total++;
		d->added += d->list[i].added;
		d->removed += d->list[i].removed;
	}
}

static void
take_totals(struct diffdoc *d, const struct js *result)
{
	const int64_t total = js_int(result, "total", 0);
	const int64_t added = js_int(result, "added", 0);
	const int64_t removed = js_int(result, "removed", 0);

	d->changed = d->changed || total != d->total || added != d->added ||
		     removed != d->removed;
	d->total = total;
	d->added = added;
	d->removed = removed;
}

/* Another commit to compare with makes it another one. */
static void
take_from(struct diffdoc *d, const char *from)
{
	/* The index. */
	if (from == NULL)
		from = "";
	if (d->from != NULL && strcmp(d->from, from) == 0)
		return;
	free(d->from);
	d->from = xstrdup(from);
	clear(d);
	d->changed = true;
	d->floor = d->token + 1;
}

static void
take_midway(struct diffdoc *d, const char *gitdir)
{
	const char *what = gitdir == NULL ? NULL : place_midway(gitdir);
	const int64_t stamp = what == NULL ? 0 : stamp_in(gitdir, "index");

	if (what != NULL && *what == '\0')
		what = "unknown";
	if (what == NULL || d->midway == NULL ? what != d->midway
					      : strcmp(what, d->midway) != 0)
		d->changed = true;
	d->changed = d->changed || stamp != d->midway_stamp;
	d->midway = what;
	d->midway_stamp = stamp;
}

bool
diffdoc_take(struct diffdoc *d, const struct js *result,
    const struct narrow *nw, const char *gitdir)
{
	const struct js *files = js_get(result, "files");
	const bool cut = !js_is_null(js_get(result, "next")) ||
			 js_bool(result, "truncated", false);

	d->changed = false;
	if (nw != NULL && (cut || !stands_alone(d, files, nw)))
		return false;
	if (nw == NULL) {
		take_from(d, js_str(result, "from", NULL));
		d->changed = d->changed || d->whole == cut;
		d->whole = !cut;
	}
	take_midway(d, gitdir);
	put_files(d, files, nw);
	if (nw != NULL &&
	    (d->n - d->ngone > DIFFDOC_FILES || d->bytes > BYTES_MAX))
		d->whole = false;
	if (d->whole)
		sum(d);
	else if (nw == NULL)
		take_totals(d, result);
	if (d->changed)
		d->token++;
	if (d->ngone > GONE_MAX)
		forget_gone(d);
	return d->whole || nw == NULL;
}

/* No name in a tree begins with a slash. */
static void
push_key(struct js *list, const char *name)
{
	const size_t len = strlen(name);
	char *key;

	if (str_utf8_valid(name, len)) {
		js_push_str(list, name);
		return;
	}
	key = xcalloc(4 * ((len + 2) / 3) + 3, 1);
	memcpy(key, "//", 2);
	str_base64(key + 2, name, len);
	js_push_str(list, key);
	free(key);
}

static void
put_changed(const struct diffdoc *d, struct js *o, int64_t since, bool whole)
{
	struct js *gone = js_array();
	struct buf b;
	size_t n = 0;

	buf_init(&b, 2 * BYTES_MAX);
	buf_put_text(&b, "[");
	for (size_t i = 0; i < d->n; i++) {
		const struct entry *e = &d->list[i];

		if (!whole && e->token <= since)
			continue;
		if (e->text != NULL) {
			buf_put_text(&b, n++ > 0 ? "," : "");
			buf_put_text(&b, e->text);
		} else if (!whole) {
			push_key(gone, e->name);
		}
	}
	buf_put_text(&b, "]");
	js_add_json(o, "files", buf_cstr(&b));
	js_add(o, "gone", gone);
	buf_done(&b);
}

struct js *
diffdoc_since(const struct diffdoc *d, int64_t since, bool totals)
{
	const bool whole = since < d->floor || since > d->token;
	struct js *o = js_object();

	js_add_int(o, "token", d->token);
	js_add_str(o, "from",
	    d->from == NULL || *d->from == '\0' ? NULL : d->from);
	js_add_bool(o, "whole", whole);
	js_add_int(o, "total", d->total);
	js_add_int(o, "added", d->added);
	js_add_int(o, "removed", d->removed);
	js_add_bool(o, "truncated", !d->whole);
	js_add_str(o, "operation", d->midway);
	if (!totals)
		put_changed(d, o, since, whole);
	return o;
}
