/* SPDX-License-Identifier: MIT */
/*
 * Who children run as. In user mode that is nobody but ourselves: ids and
 * groups are those of this process, because they are what a child will have;
 * name, home and shell come from the account database, never from the
 * environment.
 */
#include "priv-helper/user.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

#define PASSWD_BUF 16384

static int
refuse(int err, char *why, size_t whysize, const char *text)
{
	snprintf(why, whysize, "%s", text);
	return err;
}

/*
 * An account that is already at work here may have a shell that refuses
 * logins; a terminal of its own still needs one that does not.
 */
static const char *
usable_shell(const char *shell)
{
	const char *base = strrchr(shell, '/');

	if (base == NULL || strcmp(base, "/nologin") == 0 ||
	    strcmp(base, "/false") == 0)
		return "/bin/sh";
	return shell;
}

static int
from_passwd(struct user *u, const struct passwd *pw)
{
	const char *home = pw->pw_dir, *shell = usable_shell(pw->pw_shell);

	if (!str_copy(u->name, pw->pw_name, sizeof(u->name)) ||
	    u->name[0] == '\0' || !path_absolute_ok(shell) ||
	    !str_copy(u->shell, shell, sizeof(u->shell)))
		return RDV_E_INVALID;
	/* Accounts without a home have "/", "" or a path that is not there. */
	if (!path_absolute_ok(home))
		home = "/";
	return str_copy(u->home, home, sizeof(u->home)) ? 0 : RDV_E_INVALID;
}

int
user_load(struct user *u, char *why, size_t whysize)
{
	char buf[PASSWD_BUF];
	struct passwd pw, *found = NULL;
	uid_t r, e, s;
	int n, err;

	memset(u, 0, sizeof(*u));
	if (getresuid(&r, &e, &s) < 0 || r != e || e != s)
		return refuse(-EPERM, why, whysize,
		    "real, effective and saved uid differ");
	u->uid = e;
	u->gid = getegid();
	n = getgroups(USER_GROUPS_MAX, u->groups);
	if (n < 0)
		return refuse(-errno, why, whysize, "too many groups");
	u->ngroups = (unsigned)n;
	err = getpwuid_r(u->uid, &pw, buf, sizeof(buf), &found);
	if (err != 0)
		return refuse(-err, why, whysize,
		    "the account database cannot be asked");
	if (found == NULL)
		return refuse(RDV_E_NOT_FOUND, why, whysize,
		    "this uid has no account");
	err = from_passwd(u, &pw);
	if (err != 0)
		return refuse(err, why, whysize,
		    "the account's name or shell is not usable");
	return 0;
}

int
user_named(struct user *u, const char *name, char *why, size_t whysize)
{
	char buf[PASSWD_BUF];
	struct passwd pw, *found = NULL;
	int err;

	memset(u, 0, sizeof(*u));
	err = getpwnam_r(name, &pw, buf, sizeof(buf), &found);
	if (err != 0 || found == NULL) {
		(void)snprintf(why, whysize, "there is no account \"%s\"",
		    name);
		return err != 0 ? -err : RDV_E_NOT_FOUND;
	}
	u->uid = pw.pw_uid;
	u->gid = pw.pw_gid;
	if (u->uid == 0 || u->gid == 0 || from_passwd(u, &pw) != 0) {
		(void)snprintf(why, whysize, "the account \"%s\" is not usable",
		    name);
		return RDV_E_INVALID;
	}
	return 0;
}
