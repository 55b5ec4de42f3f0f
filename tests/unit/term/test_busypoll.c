/* SPDX-License-Identifier: MIT */
/* Which keys are waited for, and that waits in vain become rare. */
#include "daemon/loop.h"
#include "daemon/term/busypoll.h"
#include "tests/unit/check.h"

#define KEYS 6400

static int
setup(void **state)
{
	static struct busypoll b;

	busypoll_init(&b, loop_new());
	*state = &b;
	return 0;
}

static int
teardown(void **state)
{
	struct busypoll *b = *state;

	loop_free(b->loop);
	return 0;
}

/* Of `n` keys, one a second, so many were waited for. */
static unsigned
waits(struct busypoll *b, unsigned n, bool echoed)
{
	unsigned waited = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t now = b->until + 1000000;

		busypoll_begin(b, now);
		waited += b->waiting && b->until == now + BUSYPOLL_US;
		if (echoed)
			busypoll_end(b);
	}
	return waited;
}

static void
test_each_echoed_key_is_waited_for(void **state)
{
	struct busypoll *b = *state;

	assert_int_equal(waits(b, KEYS, true), KEYS);
}

static void
test_waits_in_vain_become_rare(void **state)
{
	struct busypoll *b = *state;
	unsigned n = waits(b, KEYS, false);

	assert_in_range(n, KEYS / BUSYPOLL_SPARE_MAX,
	    KEYS / BUSYPOLL_SPARE_MAX + 8);
}

static void
test_one_echo_makes_good(void **state)
{
	struct busypoll *b = *state;

	(void)waits(b, KEYS, false);
	while (!b->waiting)
		busypoll_begin(b, b->until + 1);
	busypoll_end(b);
	assert_int_equal(waits(b, 10, true), 10);
}

static void
test_a_burst_is_one_wait(void **state)
{
	struct busypoll *b = *state;

	busypoll_begin(b, 1000);
	for (int i = 1; i < BUSYPOLL_US; i++)
		busypoll_begin(b, 1000 + i);
	assert_int_equal(b->until, 1000 + BUSYPOLL_US);
	assert_int_equal(b->vain, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_echoed_key_is_waited_for),
		T(test_waits_in_vain_become_rare),
		T(test_one_echo_makes_good),
		T(test_a_burst_is_one_wait),
	};

	return CHECK_RUN("busypoll", tests);
}
