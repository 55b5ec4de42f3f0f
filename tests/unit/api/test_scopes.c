/* SPDX-License-Identifier: MIT */
/* The words of scopes, and the rows that are for one session (C12). */
#include "daemon/auth/scope.h"

#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/match.h"
#include "daemon/auth/auth.h"
#include "lib/str.h"
#include "tests/unit/check.h"

/* A row that a bound caller gets to says which session it is about. */
static void
test_C12_rows_for_the_bound_name_a_session(void **state)
{
	static const char *const heads[] = {
		[API_OF_SESSION] = "/api/sessions/{id}",
		[API_OF_RUN] = "/api/runs/{id}",
	};
	unsigned named = 0;

	(void)state;
	for (const struct api_route *const *t = api_tables; *t != NULL; t++) {
		for (const struct api_route *row = *t; row->pattern != NULL;
		     row++) {
			if (row->of == API_OF_ANY) {
				if ((row->scope & SCOPE_RUN) != 0 &&
				    row->scope != SCOPE_ANY)
					fail_msg("%s", row->pattern);
				continue;
			}
			named++;
			assert_true((row->scope & SCOPE_RUN) != 0);
			if (!str_starts(row->pattern, heads[row->of]))
				assert_string_equal(row->pattern,
				    "/ws/terminal/{session_id}");
		}
	}
	assert_true(named >= 10);
}

/* The words are sets of rights; what stands first holds what follows it. */
static void
test_C12_words(void **state)
{
	static const struct {
		uint32_t bits;
		const char *text;
	} rows[] = { { SCOPE_FULL, "full" }, { SCOPE_ACT_AS, "service" },
		{ SCOPE_READ, "read" },
		{ SCOPE_READ | SCOPE_APPROVE, "approve" }, { SCOPE_RUN, "run" },
		{ 0, "" } };
	char text[SCOPE_TEXT];
	uint32_t bits = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		scope_format(rows[i].bits, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(scope_parse(text), rows[i].bits);
		assert_int_equal(scope_is_run(rows[i].bits),
		    rows[i].bits == SCOPE_RUN);
	}
	/* Words of a former time and parts of words give nothing. */
	assert_int_equal(scope_parse("write,tokens,readx,rea,,"), 0);
	assert_false(scope_add("tokens", 6, &bits));
	assert_int_equal(bits, 0);
	assert_true(scope_is_run(SCOPE_RUN | SCOPE_READ | SCOPE_APPROVE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_C12_rows_for_the_bound_name_a_session),
		cmocka_unit_test(test_C12_words),
	};

	return CHECK_RUN("scopes", tests);
}
