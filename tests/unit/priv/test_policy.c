/* SPDX-License-Identifier: MIT */
/*
 * The policy as text: what is refused, with which words, and that what is shown
 * means the same when it is read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "priv-helper/policy.h"
#include "priv-helper/policyprint.h"
#include "tests/unit/check.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char *
load(struct policy *p, const char *text, size_t len)
{
	static char why[512];

	why[0] = '\0';
	if (policy_parse(p, text, len, "F", why, sizeof(why)) == 0)
		assert_string_equal(why, "");
	else
		assert_true(why[0] != '\0');
	return why;
}

static const struct bad {
	const char *text, *why;
} bad[] = {
	{ "x = 1\n", "F:1: x: stands in no table" },
	{ "[acess]\nusers = []\n", "F:2: acess.users: no such table" },
	{ "[group]\nweb = true\n", "F:2: group.web: no such table" },
	{ "[user.a.b]\nweb = true\n", "F:2: user.a.b.web: no such table" },
	{ "[access.x]\nusers = []\n", "F:2: access.x.users: no such table" },
	{ "[profile.agnt]\ntools = []\n",
	    "F:2: profile.agnt.tools: no such profile" },
	{ "[access]\n\nuser = []\n",
	    "F:3: access.user: no such key in this table" },
	{ "[default]\nmin_uid = 5\n",
	    "F:2: default.min_uid: no such key in this table" },
	{ "[default]\nname = \"x\"\n",
	    "F:2: default.name: no such key in this table" },
	{ "[access]\nweb = true\n",
	    "F:2: access.web: no such key in this table" },
	{ "[access]\nusers = \"ann\"\n",
	    "F:2: access.users: must be an array of strings, not a string" },
	{ "[default]\nweb = 1\n",
	    "F:2: default.web: must be true or false, not an integer" },
	{ "[default]\nmax_runs = true\n",
	    "F:2: default.max_runs: must be an integer, not true or false" },
	{ "[access]\nmin_uid = 0\n",
	    "F:2: access.min_uid: is out of bounds (1..4294967294)" },
	{ "[access]\nmin_uid = 4294967295\n",
	    "F:2: access.min_uid: is out of bounds (1..4294967294)" },
	{ "[default]\nmax_memory_mb = 15\n",
	    "F:2: default.max_memory_mb: is out of bounds "
	    "(0 or 16..1099511627776)" },
	{ "[default]\nmax_runs = -1\n",
	    "F:2: default.max_runs: is out of bounds (0 or 1..4194304)" },
	{ "[access]\nusers = [\"a\", \"-x\"]\n",
	    "F:2: access.users: number 2 must be a name of an account or "
	    "group" },
	{ "[default]\nprofiles = [\"login\", \"root\"]\n",
	    "F:2: default.profiles: number 2 must be a profile of this rdv" },
	{ "[default]\nroots = [\"srv\"]\n",
	    "F:2: default.roots: number 1 must be an absolute path, ~ or "
	    "~/..., without . or .." },
	{ "[default]\nroots = [\"~ann\"]\n",
	    "F:2: default.roots: number 1 must be an absolute path, ~ or "
	    "~/..., without . or .." },
	{ "[default]\nroots = [\"/srv/../etc\"]\n",
	    "F:2: default.roots: number 1 must be an absolute path, ~ or "
	    "~/..., without . or .." },
	{ "[profile.script]\ntools = [\"/\"]\n",
	    "F:2: profile.script.tools: number 1 must be an absolute path "
	    "without . or .., and not /" },
	{ "[profile.script]\nnetwork = \"lists\"\n",
	    "F:2: profile.script.network: must be none, list or full" },
	{ "[profile.script]\nnetwork = \"list\"\nnetwork_hosts = [\"a\"]\n",
	    "F:3: profile.script.network_hosts: number 1 must be HOST:PORT "
	    "with a name, IPv4 or [IPv6]" },
	{ "[profile.script]\nnetwork_hosts = [\"a:1\"]\n",
	    "F:2: profile.script: network_hosts without network = \"list\"" },
	{ "[profile.login]\nnetwork = \"none\"\n",
	    "F:2: profile.login: this profile is not confined, so neither its "
	    "network nor what it reads can be held" },
	{ "[user.a]\nweb = true\n[user.b]\nname = \"a\"\n",
	    "F:4: user.b: there is a table of this account or group above" },
	{ "[user.a]\nweb = true\n[user.a]\nweb = false\n",
	    "F:3: table given twice" },
	{ "[default]\nweb = true\nweb = false\n", "F:3: key given twice" },
	{ "[user.\"-x\"]\nweb = true\n",
	    "F:2: user.-x.web: the table's name is no name of an account or "
	    "group" },
	{ "[\"\\u001b[2J\"]\nweb = true\n", "F:2: \\e[2J.web: no such table" },
};

static void
abuse_E14_refusals(void **state)
{
	struct policy p;

	(void)state;
	for (size_t i = 0; i < LEN(bad); i++) {
		const char *why = load(&p, bad[i].text, strlen(bad[i].text));

		if (strcmp(why, bad[i].why) != 0)
			fail_msg("%s\nsaid:   %s\nwanted: %s", bad[i].text, why,
			    bad[i].why);
	}
}

/* One byte more than a name may have. */
#define A65                                \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Names that a shell, a list or a path would read as something else. */
static void
abuse_E14_names(void **state)
{
	static const char *const wrong[] = { "", "-", "-rf", ".", "..", "a/b",
		"a:b", "a,b", "a b", "%u", "a\\n", "a\\u007f", A65 };
	static const char *const right[] = { "ann", "j.doe", "a-b_c", "svc$",
		"DOMAIN\\\\ann", "\xc3\xa9va", "ann@example" };
	char text[160];
	struct policy p;

	(void)state;
	for (size_t i = 0; i < LEN(wrong); i++) {
		snprintf(text, sizeof(text),
		    "[access]\ndeny_users = [\"%s\"]\n", wrong[i]);
		if (load(&p, text, strlen(text))[0] == '\0')
			fail_msg("taken: %s", wrong[i]);
	}
	for (size_t i = 0; i < LEN(right); i++) {
		snprintf(text, sizeof(text),
		    "[access]\ndeny_users = [\"%s\"]\n", right[i]);
		assert_string_equal(load(&p, text, strlen(text)), "");
		policy_done(&p);
	}
}

static void
bytes_that_are_no_text(void **state)
{
	static const char nul[] = "[access]\nusers = [\"a\0b\"]\n";
	static const char latin[] = "[access]\nusers = [\"\xe9va\"]\n";
	struct policy p;

	(void)state;
	assert_string_equal(load(&p, nul, sizeof(nul) - 1),
	    "F:2: control character");
	assert_string_equal(load(&p, latin, sizeof(latin) - 1),
	    "F:1: not UTF-8");
}

/* [user.u0], [user.u1] ... */
static char *
many_users(unsigned n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "[user.u%u]\nweb = true\n", i);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void
bounds(void **state)
{
	char *text = many_users(POLICY_NAMED_MAX);
	struct policy p;

	(void)state;
	assert_string_equal(load(&p, text, strlen(text)), "");
	assert_int_equal(p.nnamed, POLICY_NAMED_MAX);
	policy_done(&p);
	free(text);
	text = many_users(POLICY_NAMED_MAX + 1);
	assert_string_equal(load(&p, text, strlen(text)),
	    "F:514: user.u256.web: more than 256 groups and users");
	free(text);
}

/* Nothing of a policy that is in force is lost to one that is wrong. */
static void
a_bad_text_changes_nothing(void **state)
{
	static const char good[] = "[access]\nusers = [\"ann\"]\n";
	static const char wrong[] = "[access]\nusers = []\nadmins = []\n";
	struct policy p;

	(void)state;
	assert_string_equal(load(&p, good, sizeof(good) - 1), "");
	assert_string_equal(load(&p, wrong, sizeof(wrong) - 1),
	    "F:3: access.admins: no such key in this table");
	assert_string_equal(p.access.values[POLICY_USERS].list[0], "ann");
	policy_done(&p);
}

/* A file that says nothing lets nobody in and nothing through the web. */
static void
defaults(void **state)
{
	struct policy p;

	(void)state;
	assert_string_equal(load(&p, "", 0), "");
	assert_null(p.access.values[POLICY_USERS].list);
	assert_null(p.access.values[POLICY_GROUPS].list);
	assert_int_equal(p.access.values[POLICY_MIN_UID].num, 1000);
	assert_int_equal(p.rights.values[POLICY_WEB].num, 0);
	policy_done(&p);
}

static void
rows(void **state)
{
	(void)state;
	for (int k = 0; k < POLICY_KEYS; k++) {
		const struct policy_row *row = &policy_rows[k];

		assert_non_null(row->key);
		assert_true(row->tables != 0 && strlen(row->help) > 8);
		for (int j = 0; j < k; j++)
			assert_true(strcmp(policy_rows[j].key, row->key) != 0);
	}
}

static char *
print(const struct policy *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	policyprint_keys(p, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* With the places cut off, which differ: each line ends in one. */
static void
cut_places(char *text)
{
	char *from = text, *to = text;

	while (*from != '\0') {
		const size_t len = strcspn(from, "\n") + 1;
		char *place = memmem(from, len, " # F:", 5);

		if (place == NULL)
			place = memmem(from, len, " # the default", 14);
		if (place == NULL)
			place = from + len - 1;
		memmove(to, from, (size_t)(place - from));
		to += place - from;
		*to++ = '\n';
		from += len;
	}
	*to = '\0';
}

static void
what_is_printed_reads_back(void **state)
{
	static const char text[] =
	    "[access]\nusers = [\"DOMAIN\\\\ann\"]\nmin_uid = 7\n"
	    "[default]\nmax_runs = 0\nroots = [\"~/a\\\"b\", \"/s/%u\"]\n"
	    "[group.\"a b\"]\nname = \"j.doe\"\nweb = true\n"
	    "[user.x]\nmax_disk_mb = 16\ndeny_profiles = [\"login\"]\n"
	    "[profile.script]\nnetwork = \"list\"\n"
	    "network_hosts = [\"[::1]:5\", \"a.b:443\"]\n";
	struct policy p, again;
	char *first, *second;

	(void)state;
	/* A table's name is a name as well. */
	assert_string_equal(load(&p, text, sizeof(text) - 1),
	    "F:8: group.a b.name: the table's name is no name of an account "
	    "or group");
	first = strdup(text);
	memcpy(strstr(first, "a b"), "a_b", 3);
	assert_string_equal(load(&p, first, strlen(first)), "");
	free(first);
	first = print(&p);
	assert_non_null(strstr(first, "max_disk_mb = 16 # F:11\n"));
	assert_non_null(strstr(first, "min_uid = 7 # F:3\n"));
	assert_non_null(strstr(first, "web = false # the default\n"));
	assert_string_equal(load(&again, first, strlen(first)), "");
	second = print(&again);
	cut_places(first);
	cut_places(second);
	assert_string_equal(first, second);
	free(first);
	free(second);
	policy_done(&p);
	policy_done(&again);
}

static char *
slurp(const char *path)
{
	char *text = NULL, line[1024];
	size_t len;
	FILE *f = fopen(path, "r"), *out = open_memstream(&text, &len);

	assert_non_null(f);
	assert_non_null(out);
	while (fgets(line, sizeof(line), f) != NULL)
		(void)fputs(line, out);
	(void)fclose(f);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* The sample as it stands lets nobody in; switched on it is every key. */
static void
the_sample_is_the_table(void **state)
{
	char *text = slurp("etc/helper.toml"), *on = strdup(text), *line;
	struct policy p;

	(void)state;
	assert_string_equal(load(&p, text, strlen(text)), "");
	assert_null(p.access.values[POLICY_USERS].list);
	policy_done(&p);
	for (int k = 0; k < POLICY_KEYS; k++)
		if (strstr(text, policy_rows[k].help) == NULL)
			fail_msg("not in the sample: %s", policy_rows[k].help);
	/* "#key = " and "#[table]" are switched on. */
	for (line = on; line != NULL && *line != '\0';) {
		if (line[0] == '#' && (line[1] == '[' || line[1] >= 'a'))
			line[0] = ' ';
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	assert_string_equal(load(&p, on, strlen(on)), "");
	for (int k = 0; k < POLICY_KEYS; k++) {
		unsigned given =
		    p.access.values[k].line + p.rights.values[k].line +
		    p.profile[profile_find("script")].values[k].line;

		for (size_t i = 0; i < p.nnamed; i++)
			given += p.named[i].values[k].line;
		if (given == 0)
			fail_msg("not in the sample: %s", policy_rows[k].key);
	}
	policy_done(&p);
	free(text);
	free(on);
}

static void
the_document_has_every_key(void **state)
{
	char *text = slurp("docs/policy.md"), key[64];

	(void)state;
	for (int k = 0; k < POLICY_KEYS; k++) {
		snprintf(key, sizeof(key), "| `%s` |", policy_rows[k].key);
		if (strstr(text, key) == NULL ||
		    strstr(text, policy_rows[k].help) == NULL)
			fail_msg("docs/policy.md: %s", policy_rows[k].key);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(defaults),
		cmocka_unit_test(abuse_E14_refusals),
		cmocka_unit_test(abuse_E14_names),
		cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(bounds),
		cmocka_unit_test(a_bad_text_changes_nothing),
		cmocka_unit_test(what_is_printed_reads_back),
		cmocka_unit_test(the_sample_is_the_table),
		cmocka_unit_test(the_document_has_every_key),
	};

	return CHECK_RUN("policy", tests);
}
