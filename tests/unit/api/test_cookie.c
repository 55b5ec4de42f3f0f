/* SPDX-License-Identifier: MIT */
/*
 * The rules for cookie callers (A01-A03, A08, A14).
 */
#include <stdio.h>

#include "daemon/auth/auth.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

#define PAGE "http://127.0.0.1:8443"

struct page_row {
	struct auth_need need;
	const char *origin, *site, *ours;
	int status;
};

static void
test_A01_A02_A08_A14_cookie_callers(void **state)
{
	static const struct auth_need get = { SCOPE_READ, false, false, false },
				      post = { SCOPE_WRITE, true, false,
					      false },
				      sse = { SCOPE_READ, false, true, false },
				      ws = { SCOPE_RUN, false, false, true };
	const struct page_row rows[] = {
		{ get, PAGE, NULL, NULL, 0 },
		{ get, NULL, "same-origin", NULL, 0 },
		{ get, NULL, NULL, NULL, 403 },
		{ get, NULL, "none", NULL, 403 },
		{ get, "https://evil.example", NULL, NULL, 403 },
		{ post, PAGE, NULL, "1", 0 },
		{ post, PAGE, "same-origin", "1", 0 },
		{ post, PAGE, NULL, NULL, 403 },
		{ post, PAGE, NULL, "0", 403 },
		{ post, NULL, "same-origin", "1", 403 },
		{ post, "null", NULL, "1", 403 },
		{ post, PAGE, "cross-site", "1", 403 },
		{ sse, PAGE, NULL, NULL, 0 },
		{ sse, NULL, "same-origin", NULL, 0 },
		{ sse, NULL, NULL, NULL, 403 },
		{ sse, "https://evil.example", "cross-site", NULL, 403 },
		{ ws, PAGE, NULL, NULL, 0 },
		{ ws, NULL, NULL, NULL, 403 },
		{ ws, NULL, "same-origin", NULL, 403 },
		{ ws, "https://evil.example", NULL, NULL, 403 },
		{ ws, "null", NULL, NULL, 403 },
	};
	char id[UUID_TEXT], text[TOKEN_TEXT], head[80];
	struct fx *fx = *state;

	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, text);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *h[9] = { "cookie", head };
		unsigned n = 2;

		if (rows[i].origin != NULL)
			h[n++] = "origin", h[n++] = rows[i].origin;
		if (rows[i].site != NULL)
			h[n++] = "sec-fetch-site", h[n++] = rows[i].site;
		if (rows[i].ours != NULL)
			h[n++] = "x-rdv-request", h[n++] = rows[i].ours;
		if (fx_judge(fx, rows[i].need, h, NULL) != rows[i].status)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_A01_A02_A08_A14_cookie_callers),
	};

	return CHECK_RUN("cookie", tests);
}
