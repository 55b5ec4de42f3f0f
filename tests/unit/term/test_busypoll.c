/* SPDX-License-Identifier: MIT */
/* Which keys are waited for, and that waits in vain become rare. */
#include "daemon/loop.h"
#include "daemon/term/busypoll.h"
#include "tests/unit/check.h"

#define KEYS  6400
#define NEVER (-1)
#define SOON  (BUSYPOLL_US - 1)

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

/* Of `n` keys, one a second, so many were waited for; an echo takes `us`. */
static unsigned
waits(struct busypoll *b, unsigned n, int64_t us)
{
	unsigned waited = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t now = b->until + 1000000;

		busypoll_begin(b, now);
		waited += b->waiting && b->until == now + BUSYPOLL_US;
		if (us != NEVER)
			busypoll_end(b, now + us);
	}
	return waited;
}

static void
test_each_echoed_key_is_waited_for(void **state)
{
	struct busypoll *b = *state;

	assert_int_equal(waits(b, KEYS, SOON), KEYS);
}

static void
test_waits_in_vain_become_rare(void **state)
{
	struct busypoll *b = *state;
	unsigned n = waits(b, KEYS, NEVER);

	assert_in_range(n, KEYS / BUSYPOLL_SPARE_MAX,
	    KEYS / BUSYPOLL_SPARE_MAX + 8);
}

/* It is slept for in any case: being awake before was for nothing. */
static void
test_a_late_echo_is_none(void **state)
{
	struct busypoll *b = *state;
	unsigned n = waits(b, KEYS, BUSYPOLL_US);

	assert_in_range(n, KEYS / BUSYPOLL_SPARE_MAX,
	    KEYS / BUSYPOLL_SPARE_MAX + 8);
}

/* Those that come in time do not make up for those that do not. */
static void
test_every_other_wait_is_in_vain(void **state)
{
	struct busypoll *b = *state;
	unsigned n = 0;

	(void)waits(b, KEYS, NEVER);
	for (unsigned i = 0; i < KEYS / 2; i++)
		n += waits(b, 1, SOON) + waits(b, 1, BUSYPOLL_US);
	assert_in_range(n, 1, KEYS / 8);
}

static void
test_one_echo_makes_good(void **state)
{
	struct busypoll *b = *state;

	(void)waits(b, KEYS, NEVER);
	while (!b->waiting)
		busypoll_begin(b, b->until + 1);
	busypoll_end(b, b->until - 1);
	assert_int_equal(waits(b, 10, SOON), 10);
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
		T(test_a_late_echo_is_none),
		T(test_every_other_wait_is_in_vain),
		T(test_one_echo_makes_good),
		T(test_a_burst_is_one_wait),
	};

	return CHECK_RUN("busypoll", tests);
}
