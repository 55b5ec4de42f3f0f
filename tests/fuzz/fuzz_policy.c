/* SPDX-License-Identifier: MIT */
/*
 * Policies. Invariant: refused with a place in the file, or what it says never
 * admits root or a closed account, gives nobody what it denies them, and is the
 * same policy when it is printed and read back.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/policyprint.h"

static const char *const groups[] = { "dev", "ops", "a", NULL };
static const char *const paths[] = { "/", "/home", "/home/ann", "/home/ann/x",
	"/srv", "/srv/ann", "/a", "/a/b", NULL };

static void
check_account(const struct policy *p)
{
	struct policy_account a = { 1000, "ann", "/home/ann", NULL, groups };
	struct policy_rights r;
	char why[256] = "";

	a.uid = 0;
	FUZZ_CHECK(policy_for(p, &a, &r, why, sizeof(why)) == RDV_E_DENIED);
	a.uid = 4000000000;
	a.closed = "closed";
	FUZZ_CHECK(policy_for(p, &a, &r, why, sizeof(why)) == RDV_E_DENIED);
	FUZZ_CHECK(why[0] != '\0');
}

static bool
listed(char *const *roots, const char *path)
{
	for (; *roots != NULL; roots++)
		if (path_is_under(*roots, path))
			return true;
	return false;
}

static void
check_rights(const struct policy_rights *r)
{
	struct policy_request q = { .net = POLICY_NET_NONE };
	const uint32_t bits = r->profiles & ~r->denied_profiles;
	char why[256];
	int err;

	for (q.profile = 0; q.profile < PROFILES; q.profile++) {
		err = policy_judge(r, &q, why, sizeof(why));
		FUZZ_CHECK((err == 0) == ((bits >> q.profile & 1) != 0));
		FUZZ_CHECK(err == 0 || strchr(why, '[') != NULL);
	}
	for (size_t i = 0; paths[i] != NULL; i++)
		FUZZ_CHECK(policy_root(r, paths[i]) != NULL ||
			   (listed(r->roots, paths[i]) &&
			       !listed(r->denied_roots, paths[i])));
	for (int k = POLICY_MAX_PROCESSES; k <= POLICY_MAX_TRANSFER; k++)
		FUZZ_CHECK(r->limit[k] > 0);
}

static char *
print(const struct policy *p)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	FUZZ_CHECK(f != NULL);
	policyprint_keys(p, f);
	FUZZ_CHECK(fclose(f) == 0);
	return text;
}

/* Lines, and so the comments about them, differ; the third is the second. */
static void
check_printed(const struct policy *p)
{
	char *first = print(p), *second, *third;
	struct policy again, more;
	char why[512];

	FUZZ_CHECK(policy_parse(&again, first, strlen(first), "F", why,
		       sizeof(why)) == 0);
	FUZZ_CHECK(again.nnamed == p->nnamed);
	second = print(&again);
	FUZZ_CHECK(policy_parse(&more, second, strlen(second), "F", why,
		       sizeof(why)) == 0);
	third = print(&more);
	FUZZ_CHECK(strcmp(second, third) == 0);
	policy_done(&again);
	policy_done(&more);
	free(first);
	free(second);
	free(third);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct policy_account ann = { 4000000000, "ann", "/home/ann",
		NULL, groups };
	struct policy_rights r;
	struct policy p;
	char why[512] = "";
	int err;

	err = policy_parse(&p, (const char *)data, size, "F", why, sizeof(why));
	if (err != 0) {
		FUZZ_CHECK(err == RDV_E_INVALID && str_starts(why, "F:"));
		FUZZ_CHECK(str_utf8_valid(why, strlen(why)));
		return 0;
	}
	check_account(&p);
	if (policy_for(&p, &ann, &r, why, sizeof(why)) == 0) {
		check_rights(&r);
		policy_rights_done(&r);
	}
	check_printed(&p);
	policy_done(&p);
	return 0;
}
