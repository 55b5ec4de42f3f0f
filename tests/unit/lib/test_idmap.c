/* SPDX-License-Identifier: MIT */
/* The map agrees with a plain array over a long random walk. */
#include "tests/unit/check.h"

#include <stdlib.h>

#include "lib/idmap.h"

#define IDS 500

static void
basics(void **state)
{
	struct idmap m;
	int x, y;

	(void)state;
	idmap_init(&m);
	assert_null(idmap_find(&m, 1));
	assert_null(idmap_del(&m, 1));
	idmap_put(&m, 1, &x);
	assert_ptr_equal(idmap_find(&m, 1), &x);
	idmap_put(&m, 1, &y);
	assert_ptr_equal(idmap_find(&m, 1), &y);
	assert_int_equal(m.used, 1);
	assert_null(idmap_find(&m, 0));
	assert_null(idmap_del(&m, 0));
	assert_null(idmap_find(&m, UINT64_MAX));
	idmap_put(&m, UINT64_MAX, &x);
	assert_ptr_equal(idmap_del(&m, 1), &y);
	assert_null(idmap_del(&m, 1));
	assert_ptr_equal(idmap_find(&m, UINT64_MAX), &x);
	idmap_done(&m);
	assert_null(idmap_find(&m, UINT64_MAX));
}

static void
agrees_with_an_array(void **state)
{
	char *want[IDS + 1] = { NULL }, marks[IDS + 1];
	size_t used = 0, i, k;
	struct idmap m;

	(void)state;
	srand(7);
	idmap_init(&m);
	for (i = 0; i < 20000; i++) {
		k = 1 + (size_t)rand() % IDS;
		if (rand() % 2 == 0) {
			used += want[k] == NULL ? 1 : 0;
			want[k] = &marks[(size_t)rand() % IDS];
			idmap_put(&m, k, want[k]);
		} else {
			used -= want[k] != NULL ? 1 : 0;
			assert_ptr_equal(idmap_del(&m, k), want[k]);
			want[k] = NULL;
		}
		assert_int_equal(m.used, used);
		k = 1 + (size_t)rand() % IDS;
		assert_ptr_equal(idmap_find(&m, k), want[k]);
	}
	for (k = 1; k <= IDS; k++)
		assert_ptr_equal(idmap_find(&m, k), want[k]);
	idmap_done(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(basics),
		cmocka_unit_test(agrees_with_an_array),
	};

	return CHECK_RUN("idmap", tests);
}
