/* SPDX-License-Identifier: MIT */
/*
 * The policy in plain words: who reads this decides whether to trust the host,
 * so it says what is in force and from which line, and nothing in it is worded
 * apart from the functions that decide.
 */
#include "priv-helper/policyprint.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/toml.h"
#include "priv-helper/launch.h"
#include "priv-helper/policyfile.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/policyuser.h"

static void
print_list(char *const *list, FILE *out)
{
	(void)fputs("[", out);
	for (size_t i = 0; list != NULL && list[i] != NULL; i++) {
		(void)fputs(i > 0 ? ", " : "", out);
		toml_print_string(list[i], out);
	}
	(void)fputs("]", out);
}

static long long
number(int64_t n)
{
	return n == POLICY_NO_LIMIT ? 0 : (long long)n;
}

static void
print_value(const struct policy_section *s, int key, FILE *out)
{
	const struct policy_value *v = &s->values[key];

	switch (policy_rows[key].type) {
	case POLICY_T_NAME:
		toml_print_string(s->name, out);
		break;
	case POLICY_T_NAMES:
	case POLICY_T_PROFILES:
	case POLICY_T_ROOTS:
	case POLICY_T_PATHS:
	case POLICY_T_HOSTS:
		print_list(v->list, out);
		break;
	case POLICY_T_NET:
		toml_print_string(policy_net_name((enum policy_net)v->num),
		    out);
		break;
	case POLICY_T_COUNT:
	case POLICY_T_LIMIT:
		(void)fprintf(out, "%lld", number(v->num));
		break;
	case POLICY_T_BOOL:
		(void)fputs(v->num != 0 ? "true" : "false", out);
		break;
	}
}

/* Of groups and users only what is given: the rest comes from elsewhere. */
static void
print_section(const struct policy *p, const struct policy_section *s, FILE *out)
{
	const bool given = s->table == POLICY_IN_NAMED;
	const char *dot = strchr(s->title, '.');

	if (dot == NULL) {
		(void)fprintf(out, "[%s]\n", s->title);
	} else {
		/* Of what may stand in a name only quotes make a key. */
		(void)fprintf(out, "[%.*s.", (int)(dot - s->title), s->title);
		toml_print_string(dot + 1, out);
		(void)fputs("]\n", out);
	}
	for (int key = 0; key < POLICY_KEYS; key++) {
		const struct policy_row *row = &policy_rows[key];
		const unsigned line = s->values[key].line;

		if ((row->tables & s->table) == 0 || (given && line == 0))
			continue;
		(void)fprintf(out, "# %s\n%s = ", row->help, row->key);
		print_value(s, key, out);
		if (line > 0)
			(void)fprintf(out, " # %s:%u\n", p->source, line);
		else
			(void)fputs(" # the default\n", out);
	}
	(void)fputs("\n", out);
}

void
policyprint_keys(const struct policy *p, FILE *out)
{
	print_section(p, &p->access, out);
	print_section(p, &p->rights, out);
	for (size_t i = 0; i < p->nnamed; i++)
		print_section(p, &p->named[i], out);
	/* Of a profile that is not confined there is nothing to say. */
	for (int i = 0; i < PROFILES; i++)
		if (profiles[i].confined)
			print_section(p, &p->profile[i], out);
}

/* The part of a rule that says where it stands. */
static const char *
from(const char *rule)
{
	return strstr(rule, ": ") + 2;
}

static void
print_words(const char *what, char *const *list, const char *rule, FILE *out)
{
	char printable[1024];

	(void)fprintf(out, "#   %s:", what);
	if (*list == NULL)
		(void)fputs(" none", out);
	for (; *list != NULL; list++) {
		/* Names of accounts are in it, and end up in a terminal. */
		(void)str_escape(printable, sizeof(printable), *list,
		    strlen(*list));
		(void)fprintf(out, " %s", printable);
	}
	(void)fprintf(out, "; %s\n", from(rule));
}

static void
print_profile(const struct policy_rights *r, int i, FILE *out)
{
	const struct policy_hold *h = &r->profile[i];
	size_t hosts = 0;

	while (h->hosts[hosts] != NULL)
		hosts++;
	(void)fprintf(out, "#   profile %s, network: %s", profiles[i].name,
	    profiles[i].network ? policy_net_name(h->net) : "none");
	if (profiles[i].network && h->net == POLICY_NET_LIST)
		(void)fprintf(out, " (%zu hosts)", hosts);
	(void)fprintf(out, "; %s\n", from(h->rule));
}

static void
print_rights(const struct policy_rights *r, FILE *out)
{
	const uint32_t bits = r->profiles & ~r->denied_profiles;
	char *names[PROFILES + 1] = { NULL };
	size_t n = 0;
	int key;

	for (int i = 0; i < PROFILES; i++)
		if ((bits & UINT32_C(1) << i) != 0)
			names[n++] = (char *)(uintptr_t)profiles[i].name;
	print_words("profiles", names, r->rule[POLICY_PROFILES], out);
	if (r->denied_profiles != 0)
		(void)fprintf(out, "#   some profiles are denied; %s\n",
		    from(r->rule[POLICY_DENY_PROFILES]));
	print_words("roots", r->roots, r->rule[POLICY_ROOTS], out);
	if (*r->denied_roots != NULL)
		print_words("denied roots", r->denied_roots,
		    r->rule[POLICY_DENY_ROOTS], out);
	(void)fprintf(out, "#   web: %s; %s\n", r->web ? "yes" : "no",
	    from(r->rule[POLICY_WEB]));
	(void)fprintf(out, "#   recording required: %s; %s\n",
	    r->recording ? "yes" : "no", from(r->rule[POLICY_RECORDING]));
	for (key = POLICY_MAX_PROCESSES; key <= POLICY_MAX_TRANSFER; key++)
		(void)fprintf(out, "#   %s: %lld%s; %s\n", policy_rows[key].key,
		    number(r->limit[key]),
		    r->limit[key] == POLICY_NO_LIMIT ? " (no limit)" : "",
		    from(r->rule[key]));
	for (int i = 0; i < PROFILES; i++)
		if ((bits & UINT32_C(1) << i) != 0)
			print_profile(r, i, out);
}

static void
print_account(const struct policy *p, const char *name, FILE *out)
{
	struct policy_account a;
	struct policy_rights r;
	struct policyuser u;
	char why[512], printable[280];
	int err = policyuser_load(&u, name);

	(void)str_escape(printable, sizeof(printable), name, strlen(name));
	if (err != 0) {
		(void)fprintf(out, "# %s: refused: %s\n", printable,
		    err > 0 ? "there is no such account" : strerror(-err));
		return;
	}
	policyuser_account(&u, &a);
	err = policy_for(p, &a, &r, why, sizeof(why));
	(void)fprintf(out, "# %s (uid %u): %s%s\n", printable, (unsigned)a.uid,
	    err != 0 ? "refused: " : "", err != 0 ? why : r.rule[POLICY_USERS]);
	if (err == 0) {
		print_rights(&r, out);
		policy_rights_done(&r);
	}
	if (err == 0 && u.unseen)
		(void)fputs("#   only root can see whether it is locked or "
			    "has expired\n",
		    out);
	policyuser_done(&u);
}

/*
 * A name that is misspelt denies nobody, and nothing else would show it. It has
 * passed the grammar of names, but may hold any UTF-8.
 */
static void
print_missing(const struct policy_section *s, const char *group, FILE *out)
{
	char printable[280];

	if (policyuser_group(group) != RDV_E_NOT_FOUND)
		return;
	(void)str_escape(printable, sizeof(printable), group, strlen(group));
	(void)fprintf(out, "# [%s]: there is no group %s on this host\n",
	    s->title, printable);
}

static void
print_groups(const struct policy *p, FILE *out)
{
	static const int keys[] = { POLICY_GROUPS, POLICY_DENY_GROUPS };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *const *l = p->access.values[keys[i]].list;

		for (; l != NULL && *l != NULL; l++)
			print_missing(&p->access, *l, out);
	}
	for (size_t i = 0; i < p->nnamed; i++)
		if (!p->named[i].user)
			print_missing(&p->named[i], p->named[i].name, out);
}

/* 0, or -errno when the account database cannot be asked. */
static int
print_accounts(const struct policy *p, FILE *out)
{
	char **names;
	int err;

	names = policyuser_names(p, &err);
	if (names == NULL)
		return err;
	(void)fputs("# What that means for the accounts of this host:\n", out);
	print_groups(p, out);
	if (names[0] == NULL)
		(void)fputs("# nobody may use rdv\n", out);
	for (size_t i = 0; names[i] != NULL; i++)
		print_account(p, names[i], out);
	policyuser_free_names(names);
	return 0;
}

/* As an administrator names a file: from where they are. */
static bool
absolute(char out[PATH_MAX], const char *file)
{
	char here[PATH_MAX];

	return getcwd(here, sizeof(here)) != NULL &&
	       path_join(out, PATH_MAX, here, file);
}

int
policyprint_main(const char *file)
{
	char path[PATH_MAX], place[512] = "", why[512];
	struct policy p;
	int err;

	if (!absolute(path, file)) {
		(void)fprintf(stderr, "rdv-helper: %s: no such path\n", file);
		return LAUNCH_BAD_CONFIG;
	}
	err = policyfile_load(&p, path, 0, place, sizeof(place));
	/* A draft lies where its writer may write; it can still be wrong. */
	if (err == RDV_E_DENIED)
		err = policyfile_load(&p, path, POLICYFILE_ANYBODY, why,
		    sizeof(why));
	else
		(void)str_copy(why, place, sizeof(why));
	if (err != 0) {
		(void)fprintf(stderr, "rdv-helper: %s\n", why);
		return LAUNCH_BAD_CONFIG;
	}
	policyprint_keys(&p, stdout);
	err = print_accounts(&p, stdout);
	policy_done(&p);
	/* What is wrong stands behind it, also where both are one file. */
	if (fflush(stdout) != 0)
		return 1;
	if (err != 0)
		(void)fprintf(stderr, "rdv-helper: accounts: %s\n",
		    strerror(-err));
	if (place[0] != '\0')
		(void)fprintf(stderr,
		    "rdv-helper: would not be taken from there: %s\n", place);
	return err != 0 || place[0] != '\0' ? 1 : 0;
}
