/* SPDX-License-Identifier: MIT */
/* When spare runs are made at all: for whom, and while what can be recorded. */
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/seqpkt.h"
#include "priv-helper/ahead.h"
#include "priv-helper/ops.h"
#include "priv-helper/spare.h"
#include "tests/unit/check.h"

#define UID 1001

static const uint8_t none[SHA256_LEN];
static uint8_t grant[PRIV_GRANT_LEN];
static struct ops o;
static int far; /* [audit]'s end */

/* One is expected, and nothing is in its way. */
static int
begin(void **state)
{
	int pair[2];

	(void)state;
	memset(&o, 0, sizeof(o));
	runs_init(&o.runs);
	o.run_fds = 1000;
	o.ahead.kinds[0].uid = UID;
	o.ahead.kinds[0].until = clock_mono_ms() + AHEAD_IDLE_MS;
	o.audit.sock = -1;
	if (!grant_new(&o.grants, UID, none, GRANT_TTL_MS, grant) ||
	    seqpkt_pair(pair) != 0)
		return -1;
	audit_connect(&o.audit, pair[0]);
	far = pair[1];
	return 0;
}

static int
end(void **state)
{
	(void)state;
	clock_shift(0, 0);
	audit_connect(&o.audit, -1);
	if (far >= 0)
		(void)close(far);
	return 0;
}

static void
ask_and_be_late(void)
{
	o.audit.asked = o.audit.id = 1;
	o.audit.late = true;
}

static void
none_without_audit(void **state)
{
	const struct audit_ack ack = { .id = 1, .ok = 1 };

	(void)state;
	assert_true(ahead_due(&o));
	ask_and_be_late();
	assert_false(ahead_due(&o));
	assert_int_equal(seqpkt_send(far, &ack, sizeof(ack), NULL), 0);
	assert_true(ahead_due(&o));
	/* It has ended, and nobody has said so yet. */
	(void)close(far);
	far = -1;
	assert_false(ahead_due(&o));
	assert_int_equal(o.audit.sock, -1);
	assert_false(ahead_due(&o));
}

static void
none_without_a_grant(void **state)
{
	uint8_t other[PRIV_GRANT_LEN];

	(void)state;
	assert_true(ahead_due(&o));
	assert_true(ahead_expire(&o) > 0);
	assert_true(grant_new(&o.grants, UID + 1, none, GRANT_TTL_MS, other));
	assert_true(grant_drop(&o.grants, grant));
	assert_false(ahead_due(&o));
	assert_int_equal(ahead_expire(&o), -1);
	assert_int_equal(o.ahead.kinds[0].until, 0);
}

/* Whichever is over first, the wait or the last grant. */
static void
not_longer_than_a_grant(void **state)
{
	uint8_t brief[PRIV_GRANT_LEN];

	(void)state;
	assert_true(grant_drop(&o.grants, grant));
	assert_true(grant_new(&o.grants, UID, none, 3000, brief));
	assert_in_range(ahead_expire(&o), 1, 3000);
	assert_true(grant_new(&o.grants, UID, none, 9000, grant));
	assert_in_range(ahead_expire(&o), 3001, 9000);
	clock_shift(9001, 0);
	assert_false(ahead_due(&o));
	assert_int_equal(ahead_expire(&o), -1);
}

/* One that waits for what it is to see. Its reaper would be at `*reaper`. */
static struct run *
open_run(int *reaper)
{
	struct ahead_kind *k = &o.ahead.kinds[AHEAD_MAX];
	const struct run like = { .uid = UID };
	int pair[2];

	assert_int_equal(seqpkt_pair(pair), 0);
	k->uid = UID;
	k->until = clock_mono_ms() + AHEAD_IDLE_MS;
	k->run = run_like(&o.runs, &like);
	k->run->state = RUN_SPARE;
	k->run->control = pair[0];
	*reaper = pair[1];
	return k->run;
}

/* What is mounted in the same turn as a start is asked for is seen, too. */
static void
an_open_one_sees_what_is_mounted(void **state)
{
	const struct run like = { .uid = UID };
	char cwd[] = "/";
	const struct priv_spawn m = { .cwd = cwd };
	struct run *r;
	int changed[2], reaper;

	(void)state;
	o.mounts = -1;
	r = open_run(&reaper);
	assert_ptr_equal(ahead_take(&o, &like, &m), r);
	run_free(&o.runs, r);
	(void)close(reaper);
	/* Whose other end is gone says so, as the kernel's file does. */
	assert_int_equal(pipe(changed), 0);
	(void)close(changed[0]);
	o.mounts = changed[1];
	r = open_run(&reaper);
	assert_null(ahead_take(&o, &like, &m));
	assert_int_equal(r->state, RUN_DONE);
	run_free(&o.runs, r);
	(void)close(reaper);
	(void)close(changed[1]);
}

/* What the run has of it is the last that is done for its start. */
static struct run *
begun_run(void)
{
	const struct run like = { .uid = UID };
	struct run *r = run_like(&o.runs, &like);

	r->spare = spare_new();
	ahead_rest(&o);
	r->state = RUN_RUNNING;
	return r;
}

/* It waits, and is not forgotten, whatever has begun before. */
static void
none_right_behind_a_start(void **state)
{
	struct run *r;

	(void)state;
	assert_int_equal(ahead_resting(&o), 0);
	r = begun_run();
	assert_in_range(ahead_resting(&o), 1, AHEAD_REST_MS);
	assert_true(ahead_due(&o));
	assert_non_null(r->spare);
	clock_shift(AHEAD_REST_MS, 0);
	assert_int_equal(ahead_resting(&o), 0);
	ahead_make(&o);
	assert_null(r->spare);
	assert_true(ahead_due(&o));
	run_free(&o.runs, r);
}

/* Nor is it kept for as long as starts follow one another. */
static void
what_a_start_was_made_of_goes_with_the_next(void **state)
{
	struct run *first = begun_run(), *second;

	(void)state;
	o.ahead.kinds[0].until = 0;
	second = begun_run();
	assert_null(first->spare);
	assert_non_null(second->spare);
	assert_true(ahead_due(&o));
	/* It may have ended by then. */
	second->state = RUN_ENDED;
	ahead_make(&o);
	assert_null(second->spare);
	assert_false(ahead_due(&o));
	run_free(&o.runs, first);
	run_free(&o.runs, second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(none_without_audit, begin, end),
		cmocka_unit_test_setup_teardown(none_without_a_grant, begin,
		    end),
		cmocka_unit_test_setup_teardown(not_longer_than_a_grant, begin,
		    end),
		cmocka_unit_test_setup_teardown(
		    an_open_one_sees_what_is_mounted, begin, end),
		cmocka_unit_test_setup_teardown(none_right_behind_a_start,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    what_a_start_was_made_of_goes_with_the_next, begin, end),
	};

	return cmocka_run_group_tests_name("ahead", tests, NULL, NULL);
}
