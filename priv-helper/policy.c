/* SPDX-License-Identifier: MIT */
/*
 * From text to a policy. Every value passes the row of its key, and the first
 * thing that is wrong ends it with file and line: a policy of which a part is
 * not understood would grant what nobody meant. Defaults stand in [access],
 * [default] and [profile.P] from the start, with line 0.
 */
#include "priv-helper/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/egress.h"
#include "lib/host.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/toml.h"
#include "lib/xalloc.h"
#include "security/mutant.h"

/* More is not read by anybody, and merging is done in memory of this size. */
#define LIST_MAX 256

static const char *const nets[] = { "none", "list", "full" };

const char *
policy_net_name(enum policy_net net)
{
	return nets[net];
}

/*
 * What useradd(8) and directories allow, and nothing a program could take for
 * an option, a list or a path (abuse E14).
 */
static bool
name_ok(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > 64 || s[0] == '-' || strcmp(s, ".") == 0 ||
	    strcmp(s, "..") == 0)
		return false;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= 0x20 || *s == 0x7f ||
		    strchr("/:,%", *s) != NULL)
			return false;
	return true;
}

static bool
profile_ok(const char *s)
{
	return profile_find(s) >= 0;
}

static bool
root_ok(const char *s)
{
	if (s[0] == '~')
		return s[1] == '\0' || (s[1] == '/' && path_absolute_ok(s + 1));
	return path_absolute_ok(s);
}

/* What "/" would add is no tool, and would take the guards off all the rest. */
static bool
tool_ok(const char *s)
{
	return path_absolute_ok(s) && s[1] != '\0';
}

/* Its place, or -1. */
static int
find_net(const char *s)
{
	for (int i = 0; i <= POLICY_NET_FULL; i++)
		if (strcmp(nets[i], s) == 0)
			return i;
	return -1;
}

static bool
net_ok(const char *s)
{
	return find_net(s) >= 0;
}

/* What a value of each type is made of. */
static const struct kind {
	enum toml_type toml;
	bool (*ok)(const char *s); /* of each string */
	const char *rule;	   /* "number 2 must be ..." */
} kinds[] = {
	[POLICY_T_NAME] = { TOML_STRING, name_ok,
	    "a name of an account or group" },
	[POLICY_T_NAMES] = { TOML_STRINGS, name_ok,
	    "a name of an account or group" },
	[POLICY_T_PROFILES] = { TOML_STRINGS, profile_ok,
	    "a profile of this rdv" },
	[POLICY_T_ROOTS] = { TOML_STRINGS, root_ok,
	    "an absolute path, ~ or ~/..., without . or .." },
	[POLICY_T_PATHS] = { TOML_STRINGS, tool_ok,
	    "an absolute path without . or .., and not /" },
	[POLICY_T_HOSTS] = { TOML_STRINGS, host_port_ok,
	    "HOST:PORT with a name, IPv4 or [IPv6]" },
	[POLICY_T_NET] = { TOML_STRING, net_ok, "none, list or full" },
	[POLICY_T_COUNT] = { TOML_INT, NULL, NULL },
	[POLICY_T_LIMIT] = { TOML_INT, NULL, NULL },
	[POLICY_T_BOOL] = { TOML_BOOL, NULL, NULL },
};

static void
list_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

static char **
list_copy(char *const *from, size_t n)
{
	char **list = xcalloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = xstrdup(from[i]);
	return list;
}

static char **
every_profile(void)
{
	char **list = xcalloc(PROFILES + 1, sizeof(*list));

	for (int i = 0; i < PROFILES; i++)
		list[i] = xstrdup(profiles[i].name);
	return list;
}

static void
section_init(struct policy_section *s, enum policy_table table, char *title)
{
	memset(s, 0, sizeof(*s));
	s->table = table;
	s->title = title;
}

static void
section_defaults(struct policy_section *s)
{
	for (int k = 0; k < POLICY_KEYS; k++) {
		const struct policy_row *row = &policy_rows[k];
		char *item = (char *)(uintptr_t)row->item;

		if ((row->tables & s->table) == 0)
			continue;
		s->values[k].num = row->num;
		if (item != NULL)
			s->values[k].list = list_copy(&item, 1);
		else if (k == POLICY_PROFILES)
			s->values[k].list = every_profile();
	}
}

static void
section_done(struct policy_section *s)
{
	for (int k = 0; k < POLICY_KEYS; k++)
		list_free(s->values[k].list);
	free(s->title);
	free(s->name);
}

static void
policy_init(struct policy *p, const char *source)
{
	memset(p, 0, sizeof(*p));
	p->source = xstrdup(source);
	section_init(&p->access, POLICY_IN_ACCESS, xstrdup("access"));
	section_defaults(&p->access);
	section_init(&p->rights, POLICY_IN_DEFAULT, xstrdup("default"));
	section_defaults(&p->rights);
	for (int i = 0; i < PROFILES; i++) {
		section_init(&p->profile[i], POLICY_IN_PROFILE,
		    xasprintf("profile.%s", profiles[i].name));
		section_defaults(&p->profile[i]);
	}
}

void
policy_done(struct policy *p)
{
	section_done(&p->access);
	section_done(&p->rights);
	for (int i = 0; i < PROFILES; i++)
		section_done(&p->profile[i]);
	while (p->nnamed > 0)
		section_done(&p->named[--p->nnamed]);
	free(p->named);
	free(p->source);
	memset(p, 0, sizeof(*p));
}

/* The setters and checks return NULL, or what is wrong. */
static const char *
named_section(struct policy *p, const char *title, bool user,
    struct policy_section **out)
{
	const char *name = strchr(title, '.') + 1;
	struct policy_section *s;

	for (size_t i = 0; i < p->nnamed; i++) {
		if (strcmp(p->named[i].title, title) == 0) {
			*out = &p->named[i];
			return NULL;
		}
	}
	if (!name_ok(name))
		return "the table's name is no name of an account or group";
	if (p->nnamed == POLICY_NAMED_MAX)
		return "more than 256 groups and users";
	p->named = xreallocarray(p->named, p->nnamed + 1, sizeof(*p->named));
	s = &p->named[p->nnamed++];
	section_init(s, POLICY_IN_NAMED, xstrdup(title));
	s->user = user;
	s->name = xstrdup(name);
	*out = s;
	return NULL;
}

/* The section of a table as it stands in the file; made when it is new. */
static const char *
find_section(struct policy *p, const char *title, struct policy_section **out)
{
	const char *dot = strchr(title, '.');
	int i;

	*out = NULL;
	if (strcmp(title, "access") == 0)
		*out = &p->access;
	else if (strcmp(title, "default") == 0)
		*out = &p->rights;
	if (*out != NULL)
		return NULL;
	if (dot == NULL || strchr(dot + 1, '.') != NULL)
		return "no such table";
	if (str_starts(title, "group.") || str_starts(title, "user."))
		return named_section(p, title, title[0] == 'u', out);
	if (!str_starts(title, "profile."))
		return "no such table";
	i = profile_find(dot + 1);
	if (i < 0)
		return "no such profile";
	*out = &p->profile[i];
	return NULL;
}

static int
find_key(const char *key, enum policy_table table)
{
	for (int k = 0; k < POLICY_KEYS; k++)
		if ((policy_rows[k].tables & table) != 0 &&
		    strcmp(policy_rows[k].key, key) == 0)
			return k;
	return -1;
}

static bool
set_num(struct policy_value *out, const struct policy_row *row,
    const struct toml_value *v, char *wrong, size_t size)
{
	out->num = row->type == POLICY_T_BOOL ? v->flag : v->num;
	if (row->type == POLICY_T_LIMIT && v->num == 0) {
		out->num = POLICY_NO_LIMIT;
		return true;
	}
	if (out->num >= row->min && out->num <= row->max)
		return true;
	(void)snprintf(wrong, size, "is out of bounds (%s%lld..%lld)",
	    row->type == POLICY_T_LIMIT ? "0 or " : "", (long long)row->min,
	    (long long)row->max);
	return false;
}

static bool
set_list(struct policy_value *out, const struct kind *kind, char *const *strs,
    size_t n, char *wrong, size_t size)
{
	size_t i = 0;

	if (n > LIST_MAX) {
		(void)snprintf(wrong, size, "has more than %d entries",
		    LIST_MAX);
		return false;
	}
	while (i < n && kind->ok(strs[i]))
		i++;
	if (i < n) {
		(void)snprintf(wrong, size, "number %zu must be %s", i + 1,
		    kind->rule);
		return false;
	}
	list_free(out->list);
	out->list = list_copy(strs, n);
	return true;
}

static bool
set_string(struct policy_section *s, int key, const struct kind *kind,
    const char *str, char *wrong, size_t size)
{
	if (!kind->ok(str)) {
		(void)snprintf(wrong, size, "must be %s", kind->rule);
		return false;
	}
	if (key == POLICY_NETWORK) {
		s->values[key].num = find_net(str);
		return true;
	}
	free(s->name);
	s->name = xstrdup(str);
	return true;
}

static bool
set_value(struct policy_section *s, int key, const struct toml_value *v,
    char *wrong, size_t size)
{
	const struct policy_row *row = &policy_rows[key];
	const struct kind *kind = &kinds[row->type];

	if (v->type != kind->toml) {
		(void)snprintf(wrong, size, "must be %s, not %s",
		    toml_type_name(kind->toml), toml_type_name(v->type));
		return false;
	}
	if (v->type == TOML_STRINGS)
		return set_list(&s->values[key], kind, v->strs, v->nstrs, wrong,
		    size);
	if (v->type == TOML_STRING)
		return set_string(s, key, kind, v->str, wrong, size);
	return set_num(&s->values[key], row, v, wrong, size);
}

static bool
no(const char *text, char *wrong, size_t size)
{
	(void)str_copy(wrong, text, size);
	return false;
}

/* One value of the file; false with the rest of the sentence. */
static bool
apply_one(struct policy *p, const struct toml_value *v, char *wrong,
    size_t size)
{
	const char *last = strrchr(v->key, '.'), *why;
	struct policy_section *s;
	char *title;
	int key;

	if (last == NULL)
		return no("stands in no table", wrong, size);
	title = xstrndup(v->key, (size_t)(last - v->key));
	why = find_section(p, title, &s);
	free(title);
	if (why != NULL)
		return no(why, wrong, size);
	key = find_key(last + 1, s->table);
	if (key < 0)
		return no("no such key in this table", wrong, size);
	if (!set_value(s, key, v, wrong, size))
		return false;
	s->values[key].line = v->line;
	if (s->line == 0)
		s->line = v->line;
	return true;
}

static int
refuse(const struct policy *p, unsigned line, const char *key,
    const char *wrong, char *why, size_t whysize)
{
	char printable[160];

	/* A quoted key may hold what a terminal would obey. */
	(void)str_escape(printable, sizeof(printable), key, strlen(key));
	(void)snprintf(why, whysize, "%s:%u: %s: %s", p->source, line,
	    printable, wrong);
	return RDV_E_INVALID;
}

/*
 * What only the whole of a profile's table shows: a rule that would not be
 * kept must not be taken for one that is.
 */
static int
check_profile(const struct policy *p, int i, char *why, size_t whysize)
{
	const struct policy_section *s = &p->profile[i];
	const struct policy_value *net = &s->values[POLICY_NETWORK];
	const struct policy_value *hosts = &s->values[POLICY_NETWORK_HOSTS];

	if (!profiles[i].confined && s->line > 0)
		return refuse(p, s->line, s->title,
		    "this profile is not confined, so neither its network nor "
		    "what it reads can be held",
		    why, whysize);
	if (hosts->list != NULL && hosts->list[0] != NULL &&
	    net->num != POLICY_NET_LIST)
		return refuse(p, hosts->line, s->title,
		    "network_hosts without network = \"list\"", why, whysize);
	for (size_t n = 0; hosts->list != NULL && hosts->list[n] != NULL; n++)
		if (n == EGRESS_HOSTS)
			return refuse(p, hosts->line, s->title,
			    "network_hosts has more than 64 entries", why,
			    whysize);
	return 0;
}

/* Two tables for one account would each look as if they were all of it. */
static int
check_named(const struct policy *p, size_t i, char *why, size_t whysize)
{
	const struct policy_section *s = &p->named[i];

	for (size_t j = 0; j < i; j++)
		if (p->named[j].user == s->user &&
		    strcmp(p->named[j].name, s->name) == 0)
			return refuse(p, s->line, s->title,
			    "there is a table of this account or group above",
			    why, whysize);
	return 0;
}

static int
apply(struct policy *p, const struct toml *t, char *why, size_t whysize)
{
	char wrong[200];
	int err = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct toml_value *v = &t->values[i];

		if (!apply_one(p, v, wrong, sizeof(wrong)))
			return refuse(p, v->line, v->key, wrong, why, whysize);
	}
	for (int i = 0; i < PROFILES && err == 0; i++)
		err = check_profile(p, i, why, whysize);
	for (size_t i = 0; i < p->nnamed && err == 0; i++)
		err = check_named(p, i, why, whysize);
	return err;
}

int
policy_parse(struct policy *p, const char *text, size_t len, const char *source,
    char *why, size_t whysize)
{
	const char *wrong = NULL;
	struct policy fresh;
	unsigned line = 0;
	struct toml t;
	int err;

	err = toml_parse(&t, text, len, &line, &wrong);
	if (err != 0) {
		(void)snprintf(why, whysize, "%s:%u: %s", source, line, wrong);
		return err;
	}
	policy_init(&fresh, source);
	err = apply(&fresh, &t, why, whysize);
	toml_done(&t);
	if (err != 0)
		policy_done(&fresh);
	else
		*p = fresh;
	return err;
}

/*
 * As text and through the same parser, so that user mode has no path of its
 * own to be forgotten.
 */
void
policy_own(struct policy *p, uid_t uid)
{
	static const char text[] = "[default]\n"
				   "roots = [\"/\"]\n"
				   "web = true\n"
				   "max_processes = 0\n"
				   "max_memory_mb = 0\n"
				   "max_cpu_percent = 0\n"
				   "max_runs = 0\n"
				   "max_terminals = 0\n"
				   "max_run_minutes = 0\n"
				   "max_disk_mb = 0\n";
	/* Planted in test builds, to see that it is asked at all. */
	static const char tight[] = "[default]\n"
				    "profiles = [\"login\", \"script\"]\n"
				    "deny_profiles = [\"script\"]\n"
				    "max_runs = 2\n"
				    "max_terminals = 1\n";
	const char *use = mutant("policy") ? tight : text;
	char why[256];

	if (policy_parse(p, use, strlen(use), "user mode", why, sizeof(why)) !=
	    0)
		fatalx("policy", "%s", why);
	p->own = true;
	p->own_uid = uid;
}
