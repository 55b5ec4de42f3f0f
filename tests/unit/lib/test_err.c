/* SPDX-License-Identifier: MIT */
/* Every outcome has a name of its own, and nothing else has one. */
#include "tests/unit/check.h"

#include "lib/err.h"

static void
every_outcome_has_its_own_name(void **state)
{
	int i, j;

	(void)state;
	for (i = 0; i < RDV_E_MAX; i++) {
		assert_string_not_equal(err_name(i), "?");
		for (j = 0; j < i; j++)
			assert_string_not_equal(err_name(i), err_name(j));
	}
}

static void
the_rest_has_none(void **state)
{
	(void)state;
	assert_string_equal(err_name(RDV_E_MAX), "?");
	assert_string_equal(err_name(-1), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_outcome_has_its_own_name),
		cmocka_unit_test(the_rest_has_none),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
