/* SPDX-License-Identifier: MIT */
/* The words of [main]: whole or not at all. */
#include <string.h>

#include "lib/ctlproto.h"
#include "tests/unit/check.h"

static const struct ctl_listen alice = { CTL_TERMINAL, 0, 1, 1001, "alice" };

/* What is left of `m` when the last `cut` bytes of its packet are missing. */
static bool
listens(const struct ctl_listen *m, size_t cut, struct ctl_listen *out)
{
	struct buf b;
	uint8_t first;
	bool ok;

	buf_init(&b, CTL_MAX);
	ctl_put_listen(&b, m);
	assert_true(buf_ok(&b));
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_LISTEN);
	b.len -= cut;
	ok = ctl_get_listen(&b, out);
	buf_done(&b);
	return ok;
}

static void
a_listener_is_told_whole(void **state)
{
	struct ctl_listen out, none = alice;
	size_t cut;

	(void)state;
	assert_true(listens(&alice, 0, &out));
	assert_int_equal(out.kind, CTL_TERMINAL);
	assert_int_equal(out.web, 0);
	assert_int_equal(out.by_web, 1);
	assert_int_equal(out.uid, 1001);
	assert_string_equal(out.name, "alice");
	for (cut = 1; cut <= 13; cut++) {
		assert_false(listens(&alice, cut, &out));
		assert_int_equal(out.uid, 0);
	}
	/* Nobody's socket is root's, and everybody has a name. */
	none.uid = 0;
	assert_false(listens(&none, 0, &out));
	none = alice;
	none.name[0] = '\0';
	assert_false(listens(&none, 0, &out));
}

static void
bounds_hold_for_the_sender(void **state)
{
	struct ctl_listen bad = alice;
	struct buf b;

	(void)state;
	bad.kind = CTL_KIND_MAX;
	buf_init(&b, CTL_MAX);
	ctl_put_listen(&b, &bad);
	assert_false(buf_ok(&b));
	buf_done(&b);
}

static void
an_end_is_told_whole(void **state)
{
	struct ctl_unlisten out, m = { 1001 };
	struct buf b;
	uint8_t first;

	(void)state;
	buf_init(&b, CTL_MAX);
	ctl_put_unlisten(&b, &m);
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_UNLISTEN);
	assert_true(ctl_get_unlisten(&b, &out));
	assert_int_equal(out.uid, 1001);
	/* Nothing is left to be read a second time. */
	assert_false(ctl_get_unlisten(&b, &out));
	buf_done(&b);
}

static void
runs_are_told_whole(void **state)
{
	struct ctl_gone gone, g = { 7ull << 32, 9 };
	struct ctl_settled settled, s = { 500, 1 };
	struct buf b;
	uint8_t first;

	(void)state;
	buf_init(&b, CTL_MAX);
	ctl_put_gone(&b, &g);
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_GONE);
	assert_true(ctl_get_gone(&b, &gone));
	assert_int_equal(gone.handle, 7ull << 32);
	assert_int_equal(gone.status, 9);
	buf_done(&b);
	buf_init(&b, CTL_MAX);
	ctl_put_settled(&b, &s);
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_SETTLED);
	assert_true(ctl_get_settled(&b, &settled));
	assert_int_equal(settled.found, 500);
	assert_int_equal(settled.lost, 1);
	assert_false(ctl_get_settled(&b, &settled));
	buf_done(&b);
}

/* One that the reader has to refuse is still a packet that can be made. */
static bool
limit_comes(const struct ctl_limit *m, struct ctl_limit *out)
{
	struct buf b;
	uint8_t first;
	bool ok;

	buf_init(&b, CTL_MAX);
	ctl_put_limit(&b, m);
	assert_true(buf_ok(&b));
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_LIMIT);
	ok = ctl_get_limit(&b, out);
	buf_done(&b);
	return ok;
}

static void
a_limit_comes_with_its_rule(void **state)
{
	struct ctl_limit out, m = { CTL_TRANSFER, 1001, CTL_MB_MAX, "" };

	(void)state;
	memset(m.by, 'x', CTL_RULE_MAX);
	assert_true(limit_comes(&m, &out));
	assert_int_equal(out.what, CTL_TRANSFER);
	assert_int_equal(out.uid, 1001);
	assert_int_equal(out.mb, CTL_MB_MAX);
	assert_string_equal(out.by, m.by);
	m.mb++;
	assert_false(limit_comes(&m, &out));
	m.mb = 0;
	assert_false(limit_comes(&m, &out));
	m.by[0] = '\0';
	assert_true(limit_comes(&m, &out));
	m.mb = 1;
	assert_false(limit_comes(&m, &out));
	m = (struct ctl_limit){ CTL_WORKTREES, 0, 0, "" };
	assert_false(limit_comes(&m, &out));
}

static void
a_limit_is_told_whole(void **state)
{
	struct ctl_output out, m = { 1001, 5ull << 32 };
	struct buf b;
	uint8_t first;

	(void)state;
	buf_init(&b, CTL_MAX);
	ctl_put_output(&b, &m);
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_OUTPUT);
	assert_true(ctl_get_output(&b, &out));
	assert_int_equal(out.uid, 1001);
	assert_int_equal(out.bytes, 5ull << 32);
	assert_false(ctl_get_output(&b, &out));
	buf_done(&b);
	/* Root has no runs here, and a packet cut short would be its. */
	m.uid = 0;
	buf_init(&b, CTL_MAX);
	ctl_put_output(&b, &m);
	assert_true(buf_get_u8(&b, &first));
	assert_false(ctl_get_output(&b, &out));
	buf_done(&b);
}

static void
a_token_is_told_whole(void **state)
{
	struct ctl_service out, m = { { 1, 2, 3 }, 1234567890123 };
	struct buf b;
	uint8_t first;

	(void)state;
	buf_init(&b, CTL_MAX);
	ctl_put_service(&b, &m);
	assert_true(buf_get_u8(&b, &first));
	assert_int_equal(first, CTL_SERVICE);
	assert_true(ctl_get_service(&b, &out));
	assert_memory_equal(&out, &m, sizeof(m));
	assert_false(ctl_get_service(&b, &out));
	buf_done(&b);
	/* There was no time before the clock. */
	m.until = -1;
	buf_init(&b, CTL_MAX);
	ctl_put_service(&b, &m);
	assert_true(buf_get_u8(&b, &first));
	assert_false(ctl_get_service(&b, &out));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_is_told_whole),
		cmocka_unit_test(bounds_hold_for_the_sender),
		cmocka_unit_test(an_end_is_told_whole),
		cmocka_unit_test(runs_are_told_whole),
		cmocka_unit_test(a_limit_comes_with_its_rule),
		cmocka_unit_test(a_limit_is_told_whole),
		cmocka_unit_test(a_token_is_told_whole),
	};

	return CHECK_RUN("ctlproto", tests);
}
