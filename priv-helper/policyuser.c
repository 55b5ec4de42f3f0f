/* SPDX-License-Identifier: MIT */
/*
 * From the account database to the facts a policy is applied to. An account of
 * which something could not be asked is none: silence of a directory server
 * must not admit anybody.
 */
#include "priv-helper/policyuser.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/xalloc.h"
#include "priv-helper/policyfor.h"

#define GROUPS_MAX   1024
#define ACCOUNTS_MAX 65536
#define RECORD_MAX   (4 * 1024 * 1024) /* a group with very many members */
#define DAY	     86400

/* Memory that the reentrant lookups fill. */
struct record {
	char *buf;
	size_t size;
};

/* True when a lookup that said `err` is to be made again. */
static bool
larger(struct record *r, int err)
{
	if (err != ERANGE || r->size >= RECORD_MAX)
		return false;
	secret_free(r->buf, r->size);
	r->size *= 4;
	r->buf = xmalloc(r->size);
	return true;
}

static void
record_init(struct record *r)
{
	r->size = 16384;
	r->buf = xmalloc(r->size);
}

/* ENOENT and the like say "no such record" with some services. */
static int
outcome(int err, const void *found)
{
	if (found != NULL)
		return 0;
	if (err == 0 || err == ENOENT || err == ESRCH)
		return RDV_E_NOT_FOUND;
	return -err;
}

static int
find_account(struct record *r, const char *name, struct passwd *pw)
{
	struct passwd *found;
	int err;

	do
		err = getpwnam_r(name, pw, r->buf, r->size, &found);
	while (found == NULL && larger(r, err));
	return outcome(err, found);
}

static int
find_group(struct record *r, const char *name, gid_t gid, struct group *gr)
{
	struct group *found;
	int err;

	do
		err = name != NULL
			  ? getgrnam_r(name, gr, r->buf, r->size, &found)
			  : getgrgid_r(gid, gr, r->buf, r->size, &found);
	while (found == NULL && larger(r, err));
	return outcome(err, found);
}

const char *
policyuser_closed(const char *shell, const char *hash, long expires, long today)
{
	const char *base = strrchr(shell, '/');
	size_t marks = strspn(hash, "!");

	/* An empty field means /bin/sh. */
	if (shell[0] != '\0' &&
	    (base == NULL || strcmp(base, "/nologin") == 0 ||
		strcmp(base, "/false") == 0))
		return "its shell refuses logins";
	/* "!" alone is an account that never had a password, as with keys. */
	if (marks > 0 && hash[marks] != '\0')
		return "it is locked";
	if (expires >= 0 && today >= expires)
		return "it has expired";
	return NULL;
}

/*
 * Accounts of a directory have no entry. A file that cannot be read looks the
 * same through the name service, so it is asked itself: root does not go on
 * without it, and anybody else is told.
 */
static int
ask_shadow(struct policyuser *u, const char *shell)
{
	struct spwd sp, *found;
	struct record r;
	int err;

	u->unseen = eaccess("/etc/shadow", R_OK) < 0 && errno != ENOENT;
	if (u->unseen && geteuid() == 0)
		return -EACCES;
	record_init(&r);
	do
		err = getspnam_r(u->name, &sp, r.buf, r.size, &found);
	while (found == NULL && larger(&r, err));
	if (found != NULL)
		u->closed = policyuser_closed(shell, sp.sp_pwdp, sp.sp_expire,
		    (long)(time(NULL) / DAY));
	else
		u->closed = policyuser_closed(shell, "", -1, 0);
	secret_free(r.buf, r.size);
	err = u->unseen ? 0 : outcome(err, found);
	return err < 0 ? err : 0;
}

/* Those without a name cannot be in a policy. */
static int
ask_groups(struct policyuser *u, gid_t gid)
{
	gid_t gids[GROUPS_MAX];
	int n = GROUPS_MAX, err = 0;
	struct record r;
	struct group gr;
	size_t used = 0;

	if (getgrouplist(u->name, gid, gids, &n) < 0)
		return -E2BIG;
	u->groups = xcalloc((size_t)n + 1, sizeof(*u->groups));
	record_init(&r);
	for (int i = 0; i < n && err >= 0; i++) {
		err = find_group(&r, NULL, gids[i], &gr);
		if (err == 0)
			u->groups[used++] = xstrdup(gr.gr_name);
	}
	free(r.buf);
	return err < 0 ? err : 0;
}

int
policyuser_load(struct policyuser *u, const char *name)
{
	struct passwd pw;
	struct record r;
	char *home;
	int err;

	memset(u, 0, sizeof(*u));
	record_init(&r);
	err = find_account(&r, name, &pw);
	if (err == 0) {
		u->uid = pw.pw_uid;
		u->name = xstrdup(pw.pw_name);
		/* Roots are compared with names that have no links in them. */
		home = realpath(pw.pw_dir, NULL);
		u->home = home != NULL ? home : xstrdup(pw.pw_dir);
		err = ask_shadow(u, pw.pw_shell);
	}
	if (err == 0)
		err = ask_groups(u, pw.pw_gid);
	free(r.buf);
	if (err != 0)
		policyuser_done(u);
	return err;
}

void
policyuser_done(struct policyuser *u)
{
	policyuser_free_names(u->groups);
	free(u->name);
	free(u->home);
	memset(u, 0, sizeof(*u));
}

void
policyuser_account(const struct policyuser *u, struct policy_account *a)
{
	*a = (struct policy_account){ .uid = u->uid,
		.name = u->name,
		.home = u->home,
		.closed = u->closed,
		.groups = (const char *const *)u->groups };
}

int
policyuser_group(const char *name)
{
	struct record r;
	struct group gr;
	int err;

	record_init(&r);
	err = find_group(&r, name, 0, &gr);
	free(r.buf);
	return err;
}

/* Names and first groups as they are gathered. */
struct gathered {
	char **names;
	size_t n;
	gid_t gids[GROUPS_MAX];
	size_t ngids;
};

static void
gather(struct gathered *g, const char *name)
{
	g->names = xreallocarray(g->names, g->n + 2, sizeof(*g->names));
	g->names[g->n++] = xstrdup(name);
	g->names[g->n] = NULL;
}

static int
gather_group(struct gathered *g, const char *name)
{
	struct record r;
	struct group gr;
	int err;

	record_init(&r);
	err = find_group(&r, name, 0, &gr);
	if (err == 0) {
		for (size_t i = 0; gr.gr_mem[i] != NULL; i++)
			gather(g, gr.gr_mem[i]);
		if (g->ngids < GROUPS_MAX)
			g->gids[g->ngids++] = gr.gr_gid;
	}
	free(r.buf);
	return err < 0 ? err : 0;
}

static void
gather_first(struct gathered *g)
{
	const struct passwd *pw;
	unsigned n = 0;

	setpwent();
	while (n++ < ACCOUNTS_MAX && (pw = getpwent()) != NULL)
		for (size_t i = 0; i < g->ngids; i++)
			if (pw->pw_gid == g->gids[i])
				gather(g, pw->pw_name);
	endpwent();
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
sort(struct gathered *g)
{
	size_t kept = 0;

	qsort(g->names, g->n, sizeof(*g->names), by_name);
	for (size_t i = 0; i < g->n; i++) {
		if (kept > 0 && strcmp(g->names[kept - 1], g->names[i]) == 0)
			free(g->names[i]);
		else
			g->names[kept++] = g->names[i];
	}
	g->names[kept] = NULL;
}

char **
policyuser_names(const struct policy *p, int *err)
{
	char *const *users = p->access.values[POLICY_USERS].list;
	char *const *groups = p->access.values[POLICY_GROUPS].list;
	struct gathered g = { .names = xcalloc(1, sizeof(char *)) };

	*err = 0;
	for (; users != NULL && *users != NULL; users++)
		gather(&g, *users);
	for (; groups != NULL && *groups != NULL && *err == 0; groups++)
		*err = gather_group(&g, *groups);
	if (*err != 0) {
		policyuser_free_names(g.names);
		return NULL;
	}
	if (g.ngids > 0)
		gather_first(&g);
	sort(&g);
	return g.names;
}

void
policyuser_free_names(char **names)
{
	for (size_t i = 0; names != NULL && names[i] != NULL; i++)
		free(names[i]);
	free(names);
}
