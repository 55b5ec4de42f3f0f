/* SPDX-License-Identifier: MIT */
/*
 * What a confined run is granted, as a Landlock rule set: what its profile
 * says, its own directory and terminal, the paths that were asked for, and of a
 * worktree's repository a part. All of it is opened with the rights of the
 * account, judged, and granted by descriptor.
 */
#include "priv-helper/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "priv-helper/accounts.h"
#include "priv-helper/child.h"
#include "priv-helper/ops.h"
#include "priv-helper/repo.h"
#include "priv-helper/rules.h"
#include "priv-helper/served.h"
#include "priv-helper/spare.h"
#include "priv-helper/view.h"
#include "security/landlock.h"
#include "security/profile.h"

static int
grant(const struct reach *x, int fd, enum landlock_access access)
{
	if (x->shown)
		return 0;
	return landlock_allow_fd(x->spare->rules.ruleset, fd, access);
}

/* As for a profile's own paths, see rules.c. */
static int
allow_tool(struct reach *x, const char *path)
{
	int fd = open(path, O_PATH | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	if (fstat(fd, &st) < 0) {
		err = -errno;
	} else if (!roots_inside(&x->spare->roots, fd)) {
		err = grant(x, fd, LANDLOCK_READ_EXEC);
		if (err == 0)
			err = view_show(x->spaces, path, &st, true);
	}
	(void)close(fd);
	return err;
}

/* What the policy adds to it: places that programs may be run from. */
static int
allow_tools(struct reach *x)
{
	const struct policy_rights *r = served_rights(x->o, x->user);
	char **tools = r->profile[x->profile - profiles].tools;
	int err = 0;

	for (; tools != NULL && *tools != NULL && err == 0; tools++)
		err = allow_tool(x, *tools);
	return err;
}

static struct rules_for
rules_who(const struct reach *x)
{
	return (struct rules_for){ .uid = x->user->uid,
		.network = x->online || x->spaces->net,
		.roots = &x->spare->roots };
}

/* What the rule set has of its profile's own paths. */
static int
show_profile(struct reach *x)
{
	const struct profile_path *p = x->profile->paths;
	const struct rules_seen *seen = x->spare->rules.seen;
	int err = 0;

	for (; p->path != NULL && err == 0; p++, seen++) {
		const struct stat st = { .st_dev = seen->dev,
			.st_ino = seen->ino,
			.st_mode = seen->mode };

		if (seen->granted)
			err = view_show(x->spaces, p->path, &st, true);
	}
	return err;
}

/* In the home directory only as long as there is nothing of rdv's in it. */
static int
allow_worker(struct reach *x)
{
	const struct roots *roots = &x->spare->roots;
	const int ruleset = x->spare->rules.ruleset;
	int err = landlock_allow(ruleset, roots->base, LANDLOCK_MKDIR);

	if (err == -ENOENT)
		err = landlock_allow(ruleset, roots->home, LANDLOCK_MKDIR);
	return err;
}

/* By descriptor: what takes its place before it is executed is not granted. */
static int
allow_program(struct reach *x)
{
	const struct program_id *id = &x->o->worker;
	int fd = open(x->program, O_PATH | O_CLOEXEC), err = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (x->worker && (st.st_dev != id->dev || st.st_ino != id->ino))
		err = RDV_E_STATE;
	else
		err = grant(x, fd, LANDLOCK_READ_EXEC);
	(void)close(fd);
	return err;
}

/*
 * What speaks through a door. Where it is installed may be no place that the
 * run sees, or be in a closed one; where the account cannot run it, neither can
 * the run.
 */
static int
allow_rdv(struct reach *x)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, err = 0;

	if (!x->profile->door || x->spaces->view != NSPACE_ROOT)
		return 0;
	if (!path_join(path, sizeof(path), x->o->bin, "rdv"))
		return -ENAMETOOLONG;
	fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISREG(st.st_mode))
		err = grant(x, fd, LANDLOCK_READ_EXEC);
	if (err == 0 && S_ISREG(st.st_mode))
		err = view_show_rdv(x->spaces, path, &st);
	(void)close(fd);
	return err;
}

int
reach_common(struct reach *x)
{
	int err = 0;

	if (!x->profile->confined)
		return 0;
	err = show_profile(x);
	if (err == 0)
		err = allow_tools(x);
	return err != 0 ? err : allow_rdv(x);
}

static int
allow_own(struct reach *x)
{
	int err = 0;

	if (x->worker)
		err = allow_worker(x);
	if (x->shown || (x->profile->exe == NULL && x->profile->own == NULL))
		return err;
	/* Else it would be beneath a /tmp of its own, and not there. */
	if (x->profile->own != NULL && path_is_under("/tmp", x->program))
		x->spaces->uses_tmp = true;
	if (err == 0)
		err = allow_program(x);
	return err;
}

/* A part that is missing, or is a link, is left out. */
static int
allow_part(const struct reach *x, int dir, const struct profile_path *p)
{
	const struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd, err;

	fd = (int)syscall(SYS_openat2, dir, p->path, &how, sizeof(how));
	if (fd < 0)
		return 0;
	err = grant(x, fd, p->access);
	(void)close(fd);
	return err;
}

/* Without its repository a worktree is only a directory; git says so then. */
static int
allow_repo(struct reach *x, unsigned i, int root)
{
	const struct profile_path *p = x->profile->repo;
	struct repo repo;
	char why[128];
	int err;

	if (p == NULL)
		return 0;
	err = repo_open(&x->spare->roots, root, &repo, why, sizeof(why));
	if (err == RDV_E_DENIED && !x->shown)
		log_warnx("spawn", "paths: %s: without its repository: %s",
		    x->paths[i], why);
	if (err != 0)
		return 0;
	for (; p->path != NULL && err == 0; p++)
		err = allow_part(x, repo.common, p);
	if (err == 0)
		err = grant(x, repo.admin, x->profile->repo_own);
	if (err == 0)
		err = view_show_named(x->spaces, NULL, repo.common,
		    x->profile->repo_own == LANDLOCK_READ);
	(void)close(repo.common);
	(void)close(repo.admin);
	return err;
}

static int
allow_root(struct reach *x, unsigned i, int fd)
{
	const bool readonly = x->profile->roots == LANDLOCK_READ_EXEC;
	int err = grant(x, fd, x->profile->roots);

	if (err == 0)
		err = view_show_named(x->spaces, x->paths[i], fd, readonly);
	return err != 0 ? err : allow_repo(x, i, fd);
}

static bool
is_owned(const struct reach *x, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (st.st_uid == x->user->uid || st.st_uid == 0);
}

/*
 * git takes where it starts for the repository, and asks whose it is by its
 * name, which another may be had by then; that one is granted nothing.
 */
static bool
is_anothers(const struct reach *x, unsigned i, int fd)
{
	return x->profile->exe != NULL && strcmp(x->paths[i], x->cwd) == 0 &&
	       !is_owned(x, fd);
}

/* Nor does it start in one that only lies in what is granted. */
static bool
starts_in_anothers(const struct reach *x)
{
	bool anothers;
	int fd;

	if (x->profile->exe == NULL)
		return false;
	/* What cannot be opened is for C12 to say. */
	fd = open(x->cwd, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	anothers = !is_owned(x, fd);
	(void)close(fd);
	return anothers;
}

static bool
deny_cwd(struct child_error *e)
{
	e->result = PRIV_DENIED;
	(void)str_copy(e->why,
	    "cwd: git's repository belongs to another account", sizeof(e->why));
	return false;
}

/* RDV_E_DENIED: `e` has been told why. */
static int
open_root(const struct reach *x, unsigned i, int *fd, struct child_error *e)
{
	int err = roots_open(&x->spare->roots, x->paths[i], fd, e->why,
	    sizeof(e->why));

	if (err != 0 || !is_anothers(x, i, *fd))
		return err;
	(void)close(*fd);
	(void)deny_cwd(e);
	return RDV_E_DENIED;
}

static bool
allow_roots(struct reach *x, struct child_error *e)
{
	unsigned i;
	int fd, err;

	if (starts_in_anothers(x))
		return deny_cwd(e);
	for (i = 0; i < x->pathc; i++) {
		err = open_root(x, i, &fd, e);
		if (err == RDV_E_DENIED) {
			e->result = PRIV_DENIED;
			return false;
		}
		if (err != 0)
			return child_failed(e, "P5 paths", err);
		err = allow_root(x, i, fd);
		(void)close(fd);
		if (err != 0)
			return child_failed(e, "P5 paths", err);
	}
	return true;
}

/*
 * With the user's rights, as everything that follows from it. In system mode
 * an account has rdv's files in its own home.
 */
static int
find_roots(struct reach *x)
{
	char base[ROOTS_PATH_MAX];
	const char *own = x->o->base;

	if (own == NULL) {
		if (!path_join(base, sizeof(base), x->user->home, ".rdv"))
			return -ENAMETOOLONG;
		own = base;
	}
	if (!roots_init(&x->spare->roots, x->user->home, own, x->o->run_dir,
		served_rights(x->o, x->user)))
		return -ENAMETOOLONG;
	return 0;
}

int
reach_new(struct reach *x)
{
	return x->profile->confined
		   ? rules_new(&x->spare->rules, rules_who(x).network)
		   : 0;
}

int
reach_begin(struct reach *x)
{
	struct rules *r = &x->spare->rules;
	struct rules_for who;
	int err;

	if (!x->profile->confined)
		return 0;
	err = find_roots(x);
	if (err != 0)
		return err;
	who = rules_who(x);
	err = rules_make(r, &who, x->profile);
	if (err == 0)
		err =
		    landlock_allow(r->ruleset, x->scratch, x->profile->scratch);
	/* Of all terminals its own alone (H07), by descriptor. */
	if (err != 0 || x->terminal < 0)
		return err;
	err = view_show_terminal(x->spaces, x->terminal);
	return err != 0 ? err
			: landlock_allow_fd(r->ruleset, x->terminal,
			      LANDLOCK_TERMINAL);
}

bool
reach_holds(struct reach *x)
{
	struct rules_for who;

	if (!x->profile->confined)
		return true;
	if (find_roots(x) != 0)
		return false;
	who = rules_who(x);
	return rules_hold(&x->spare->rules, &who, x->profile);
}

bool
reach_make(struct reach *x, struct child_error *e)
{
	int err;

	if (!x->profile->confined)
		return true;
	err = allow_own(x);
	if (err == RDV_E_STATE) {
		e->result = PRIV_DENIED;
		snprintf(e->why, sizeof(e->why),
		    "%s is not the one that was there at the start; "
		    "restart rdv",
		    x->profile->worker);
		return false;
	}
	if (err != 0)
		return child_failed(e, "P5 ruleset", err);
	if (!allow_roots(x, e))
		return false;
	/* Where it could begin without namespaces, it can with them. */
	if (path_is_under("/tmp", x->cwd))
		x->spaces->uses_tmp = true;
	err = view_show_tmp(x->spaces, x->scratch);
	return err == 0 || child_failed(e, "P5 ruleset", err);
}
