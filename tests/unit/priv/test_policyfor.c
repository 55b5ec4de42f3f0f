/* SPDX-License-Identifier: MIT */
/*
 * Who is admitted, what several tables give together, and what a request is
 * told: each a table, because that is what somebody will ask.
 */
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "lib/privproto.h"
#include "priv-helper/hold.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/policyuser.h"
#include "tests/unit/check.h"

#define LEN(a)	    (sizeof(a) / sizeof((a)[0]))
#define GROUPS(...) ((const char *const[]){ __VA_ARGS__, NULL })

enum {
	LOGIN = 1,
	SCRIPT = 2,
	GIT = 4,
	ALL = (1 << PROFILES) - 1
}; /* bits of profiles[] */

static void
parse(struct policy *p, const char *text)
{
	char why[512] = "";

	if (policy_parse(p, text, strlen(text), "F", why, sizeof(why)) != 0)
		fail_msg("%s", why);
}

static const char policy_access[] = "[access]\n"
				    "groups = [\"dev\", \"ops\"]\n"
				    "users = [\"ann\", \"root\", \"low\"]\n"
				    "deny_groups = [\"guest\"]\n"
				    "deny_users = [\"bob\"]\n"
				    "min_uid = 500\n"
				    "[user.carl]\nweb = true\n";

static const struct who {
	struct policy_account a;
	const char *said; /* NULL: admitted */
} who[] = {
	{ { 1000, "ann", "/h", NULL, GROUPS("x") }, NULL },
	{ { 1001, "dan", "/h", NULL, GROUPS("x", "dev") }, NULL },
	{ { 500, "low", "/h", NULL, GROUPS("x") }, NULL },
	{ { 4294967294, "ann", "/h", NULL, GROUPS("x") }, NULL },
	/* E01: what no file can change. */
	{ { 0, "root", "/h", NULL, GROUPS("dev") },
	    "this uid is never admitted" },
	{ { 0, "ann", "/h", NULL, GROUPS("dev") },
	    "this uid is never admitted" },
	{ { 4294967295, "ann", "/h", NULL, GROUPS("dev") },
	    "this uid is never admitted" },
	{ { 1000, "ann", "/h", "it is locked", GROUPS("dev") },
	    "it is locked" },
	{ { 499, "low", "/h", NULL, GROUPS("dev") },
	    "its uid is below [access] min_uid (F:6)" },
	/* What denies wins over what admits. */
	{ { 1002, "bob", "/h", NULL, GROUPS("dev") },
	    "it is denied by [access] deny_users (F:5)" },
	{ { 1000, "ann", "/h", NULL, GROUPS("guest", "dev") },
	    "it is denied by [access] deny_groups (F:4)" },
	/* A table of one's own, a prefix of a name, the name of a group. */
	{ { 1003, "carl", "/h", NULL, GROUPS("x") },
	    "neither [access] users nor [access] groups has it" },
	{ { 1004, "an", "/h", NULL, GROUPS("de", "devs") },
	    "neither [access] users nor [access] groups has it" },
	{ { 1005, "dev", "/h", NULL, GROUPS("ann") },
	    "neither [access] users nor [access] groups has it" },
	{ { 1006, "eve", "/h", NULL, (const char *const[]){ NULL } },
	    "neither [access] users nor [access] groups has it" },
};

static void
abuse_E01_admission(void **state)
{
	struct policy_rights r;
	struct policy p;
	char why[256];

	(void)state;
	parse(&p, policy_access);
	for (size_t i = 0; i < LEN(who); i++) {
		why[0] = '\0';
		if (policy_for(&p, &who[i].a, &r, why, sizeof(why)) == 0) {
			policy_rights_done(&r);
			if (who[i].said != NULL)
				fail_msg("%zu: admitted", i);
		} else if (who[i].said == NULL ||
			   strcmp(who[i].said, why) != 0) {
			fail_msg("%zu: %s", i, why);
		}
	}
	policy_done(&p);
}

/* A file that says nothing admits nobody; no file has user mode's one. */
static void
abuse_E01_nobody_by_default(void **state)
{
	const struct policy_account ann = { 1000, "ann", "/h", NULL,
		GROUPS("") };
	struct policy_account other = ann;
	struct policy_rights r;
	struct policy p;
	char why[256];

	(void)state;
	parse(&p, "[user.ann]\nweb = true\n");
	assert_int_equal(policy_for(&p, &ann, &r, why, sizeof(why)),
	    RDV_E_DENIED);
	policy_done(&p);
	policy_own(&p, 1000);
	assert_int_equal(policy_for(&p, &ann, &r, why, sizeof(why)), 0);
	assert_int_equal(r.profiles, (1u << PROFILES) - 1);
	assert_null(policy_root(&r, "/anywhere"));
	assert_true(r.web);
	for (int k = POLICY_MAX_PROCESSES; k <= POLICY_MAX_TRANSFER; k++)
		assert_int_equal(r.limit[k], POLICY_NO_LIMIT);
	policy_rights_done(&r);
	other.uid = 1001;
	assert_int_equal(policy_for(&p, &other, &r, why, sizeof(why)),
	    RDV_E_DENIED);
	policy_done(&p);
	/* As root in user mode, which is root's to say. */
	policy_own(&p, 0);
	other.uid = 0;
	other.closed = "its shell refuses logins";
	assert_int_equal(policy_for(&p, &other, &r, why, sizeof(why)), 0);
	policy_rights_done(&r);
	policy_done(&p);
}

static const char merged[] =
    "[access]\ngroups = [\"a\", \"b\", \"c\", \"d\"]\n"	 /* 2 */
    "[default]\nmax_runs = 5\nweb = true\n"		 /* 5 */
    "deny_roots = [\"/no\"]\n"				 /* 6 */
    "[group.a]\nprofiles = [\"script\"]\nmax_runs = 9\n" /* 9 */
    "roots = [\"/a\", \"/both\"]\n"			 /* 10 */
    "[group.b]\nprofiles = [\"git\", \"login\"]\n"	 /* 12 */
    "max_runs = 7\nweb = false\n"			 /* 14 */
    "roots = [\"/b/%u\", \"/both\"]\n"			 /* 15 */
    "deny_profiles = [\"login\"]\n"			 /* 16 */
    "[group.c]\nmax_runs = 0\nweb = true\n"		 /* 19 */
    "[user.u]\nmax_runs = 1\nweb = true\n"		 /* 22 */
    "profiles = [\"login\", \"git\"]\n"			 /* 23 */
    "deny_roots = [\"~/.ssh\"]\n"			 /* 24 */
    "deny_profiles = [\"script\"]\n"			 /* 25 */
    "[user.dot]\nname = \"x.y\"\nmax_runs = 77\n"	 /* 28 */
    "[group.d]\nmax_terminals = 2\nprofiles = []\nroots = []\n";

static const struct merge {
	const char *name;
	const char *const *groups;
	unsigned profiles;
	bool web;
	int64_t runs;
	const char *roots, *denied; /* joined by blanks */
	const char *rule;	    /* of max_runs */
} merges[] = {
	{ "n", GROUPS("a"), SCRIPT, true, 9, "/a /both", "/no",
	    "[group.a] max_runs (F:9)" },
	{ "n", GROUPS("b"), GIT, false, 7, "/b/n /both", "/no",
	    "[group.b] max_runs (F:13)" },
	/* United, the largest, the no; in the order of the file. */
	{ "n", GROUPS("a", "b"), SCRIPT | GIT, false, 9, "/a /both /b/n", "/no",
	    "[group.a] max_runs (F:9) and [group.b] max_runs (F:13)" },
	{ "n", GROUPS("b", "a"), SCRIPT | GIT, false, 9, "/a /both /b/n", "/no",
	    "[group.a] max_runs (F:9) and [group.b] max_runs (F:13)" },
	/* No limit is larger than any. */
	{ "n", GROUPS("a", "c"), SCRIPT, true, POLICY_NO_LIMIT, "/a /both",
	    "/no", "[group.a] max_runs (F:9) and [group.c] max_runs (F:18)" },
	/* What no group gives is the default's, the file's or the row's. */
	{ "n", GROUPS("c"), ALL, true, POLICY_NO_LIMIT, "/home/n", "/no",
	    "[group.c] max_runs (F:18)" },
	/* The user wins over groups, key by key, and not over what denies. */
	{ "u", GROUPS("a"), LOGIN | GIT, true, 1, "/a /both",
	    "/home/u/.ssh /no", "[user.u] max_runs (F:21)" },
	{ "u", GROUPS("a", "b", "c"), GIT, true, 1, "/a /both /b/u",
	    "/home/u/.ssh /no", "[user.u] max_runs (F:21)" },
	/* A name with a dot. A group called like a user is none. */
	{ "x.y", GROUPS("c"), ALL, true, 77, "/home/x.y", "/no",
	    "[user.dot] max_runs (F:28)" },
	{ "dot", GROUPS("c", "u"), ALL, true, POLICY_NO_LIMIT, "/home/dot",
	    "/no", "[group.c] max_runs (F:18)" },
	/* An empty list is given, and gives nothing. */
	{ "n", GROUPS("d"), 0, true, 5, "", "/no", "[default] max_runs (F:4)" },
	{ "n", GROUPS("d", "a"), SCRIPT, true, 9, "/a /both", "/no",
	    "[group.a] max_runs (F:9)" },
};

static void
join(char *out, size_t size, char *const *list)
{
	size_t used = 0;

	out[0] = '\0';
	for (; *list != NULL; list++)
		used += (size_t)snprintf(out + used, size - used, "%s%s",
		    used > 0 ? " " : "", *list);
}

static void
abuse_E01_merging(void **state)
{
	char home[64], text[256], why[256];
	struct policy_rights r;
	struct policy p;

	(void)state;
	parse(&p, merged);
	for (size_t i = 0; i < LEN(merges); i++) {
		const struct merge *m = &merges[i];
		const struct policy_account a = { 1000, m->name, home, NULL,
			m->groups };

		snprintf(home, sizeof(home), "/home/%s", m->name);
		assert_int_equal(policy_for(&p, &a, &r, why, sizeof(why)), 0);
		assert_int_equal(r.profiles & ~r.denied_profiles, m->profiles);
		assert_int_equal(r.limit[POLICY_MAX_RUNS], m->runs);
		assert_int_equal(r.web, m->web);
		join(text, sizeof(text), r.roots);
		assert_string_equal(text, m->roots);
		join(text, sizeof(text), r.denied_roots);
		assert_string_equal(text, m->denied);
		snprintf(text, sizeof(text), "is not granted by the policy: %s",
		    m->rule);
		assert_string_equal(r.rule[POLICY_MAX_RUNS], text);
		policy_rights_done(&r);
	}
	policy_done(&p);
}

static const char recorded[] =
    "[access]\ngroups = [\"a\", \"b\", \"c\"]\n"
    "[group.a]\nrecording_required = true\n"  /* 4 */
    "[group.b]\nrecording_required = false\n" /* 6 */
    "[group.c]\nmax_runs = 1\n"
    "[user.u]\nrecording_required = false\n"; /* 10 */

static const struct told {
	const char *name;
	const char *const *groups;
	bool recording;
	const char *rule;
} told[] = {
	{ "n", GROUPS("a"), true, "[group.a] recording_required (F:4)" },
	{ "n", GROUPS("b"), false, "[group.b] recording_required (F:6)" },
	{ "n", GROUPS("a", "b"), true,
	    "[group.a] recording_required (F:4) and [group.b] "
	    "recording_required (F:6)" },
	{ "n", GROUPS("c"), false,
	    "[default] recording_required (the default)" },
	{ "u", GROUPS("a"), false, "[user.u] recording_required (F:10)" },
};

/* O13: who is in one group that is recorded is, whatever the others say. */
static void
abuse_O13_recording(void **state)
{
	struct policy_rights r;
	struct policy p;
	char why[256];

	(void)state;
	parse(&p, recorded);
	for (size_t i = 0; i < LEN(told); i++) {
		const struct policy_account a = { 1000, told[i].name, "/h",
			NULL, told[i].groups };

		assert_int_equal(policy_for(&p, &a, &r, why, sizeof(why)), 0);
		assert_int_equal(r.recording, told[i].recording);
		assert_string_equal(policy_rule(&r, POLICY_RECORDING),
		    told[i].rule);
		policy_rights_done(&r);
	}
	policy_done(&p);
}

/* E01: what an account is called or lives in must not widen its roots. */
static void
abuse_E01_odd_accounts(void **state)
{
	static const struct {
		const char *name, *home, *roots;
	} odd[] = {
		{ "ann", "/home/ann", "/home/ann /home/ann/x /s/ann /s/annx" },
		{ "ann", "/", "/s/ann /s/annx" },
		{ "ann", "", "/s/ann /s/annx" },
		{ "ann", "relative", "/s/ann /s/annx" },
		{ "ann", "/home/../etc", "/s/ann /s/annx" },
		{ "ann", "/home/ann/", "/s/ann /s/annx" },
		{ "..", "/home/x", "/home/x /home/x/x" },
		{ "a/b", "/home/x", "/home/x /home/x/x" },
		{ "", "/home/x", "/home/x /home/x/x" },
	};
	static const char text[] =
	    "[access]\ngroups = [\"g\"]\n[default]\n"
	    "roots = [\"~\", \"~/x\", \"/s/%u\", \"/s/%ux\"]\n";
	struct policy_rights r;
	char why[256], joined[256];
	struct policy p;

	(void)state;
	parse(&p, text);
	for (size_t i = 0; i < LEN(odd); i++) {
		const struct policy_account a = { 1000, odd[i].name,
			odd[i].home, NULL, GROUPS("g") };

		assert_int_equal(policy_for(&p, &a, &r, why, sizeof(why)), 0);
		join(joined, sizeof(joined), r.roots);
		assert_string_equal(joined, odd[i].roots);
		policy_rights_done(&r);
	}
	policy_done(&p);
}

static const char judged[] = "[access]\nusers = [\"ann\"]\n"
			     "[default]\n"
			     "profiles = [\"script\", \"login\"]\n" /* 4 */
			     "max_runs = 3\nmax_terminals = 2\n"
			     "roots = [\"/r\"]\n"
			     "[user.ann]\ndeny_profiles = [\"login\"]\n" /* 9 */
			     "deny_roots = [\"/r/keys\"]\nmax_disk_mb = 20\n"
			     "[profile.script]\nnetwork = \"list\"\n"; /* 13 */

/* Numbers of profiles, filled in at run time. */
static const struct asks {
	const char *profile;
	enum policy_net net;
	bool pty;
	unsigned runs, terminals;
	int err;
	const char *why;
} asks[] = {
	{ "script", POLICY_NET_NONE, false, 0, 0, 0, "" },
	{ "script", POLICY_NET_LIST, true, 2, 1, 0, "" },
	{ "script", POLICY_NET_LIST, false, 2, 2, 0, "" },
	{ "script", POLICY_NET_FULL, false, 0, 0, RDV_E_DENIED,
	    "so much of the network is not granted by the policy: "
	    "[profile.script] network (F:13)" },
	{ "git", POLICY_NET_NONE, false, 0, 0, RDV_E_DENIED,
	    "this profile is not granted by the policy: [default] profiles "
	    "(F:4)" },
	{ "login", POLICY_NET_FULL, true, 0, 0, RDV_E_DENIED,
	    "this profile is denied by the policy: [user.ann] deny_profiles "
	    "(F:9)" },
	{ "script", POLICY_NET_LIST, false, 3, 0, RDV_E_FULL,
	    "one run more is not granted by the policy: [default] max_runs "
	    "(F:5)" },
	{ "script", POLICY_NET_LIST, true, 2, 2, RDV_E_FULL,
	    "one terminal more is not granted by the policy: [default] "
	    "max_terminals (F:6)" },
};

static const struct place {
	const char *path, *refused; /* NULL: granted */
} places[] = {
	{ "/r", "[user.ann] deny_roots (F:10)" },
	{ "/r/project", NULL },
	{ "/r/keysmith", NULL },
	{ "/r/keys", "[user.ann] deny_roots (F:10)" },
	{ "/r/keys/x", "[user.ann] deny_roots (F:10)" },
	{ "/", "[user.ann] deny_roots (F:10)" },
	{ "/root", "[default] roots (F:7)" },
	{ "/ra", "[default] roots (F:7)" },
	{ "r/project", "[default] roots (F:7)" },
	{ "/r/../etc", "[default] roots (F:7)" },
	{ "", "[default] roots (F:7)" },
};

static void
rights_of_ann(struct policy_rights *r, const char *text)
{
	const struct policy_account ann = { 1000, "ann", "/home/ann", NULL,
		GROUPS("x") };
	struct policy p;
	char why[256];

	parse(&p, text);
	assert_int_equal(policy_for(&p, &ann, r, why, sizeof(why)), 0);
	policy_done(&p);
}

static enum policy_net
net_of(const struct policy_rights *r, const char *profile, uint8_t asked)
{
	return hold_net(r, profile_find(profile), asked);
}

/* What is judged is what a run would have, asked for or by itself. */
static void
abuse_F17_network_by_itself(void **state)
{
	struct policy_rights r;

	(void)state;
	rights_of_ann(&r, judged);
	assert_int_equal(net_of(&r, "script", PRIV_NET_PROFILE),
	    POLICY_NET_LIST);
	assert_int_equal(net_of(&r, "script", PRIV_NET_NONE), POLICY_NET_NONE);
	assert_int_equal(net_of(&r, "script", PRIV_NET_LIST), POLICY_NET_LIST);
	assert_int_equal(net_of(&r, "script", PRIV_NET_FULL), POLICY_NET_FULL);
	assert_int_equal(net_of(&r, "agent", PRIV_NET_PROFILE),
	    POLICY_NET_FULL);
	/* A profile without network has none, whatever the policy says. */
	assert_int_equal(net_of(&r, "git", PRIV_NET_PROFILE), POLICY_NET_NONE);
	policy_rights_done(&r);
}

/* The rule that refused is said, with its place. */
static void
abuse_E01_requests(void **state)
{
	struct policy_rights r;
	char why[256];

	(void)state;
	rights_of_ann(&r, judged);
	for (size_t i = 0; i < LEN(asks); i++) {
		const struct policy_request q = {
			.profile = profile_find(asks[i].profile),
			.net = asks[i].net,
			.pty = asks[i].pty,
			.runs = asks[i].runs,
			.terminals = asks[i].terminals
		};

		why[0] = '\0';
		assert_int_equal(policy_judge(&r, &q, why, sizeof(why)),
		    asks[i].err);
		assert_string_equal(why, asks[i].why);
	}
	policy_rights_done(&r);
}

/* To the last byte below the limit. */
static void
abuse_I23_output(void **state)
{
	struct policy_request q = { .profile = profile_find("script"),
		.output_bytes = (20 << 20) - 1 };
	struct policy_rights r;
	char why[256] = "";

	(void)state;
	rights_of_ann(&r, judged);
	assert_int_equal(policy_judge(&r, &q, why, sizeof(why)), 0);
	q.output_bytes++;
	assert_int_equal(policy_judge(&r, &q, why, sizeof(why)), RDV_E_FULL);
	assert_string_equal(why,
	    "more output kept is not granted by the policy: [user.ann] "
	    "max_disk_mb (F:11)");
	/* What rdvd says may be any number. */
	q.output_bytes = UINT64_MAX;
	assert_int_equal(policy_judge(&r, &q, why, sizeof(why)), RDV_E_FULL);
	r.limit[POLICY_MAX_DISK] = POLICY_NO_LIMIT;
	assert_int_equal(policy_judge(&r, &q, why, sizeof(why)), 0);
	policy_rights_done(&r);
}

static void
abuse_F05_roots(void **state)
{
	struct policy_rights r;
	const char *said;

	(void)state;
	rights_of_ann(&r, judged);
	for (size_t i = 0; i < LEN(places); i++) {
		said = policy_root(&r, places[i].path);
		if ((said == NULL) != (places[i].refused == NULL) ||
		    (said != NULL && strstr(said, places[i].refused) == NULL))
			fail_msg("%s: %s", places[i].path, said);
	}
	policy_rights_done(&r);
}

/* E01: accounts in which nobody may log in. */
static void
abuse_E01_closed(void **state)
{
	static const struct {
		const char *shell, *hash;
		long expires;
		const char *why;
	} accounts[] = {
		{ "/bin/bash", "$6$x", -1, NULL },
		{ "", "$6$x", -1, NULL },
		/* Never had a password; may have a key. */
		{ "/bin/bash", "!", -1, NULL },
		{ "/bin/bash", "!!", -1, NULL },
		{ "/bin/bash", "*", -1, NULL },
		{ "/bin/bash", "", -1, NULL },
		{ "/bin/nologin-not", "*", 101, NULL },
		{ "/bin/bash", "!$6$x", -1, "it is locked" },
		{ "/bin/bash", "!!$6$x", -1, "it is locked" },
		{ "/bin/bash", "!*", -1, "it is locked" },
		{ "/bin/bash", "$6$x", 100, "it has expired" },
		{ "/bin/bash", "$6$x", 0, "it has expired" },
		{ "/usr/sbin/nologin", "$6$x", -1, "its shell refuses logins" },
		{ "/sbin/nologin", "$6$x", -1, "its shell refuses logins" },
		{ "/bin/false", "$6$x", -1, "its shell refuses logins" },
		{ "nologin", "$6$x", -1, "its shell refuses logins" },
	};
	const char *why;

	(void)state;
	for (size_t i = 0; i < LEN(accounts); i++) {
		why = policyuser_closed(accounts[i].shell, accounts[i].hash,
		    accounts[i].expires, 100);
		if (accounts[i].why == NULL)
			assert_null(why);
		else
			assert_string_equal(why, accounts[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_admission),
		cmocka_unit_test(abuse_E01_nobody_by_default),
		cmocka_unit_test(abuse_E01_merging),
		cmocka_unit_test(abuse_O13_recording),
		cmocka_unit_test(abuse_E01_odd_accounts),
		cmocka_unit_test(abuse_E01_requests),
		cmocka_unit_test(abuse_F17_network_by_itself),
		cmocka_unit_test(abuse_I23_output),
		cmocka_unit_test(abuse_F05_roots),
		cmocka_unit_test(abuse_E01_closed),
	};

	return CHECK_RUN("policyfor", tests);
}
