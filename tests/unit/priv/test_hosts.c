/* SPDX-License-Identifier: MIT */
/*
 * Which lists of hosts a run may ask for, by which rule it has one, and that a
 * policy has no more of them than a run can be held to.
 */
#include <stdio.h>
#include <string.h>

#include "lib/egress.h"
#include "lib/privproto.h"
#include "priv-helper/hosts.h"
#include "security/profile.h"
#include "tests/unit/check.h"
#include "tests/unit/priv/rights.h"

#define LEN(a)	   (sizeof(a) / sizeof((a)[0]))
#define HEAD	   "[access]\nusers = [\"ann\"]\n"
#define HOSTS(...) ((char *[]){ __VA_ARGS__, NULL })

static const char listed[] =
    HEAD "[profile.script]\nnetwork = \"list\"\n"
	 "network_hosts = [\"a.example:443\", \"B.example:80\"]\n"
	 "[profile.agent]\nnetwork = \"list\"\n";

static char a[] = "a.example:443", a_upper[] = "A.EXAMPLE:443",
	    b[] = "b.example:80", a_port[] = "a.example:80",
	    other[] = "c.example:443", dot[] = "a.example.:443",
	    bare[] = "a.example", any[] = "*:443";

static const struct {
	const char *policy, *profile; /* NULL: user mode */
	enum policy_net net;
	char *hosts[4];
	const char *why; /* NULL: granted */
} rows[] = {
	{ listed, "script", POLICY_NET_LIST, { NULL }, NULL },
	{ listed, "script", POLICY_NET_LIST, { a, b, NULL }, NULL },
	{ listed, "script", POLICY_NET_LIST, { a_upper, NULL }, NULL },
	{ listed, "script", POLICY_NET_LIST, { a, other, NULL },
	    "network_hosts: c.example:443 is not granted by the policy: "
	    "[profile.script] network_hosts (" },
	{ listed, "script", POLICY_NET_LIST, { a_port, NULL },
	    "network_hosts: a.example:80 is not granted" },
	{ listed, "script", POLICY_NET_LIST, { dot, NULL },
	    "network_hosts: HOST:PORT with" },
	/* A list without an entry lets nothing through: that is "none". */
	{ listed, "agent", POLICY_NET_LIST, { NULL },
	    "network_hosts: none is asked for, and the policy lists none" },
	{ listed, "agent", POLICY_NET_LIST, { a, NULL },
	    "network_hosts: a.example:443 is not granted" },
	/* Where all of the network is given any list is less. */
	{ NULL, "script", POLICY_NET_LIST, { other, NULL }, NULL },
	{ NULL, "script", POLICY_NET_LIST, { NULL },
	    "network_hosts: none is asked for, and the policy lists none" },
	{ NULL, "script", POLICY_NET_LIST, { bare, NULL },
	    "network_hosts: HOST:PORT with" },
	{ NULL, "script", POLICY_NET_LIST, { any, NULL },
	    "network_hosts: HOST:PORT with" },
	/* A list that would not be kept must not be taken for one that is. */
	{ NULL, "script", POLICY_NET_FULL, { a, NULL },
	    "network_hosts: without network = \"list\"" },
	{ NULL, "script", POLICY_NET_NONE, { a, NULL },
	    "network_hosts: without network = \"list\"" },
	{ NULL, "script", POLICY_NET_FULL, { NULL }, NULL },
};

static void
abuse_I13_asked_for(void **state)
{
	struct policy_rights r;
	char why[256];

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		const int profile = profile_find(rows[i].profile);
		struct priv_spawn m = { .hosts = (char **)rows[i].hosts };
		bool ok;

		while (m.hosts[m.hostc] != NULL)
			m.hostc++;
		rights_make(&r, rows[i].policy, "/home/ann");
		ok =
		    hosts_judge(&r, profile, rows[i].net, &m, why, sizeof(why));
		if (ok != (rows[i].why == NULL) ||
		    (!ok &&
			strncmp(why, rows[i].why, strlen(rows[i].why)) != 0))
			fail_msg("%zu: %s", i, ok ? "granted" : why);
		policy_rights_done(&r);
	}
}

static void
test_rule(void **state)
{
	const int profile = profile_find("script");
	struct priv_spawn none = { .hostc = 0 },
			  some = { .hosts = HOSTS(a), .hostc = 1 };
	struct policy_rights r;
	char out[256];

	(void)state;
	rights_make(&r, listed, "/home/ann");
	hosts_rule(&r, profile, &none, out, sizeof(out));
	assert_true(strncmp(out, "[profile.script] network_hosts (", 32) == 0);
	assert_string_equal(hosts_of(&r, profile, &none)[1], "B.example:80");
	hosts_rule(&r, profile, &some, out, sizeof(out));
	assert_non_null(strstr(out, "as asked for, within [profile.script] "
				    "network_hosts ("));
	assert_string_equal(hosts_of(&r, profile, &some)[0], a);
	policy_rights_done(&r);
	rights_make(&r, NULL, "/home/ann");
	hosts_rule(&r, profile, &some, out, sizeof(out));
	assert_string_equal(out, "network_hosts as asked for, within "
				 "[profile.script] network (user mode)");
	policy_rights_done(&r);
}

static void
test_as_many_as_there_may_be(void **state)
{
	char text[8192], why[256];
	struct policy p;

	(void)state;
	for (int n = EGRESS_HOSTS; n <= EGRESS_HOSTS + 1; n++) {
		int used = snprintf(text, sizeof(text),
		    "[profile.script]\nnetwork = \"list\"\nnetwork_hosts = [");

		for (int i = 0; i < n; i++)
			used +=
			    snprintf(text + used, sizeof(text) - (size_t)used,
				"\"a%d.example:1\",", i);
		memcpy(text + used - 1, "]\n", 3);
		if (n == EGRESS_HOSTS) {
			assert_int_equal(policy_parse(&p, text, strlen(text),
					     "F", why, sizeof(why)),
			    0);
			policy_done(&p);
			continue;
		}
		assert_int_not_equal(policy_parse(&p, text, strlen(text), "F",
					 why, sizeof(why)),
		    0);
		assert_string_equal(why,
		    "F:3: profile.script: network_hosts has more than 64 "
		    "entries");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I13_asked_for),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_as_many_as_there_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
