/* SPDX-License-Identifier: MIT */
#ifndef RDV_MATCH_H
#define RDV_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/http/http.h"

struct api_route;
struct arena;

#define MATCH_PARAMS 4

/*
 * Every table of rows, NULL at the end; build/gen/routes.c defines it from the
 * files in daemon/api. Each table ends with a row without a pattern.
 */
extern const struct api_route *const api_tables[];

/*
 * The tables as they are searched. Rows of a table begin alike, so one
 * comparison leaves most tables out. Free with free().
 */
struct api_index;
struct api_index *api_index_new(const struct api_route *const *tables);

struct api_match {
	const struct api_route *route;
	const char *params[MATCH_PARAMS]; /* in the arena, in order */
	uint32_t allowed; /* bit per enum http_method the path knows */
};

/*
 * Finds the row for a canonical path: whole segments only, a literal segment
 * wins over {name}, HEAD is served by a plain GET row. 0; RDV_E_NOT_FOUND for
 * an unknown path; RDV_E_STATE when the path exists with other methods, which
 * then stand in m->allowed.
 */
int api_match(const struct api_index *index, struct arena *a,
    enum http_method method, const char *path, struct api_match *m);
/* "GET, HEAD, POST" for the Allow header. */
void api_match_allow(uint32_t allowed, char *out, size_t size);

#endif
