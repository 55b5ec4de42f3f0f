/* SPDX-License-Identifier: MIT */
/*
 * The rows as documents: docs/http-api.md is what `rdvd --routes` prints, and
 * every row can be described.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/api/api.h"
#include "daemon/api/match.h"
#include "daemon/api/apidoc.h"
#include "lib/js.h"
#include "lib/str.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

static char *
slurp(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	(void)fclose(f);
	return text;
}

static void
test_document_is_current(void **state)
{
	char *made = NULL, *kept = slurp("docs/http-api.md");
	size_t len;
	FILE *f = open_memstream(&made, &len);

	(void)state;
	apidoc_print(api_tables, f);
	assert_int_equal(fclose(f), 0);
	if (strcmp(made, kept) != 0)
		fail_msg("docs/http-api.md is old: run `make docs`");
	free(made);
	free(kept);
}

static void
row_is_whole(const struct api_route *row)
{
	assert_true(row->pattern[0] == '/');
	assert_non_null(row->handler);
	assert_true(row->success >= 101 && row->success < 300);
	assert_non_null(row->doc);
	assert_false(str_ends(row->doc, "."));
	assert_true(row->query == NULL || row->in_size >= 16);
	assert_true(row->body == NULL || row->in_size >= 16);
	assert_true(row->kind == API_PLAIN || row->method == HTTP_M_GET);
	/* `set` has 64 bits, and the fields lie inside the struct. */
	for (const struct js_field *f = row->body; f != NULL && f->name != NULL;
	     f++) {
		assert_true(f - row->body < 64);
		assert_true(f->offset >= 8 && f->offset < row->in_size);
		assert_non_null(f->help);
	}
	for (const struct js_field *f = row->query;
	     f != NULL && f->name != NULL; f++) {
		assert_true(f->offset >= 8 && f->offset < row->in_size);
		assert_true(f->kind != JS_TEXTS && f->kind != JS_PAIRS &&
			    f->kind != JS_JSON);
		assert_non_null(f->help);
	}
}

static void
test_rows_are_whole(void **state)
{
	unsigned n = 0;

	(void)state;
	for (const struct api_route *const *t = api_tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++, n++)
			row_is_whole(row);
	}
	assert_true(n > 20);
}

static void
test_no_row_hides_another(void **state)
{
	(void)state;
	for (const struct api_route *const *t = api_tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++) {
			for (const struct api_route *o = *t; o != row; o++)
				assert_false(o->method == row->method &&
					     strcmp(o->pattern, row->pattern) ==
						 0);
		}
	}
}

static void
test_openapi_has_every_row(void **state)
{
	struct answer a;
	struct js *paths;

	rig_ask(*state, &a, "GET", "/api/openapi.json", "", NULL);
	assert_int_equal(a.status, 200);
	assert_string_equal(js_str(a.json, "openapi", ""), "3.1.0");
	paths = js_get(a.json, "paths");
	for (const struct api_route *const *t = api_tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++) {
			struct js *path = js_get(paths, row->pattern), *op;
			const char *key;
			bool found = false;

			assert_non_null(path);
			for (size_t i = 0; js_member(path, i, &key, &op); i++)
				found |=
				    strcasecmp(key,
					http_method_name(row->method)) == 0;
			assert_true(found);
		}
	}
	answer_done(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_document_is_current),
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_no_row_hides_another),
		cmocka_unit_test_setup_teardown(test_openapi_has_every_row,
		    rig_setup, rig_teardown),
	};

	return CHECK_RUN("doc", tests);
}
