/* SPDX-License-Identifier: MIT */
/* The table of runs: handles rise, carry the generation and never come back. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "priv-helper/run.h"
#include "tests/unit/check.h"

static const struct run like;

static void
stands(const struct runs *rs, uint64_t after, const struct run *const *want,
    unsigned n)
{
	const struct run **all;
	unsigned i;

	assert_int_equal(runs_after(rs, after, &all), n);
	for (i = 0; i < n; i++)
		assert_ptr_equal(all[i], want[i]);
	free(all);
}

static void
handles(void **state)
{
	struct runs a, b;
	struct run *one, *two, *three, *old;
	uint64_t first;

	(void)state;
	runs_init(&a);
	runs_init(&b);
	assert_int_not_equal(a.generation, b.generation);
	one = run_like(&a, &like);
	two = run_like(&a, &like);
	first = one->handle;
	assert_int_equal(first & a.generation, a.generation);
	assert_true(two->handle > first);
	assert_int_equal(a.n, 2);
	/* A start is nobody's business until it has been answered. */
	assert_null(run_find(&a, first));
	one->state = RUN_RUNNING;
	two->state = RUN_ENDED;
	assert_ptr_equal(run_find(&a, first), one);
	assert_null(run_find(&b, first));
	/* One that is adopted can stand behind those with higher handles. */
	old = run_adopt(&a, 1);
	old->state = RUN_RUNNING;
	stands(&a, 0, (const struct run *[]){ old, one, two }, 3);
	stands(&a, 1, (const struct run *[]){ one, two }, 2);
	stands(&a, first, (const struct run *[]){ two }, 1);
	stands(&a, two->handle, NULL, 0);
	run_free(&a, old);
	run_free(&a, one);
	assert_null(run_find(&a, first));
	three = run_like(&a, &like);
	assert_true(three->handle > two->handle);
	run_free(&a, two);
	run_free(&a, three);
	run_free(&a, NULL);
	assert_int_equal(a.n, 0);
}

static void
no_handle_left(void **state)
{
	struct runs rs;

	(void)state;
	runs_init(&rs);
	rs.serial = UINT32_MAX;
	assert_null(run_like(&rs, &like));
	assert_int_equal(rs.n, 0);
}

static void
close_stdin_of(enum policy_net net, unsigned n)
{
	struct runs rs;
	struct run *r;
	int first;

	runs_init(&rs);
	r = run_like(&rs, &like);
	r->io = PRIV_IO_PIPES;
	r->net = net;
	while (r->fds.n < n)
		r->fds.fd[r->fds.n++] = open("/dev/null", O_RDWR | O_CLOEXEC);
	first = r->fds.fd[0];
	run_close_stdin(r);
	assert_int_equal(r->fds.n, n - 1);
	assert_int_equal(fcntl(first, F_GETFD), -1);
	run_close_stdin(r);
	assert_int_equal(r->fds.n, n - 1);
	first = r->fds.fd[1];
	run_free(&rs, r);
	assert_int_equal(fcntl(first, F_GETFD), -1);
}

/* The first descriptor of pipes is ours only until the answer. */
static void
stdin_goes(void **state)
{
	(void)state;
	close_stdin_of(POLICY_NET_FULL, 3);
	close_stdin_of(POLICY_NET_LIST, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handles),
		cmocka_unit_test(no_handle_left),
		cmocka_unit_test(stdin_goes),
	};

	return CHECK_RUN("run", tests);
}
