/* SPDX-License-Identifier: MIT */
/*
 * What was copied: one text for each session, of its owner alone, for ten
 * minutes, so much and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/clipboard.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/check.h"

#define A "01900000-0000-7000-8000-00000000000a"
#define B "01900000-0000-7000-8000-00000000000b"

static int
setup(void **state)
{
	struct loop *loop = loop_new();

	assert_non_null(loop);
	*state = loop;
	return 0;
}

static int
teardown(void **state)
{
	clock_shift(0, 0);
	loop_free(*state);
	return 0;
}

static uint64_t
put(struct clips *cs, const char *user, const char *session, const char *text)
{
	uint64_t revision = 0;

	assert_int_equal(clips_put(cs, user, session, text, strlen(text),
			     &revision),
	    0);
	return revision;
}

static void
expect(const struct clips *cs, const char *user, const char *session,
    const char *want)
{
	size_t len = 0;
	const char *text = clips_get(cs, user, session, &len);

	if (want == NULL) {
		assert_null(text);
		return;
	}
	assert_non_null(text);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
}

static void
test_one_for_each_session(void **state)
{
	struct clips *cs = clips_new(*state);
	uint64_t first = put(cs, A, A, "one");

	assert_true(put(cs, A, B, "two") > first);
	(void)put(cs, A, A, "three");
	expect(cs, A, A, "three");
	expect(cs, A, B, "two");
	/* Another's is none, whatever he names. */
	expect(cs, B, A, NULL);
	clips_free(cs);
}

static void
test_ten_minutes(void **state)
{
	struct clips *cs = clips_new(*state);

	(void)put(cs, A, A, "one");
	clock_shift(CLIP_MS - 1000, 0);
	expect(cs, A, A, "one");
	(void)put(cs, A, B, "two");
	clock_shift(CLIP_MS + 1000, 0);
	expect(cs, A, A, NULL);
	expect(cs, A, B, "two");
	clips_free(cs);
}

static void
test_bounds(void **state)
{
	struct clips *cs = clips_new(*state);
	char *big = calloc(1, CLIP_BYTES + 2), id[] = A;
	uint64_t revision;

	assert_non_null(big);
	memset(big, 'x', CLIP_BYTES + 1);
	assert_int_equal(clips_put(cs, A, A, big, CLIP_BYTES + 1, &revision),
	    RDV_E_TOO_BIG);
	assert_int_equal(clips_put(cs, A, A, "\xc3", 1, &revision),
	    RDV_E_INVALID);
	expect(cs, A, A, NULL);
	(void)put(cs, B, B, "of another");
	big[CLIP_BYTES] = '\0';
	/* One more than there is room for: the oldest goes. */
	for (unsigned i = 0; i <= CLIP_USER_BYTES / CLIP_BYTES; i++) {
		id[0] = (char)('a' + i);
		(void)put(cs, A, id, big);
	}
	id[0] = 'a';
	expect(cs, A, id, NULL);
	id[0] = 'b';
	expect(cs, A, id, big);
	expect(cs, B, B, "of another");
	free(big);
	clips_free(cs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_for_each_session,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_ten_minutes, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
	};

	return CHECK_RUN("clipboard", tests);
}
