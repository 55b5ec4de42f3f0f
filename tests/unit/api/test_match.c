/* SPDX-License-Identifier: MIT */
/*
 * Paths to rows over a small table: whole segments, literal before {name}, and
 * which methods a path has.
 */
#include "daemon/api/match.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "tests/unit/check.h"

static const struct api_route first[] = {
	{ HTTP_M_GET, "/api/x", .doc = "list" },
	{ HTTP_M_POST, "/api/x", .doc = "new" },
	{ HTTP_M_GET, "/api/x/{id}", .doc = "one" },
	{ HTTP_M_DELETE, "/api/x/{id}", .doc = "gone" },
	{ HTTP_M_GET, "/api/x/{id}/y/{name}", .doc = "two" },
	{ .pattern = NULL },
};

static const struct api_route second[] = {
	{ HTTP_M_POST, "/api/x/reorder", .doc = "reorder" },
	{ HTTP_M_GET, "/api/stream", .kind = API_STREAM, .doc = "stream" },
	{ .pattern = NULL },
};

static const struct api_route *const tables[] = { first, second, NULL };

struct row {
	enum http_method method;
	const char *path;
	int err;
	const char *doc; /* or the Allow header */
	const char *p0, *p1;
};

static void
test_table(void **state)
{
	static const struct row rows[] = {
		{ HTTP_M_GET, "/api/x", 0, "list", NULL, NULL },
		{ HTTP_M_HEAD, "/api/x", 0, "list", NULL, NULL },
		{ HTTP_M_POST, "/api/x", 0, "new", NULL, NULL },
		{ HTTP_M_GET, "/api/x/7", 0, "one", "7", NULL },
		{ HTTP_M_GET, "/api/x/7/y/n", 0, "two", "7", "n" },
		{ HTTP_M_POST, "/api/x/reorder", 0, "reorder", NULL, NULL },
		{ HTTP_M_GET, "/api/stream", 0, "stream", NULL, NULL },
		/* a literal hides the parameter, for every method */
		{ HTTP_M_GET, "/api/x/reorder", RDV_E_STATE, "POST", NULL,
		    NULL },
		{ HTTP_M_PATCH, "/api/x", RDV_E_STATE, "GET, HEAD, POST", NULL,
		    NULL },
		{ HTTP_M_OPTIONS, "/api/x/7", RDV_E_STATE, "GET, HEAD, DELETE",
		    NULL, NULL },
		/* a stream without a body to show is nothing */
		{ HTTP_M_HEAD, "/api/stream", RDV_E_STATE, "GET", NULL, NULL },
		/* B07, B08: exact segments */
		{ HTTP_M_GET, "/api/xy", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "/api/x/", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "/api", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "/", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "/API/x", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "/api/x/7/y", RDV_E_NOT_FOUND, NULL, NULL, NULL },
		{ HTTP_M_GET, "/api/x/7/y/", RDV_E_NOT_FOUND, NULL, NULL,
		    NULL },
		{ HTTP_M_GET, "/api/x/7/y/n/", RDV_E_NOT_FOUND, NULL, NULL,
		    NULL },
		{ HTTP_M_GET, "*", RDV_E_NOT_FOUND, NULL, NULL, NULL },
	};
	struct arena *a = arena_new();
	struct api_index *index = api_index_new(tables);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct api_match m = { .route = NULL };
		char allow[80];

		if (api_match(index, a, row->method, row->path, &m) != row->err)
			fail_msg("%s %s", http_method_name(row->method),
			    row->path);
		if (row->err == RDV_E_STATE) {
			api_match_allow(m.allowed, allow, sizeof(allow));
			assert_string_equal(allow, row->doc);
		}
		if (row->err != 0)
			continue;
		assert_string_equal(m.route->doc, row->doc);
		assert_int_equal(m.params[0] == NULL, row->p0 == NULL);
		assert_int_equal(m.params[1] == NULL, row->p1 == NULL);
		if (row->p0 != NULL)
			assert_string_equal(m.params[0], row->p0);
		if (row->p1 != NULL)
			assert_string_equal(m.params[1], row->p1);
	}
	free(index);
	arena_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return CHECK_RUN("match", tests);
}
