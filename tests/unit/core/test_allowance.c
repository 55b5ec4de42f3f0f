/* SPDX-License-Identifier: MIT */
/* Of what the policy and rdvd's own file allow the smaller one holds. */
#include "tests/unit/check.h"

#include <stdio.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/allowance.h"
#include "daemon/core/people.h"
#include "lib/ctlproto.h"

#define RULE "[default] max_worktrees_mb (/etc/rdv/helper.toml:3)"

static const struct {
	int64_t own;
	uint64_t policy; /* 0: it has none */
	int64_t mb;
	const char *by;
} both[] = {
	{ 0, 0, 0, "" },
	{ 7, 0, 7, "worktrees.max_disk_mb (the default)" },
	{ 0, 7, 7, RULE },
	{ 6, 7, 6, "worktrees.max_disk_mb (the default)" },
	{ 7, 7, 7, "worktrees.max_disk_mb (the default)" },
	{ 8, 7, 7, RULE },
};

/* As [main] says it. */
static void
says(struct people *p, uid_t uid, uint64_t mb)
{
	struct ctl_limit m = { CTL_WORKTREES, uid, mb, "" };
	struct seqpkt_fds fds = { .n = 0 };
	uint8_t first;
	struct buf b;

	if (mb > 0)
		(void)snprintf(m.by, sizeof(m.by), "%s", RULE);
	buf_init(&b, CTL_MAX);
	ctl_put_limit(&b, &m);
	assert_true(buf_get_u8(&b, &first));
	assert_true(people_word(p, (char)first, &b, &fds));
	buf_done(&b);
}

static void
abuse_I23_the_smaller_one_holds(void **state)
{
	struct conf conf = { .transfer_max_mb = 99 };
	struct app app = { .conf = &conf };
	struct allowance a;

	(void)state;
	app.people = people_new(&app);
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		conf.worktrees_max_mb = both[i].own;
		says(app.people, 1001, both[i].policy);
		/* What holds somebody else is nothing here. */
		says(app.people, 1002, 1);
		allowance_of(&app, 1001, CTL_WORKTREES, &a);
		assert_int_equal(a.mb, both[i].mb);
		assert_string_equal(a.by, both[i].by);
	}
	allowance_of(&app, 1001, CTL_TRANSFER, &a);
	assert_int_equal(a.mb, 99);
	people_free(app.people);
}

/* User mode. */
static void
without_a_policy(void **state)
{
	struct conf conf = { .transfer_max_mb = 3 };
	const struct app app = { .conf = &conf };
	struct allowance a;

	(void)state;
	allowance_of(&app, 1001, CTL_TRANSFER, &a);
	assert_int_equal(a.mb, 3);
	assert_string_equal(a.by, "worktrees.max_transfer_mb (the default)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I23_the_smaller_one_holds),
		cmocka_unit_test(without_a_policy),
	};

	return CHECK_RUN("core/allowance", tests);
}
