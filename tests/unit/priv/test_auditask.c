/* SPDX-License-Identifier: MIT */
/* How long [ops] stays awake for the answer to a record. */
#include <string.h>
#include <unistd.h>

#include "lib/seqpkt.h"
#include "priv-helper/auditask.h"
#include "tests/unit/check.h"

static struct audit_link a;
static struct audit_msg m;
static char why[AUDIT_WHY];
static int far; /* [audit]'s end */

static int
begin(void **state)
{
	int pair[2];

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&m, 0, sizeof(m));
	a.sock = -1;
	if (seqpkt_pair(pair) != 0)
		return -1;
	audit_connect(&a, pair[0]);
	far = pair[1];
	return 0;
}

static int
end(void **state)
{
	(void)state;
	audit_connect(&a, -1);
	(void)close(far);
	return 0;
}

static void
answer(void)
{
	const struct audit_ack ack = { .id = a.id, .ok = 1 };

	assert_int_equal(seqpkt_send(far, &ack, sizeof(ack), NULL), 0);
}

static bool
asked_and_answered(void)
{
	if (!audit_begin(&a, &m, why, sizeof(why)))
		return false;
	answer();
	return audit_wait(&a, why, sizeof(why));
}

static void
asked_in_vain(void)
{
	assert_true(audit_begin(&a, &m, why, sizeof(why)));
	assert_false(audit_wait(&a, why, sizeof(why)));
	assert_true(a.late);
	answer();
}

static void
an_answer_costs_no_later_one(void **state)
{
	(void)state;
	assert_true(asked_and_answered());
	assert_int_equal(a.vain, 0);
	assert_int_equal(a.spare, 0);
}

/* It is waited for all the same, asleep. */
static void
waits_in_vain_become_rare(void **state)
{
	unsigned i;

	(void)state;
	asked_in_vain();
	assert_int_equal(a.spare, 1);
	assert_true(asked_and_answered());
	assert_int_equal(a.spare, 0);
	assert_int_equal(a.vain, 1);
	a.vain = AUDIT_SPARE_MAX;
	asked_in_vain();
	for (i = 0; i < AUDIT_SPARE_MAX; i++) {
		assert_int_equal(a.spare, AUDIT_SPARE_MAX - i);
		assert_true(asked_and_answered());
	}
	assert_int_equal(a.vain, AUDIT_SPARE_MAX);
	assert_true(asked_and_answered());
	assert_int_equal(a.vain, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_costs_no_later_one,
		    begin, end),
		cmocka_unit_test_setup_teardown(waits_in_vain_become_rare,
		    begin, end),
	};

	return CHECK_RUN("auditask", tests);
}
