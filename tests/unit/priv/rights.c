/* SPDX-License-Identifier: MIT */
/*
 * Rights for tests of what asks them, made by the same functions as those in
 * force.
 */
#include "tests/unit/priv/rights.h"

#include <string.h>

#include "tests/unit/check.h"

void
rights_make(struct policy_rights *r, const char *text, const char *home)
{
	static const char *const groups[] = { NULL };
	const struct policy_account ann = {
		.uid = 1000, .name = "ann", .home = home, .groups = groups
	};
	struct policy p;
	char why[512] = "";

	if (text == NULL)
		policy_own(&p, ann.uid);
	else if (policy_parse(&p, text, strlen(text), "F", why, sizeof(why)))
		fail_msg("%s", why);
	assert_int_equal(policy_for(&p, &ann, r, why, sizeof(why)), 0);
	policy_done(&p);
}
