/* SPDX-License-Identifier: MIT */
/*
 * Path to row. The path is canonical already, so matching is comparing whole
 * segments: "/api/sessionsx" and "/api/sessions/" are other paths than
 * "/api/sessions" and exist only if a row says so.
 */
#include "daemon/api/match.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/api.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/xalloc.h"

struct api_index_table {
	const struct api_route *rows;
	uint8_t *slashes; /* of each row's pattern */
	size_t common;	  /* bytes that begin all patterns */
	size_t skip;	  /* whole segments among them, bytes */
	uint32_t score;	  /* of what is skipped */
};

struct api_index {
	size_t n;
	struct api_index_table tables[];
};

struct piece {
	const char *p;
	size_t len;
};

static uint8_t
count_slashes(const char *s)
{
	uint8_t n = 0;

	while ((s = strchr(s, '/')) != NULL && n < UINT8_MAX) {
		s++;
		n++;
	}
	return n;
}

/*
 * Walks pattern and path together, byte by byte: most rows part from the path
 * within a few. On success `score`, begun by the caller, tells how literal the
 * pattern is: one bit per segment, the first one most significant.
 */
static bool
match_one(const char *pattern, const char *path, struct piece *params,
    uint32_t *score)
{
	unsigned n = 0;

	while (*pattern != '\0') {
		if (*pattern == '{') {
			size_t len = (size_t)(strchrnul(path, '/') - path);

			if (len == 0 || n == MATCH_PARAMS)
				return false;
			params[n++] = (struct piece){ path, len };
			path += len;
			pattern = strchr(pattern, '}') + 1;
			continue;
		}
		if (*pattern != *path)
			return false;
		if (*pattern == '/')
			*score = *score << 1 | (pattern[1] != '{');
		pattern++;
		path++;
	}
	return *path == '\0';
}

/*
 * HEAD of a stream would be a promise to describe what has no end. RFC 9110
 * section 9.3.2: HEAD is GET without the content.
 */
static bool
serves(const struct api_route *row, enum http_method method)
{
	return row->method == method ||
	       (method == HTTP_M_HEAD && row->method == HTTP_M_GET &&
		   row->kind == API_PLAIN);
}

static uint32_t
methods_of(const struct api_route *row)
{
	uint32_t bits = 1u << row->method;

	if (serves(row, HTTP_M_HEAD))
		bits |= 1u << HTTP_M_HEAD;
	return bits;
}

struct best {
	const struct api_route *row;
	struct piece params[MATCH_PARAMS];
	uint32_t score;
	bool any;
	uint32_t allowed;
};

/* A more literal pattern hides a less literal one, whatever its method. */
static void
consider(struct best *best, const struct api_index_table *t,
    const struct api_route *row, enum http_method method, const char *path)
{
	struct piece params[MATCH_PARAMS] = { { NULL, 0 } };
	uint32_t score = t->score;

	if (!match_one(row->pattern + t->skip, path + t->skip, params,
		&score) ||
	    (best->any && score < best->score))
		return;
	if (!best->any || score > best->score) {
		best->any = true;
		best->score = score;
		best->row = NULL;
		best->allowed = 0;
	}
	best->allowed |= methods_of(row);
	if (serves(row, method)) {
		best->row = row;
		memcpy(best->params, params, sizeof(params));
	}
}

/* How far all patterns of a table are the same text. */
static size_t
common_prefix(const struct api_route *rows)
{
	size_t n = strcspn(rows->pattern, "{"), same;

	for (; rows[1].pattern != NULL; rows++) {
		for (same = 0; same < n; same++)
			if (rows[0].pattern[same] != rows[1].pattern[same])
				break;
		n = same;
	}
	return n;
}

static void
table_init(struct api_index_table *t, const struct api_route *rows)
{
	t->rows = rows;
	if (rows->pattern == NULL)
		return;
	for (size_t i = 0; rows[i].pattern != NULL; i++)
		t->slashes[i] = count_slashes(rows[i].pattern);
	t->common = common_prefix(rows);
	/* What is behind the last slash may be the beginning of a segment. */
	for (size_t i = 0; i < t->common; i++) {
		if (rows->pattern[i] != '/')
			continue;
		t->score = i == 0 ? 0 : t->score << 1 | 1;
		t->skip = i;
	}
}

static size_t
count_rows(const struct api_route *rows)
{
	size_t n = 0;

	while (rows[n].pattern != NULL)
		n++;
	return n;
}

/* In one piece: behind the tables are the bytes they point to. */
struct api_index *
api_index_new(const struct api_route *const *tables)
{
	struct api_index *x;
	size_t n = 0, rows = 0;
	uint8_t *slashes;

	for (; tables[n] != NULL; n++)
		rows += count_rows(tables[n]);
	x = xcalloc(1, sizeof(*x) + n * sizeof(x->tables[0]) + rows);
	slashes = (uint8_t *)&x->tables[n];
	for (; x->n < n; x->n++) {
		x->tables[x->n].slashes = slashes;
		table_init(&x->tables[x->n], tables[x->n]);
		slashes += count_rows(tables[x->n]);
	}
	return x;
}

static void
consider_table(struct best *best, const struct api_index_table *t,
    enum http_method method, const char *path, uint8_t slashes)
{
	const struct api_route *rows = t->rows;

	if (rows->pattern == NULL ||
	    strncmp(rows->pattern, path, t->common) != 0)
		return;
	/* A parameter is one segment, so both sides have as many. */
	for (size_t i = 0; rows[i].pattern != NULL; i++)
		if (t->slashes[i] == slashes)
			consider(best, t, &rows[i], method, path);
}

int
api_match(const struct api_index *index, struct arena *a,
    enum http_method method, const char *path, struct api_match *m)
{
	struct best best = { .row = NULL };
	uint8_t slashes = count_slashes(path);

	for (size_t i = 0; i < index->n; i++)
		consider_table(&best, &index->tables[i], method, path, slashes);
	if (!best.any)
		return RDV_E_NOT_FOUND;
	m->allowed = best.allowed;
	if (best.row == NULL)
		return RDV_E_STATE;
	m->route = best.row;
	for (unsigned i = 0; i < MATCH_PARAMS; i++) {
		const struct piece *p = &best.params[i];

		m->params[i] =
		    p->p != NULL ? arena_strndup(a, p->p, p->len) : NULL;
	}
	return 0;
}

void
api_match_allow(uint32_t allowed, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < HTTP_M_MAX && used < size; i++) {
		if ((allowed & (1u << i)) == 0)
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s",
		    used > 0 ? ", " : "", http_method_name(i));
	}
}
