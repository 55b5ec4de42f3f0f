/* SPDX-License-Identifier: MIT */
/*
 * What being put on record costs a start: two helpers of one build take turns,
 * and one of them leaves its audit out. Prints both; fails when it is out of
 * all proportion.
 */
#include <stdlib.h>

#include "lib/clock.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })

static int
by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Microseconds from the request to the answer, once. */
static int64_t
timed_start(struct rig *r)
{
	const struct rig_spawn s = { .argv = ARGV("true"),
		.profile = "script" };
	struct rig_result res;
	struct priv_exit end;
	const int64_t begun = clock_mono_us();
	int64_t took;

	rig_spawn(r, &s, &res);
	took = clock_mono_us() - begun;
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_exit(r, res.a.handle, &end);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	return took;
}

/* Side by side, so that the machine's other work meets both. */
static void
cost_of_a_start(void **state)
{
	enum { N = 200 };
	static int64_t with[N], without[N];
	struct rig a, b;
	int i;

	(void)state;
	rig_start(&a, "none");
	rig_start(&b, "audit-block+audit-off");
	for (i = 0; i < N; i++) {
		with[i] = timed_start(&a);
		without[i] = timed_start(&b);
	}
	qsort(with, N, sizeof(with[0]), by_value);
	qsort(without, N, sizeof(without[0]), by_value);
	print_message("start: %lld us with audit, %lld without (medians)\n",
	    (long long)with[N / 2], (long long)without[N / 2]);
	assert_true(with[N / 2] < 2 * without[N / 2]);
	rig_stop(&a);
	rig_stop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cost_of_a_start),
	};

	return CHECK_RUN("auditcost", tests);
}
