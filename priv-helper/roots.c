/* SPDX-License-Identifier: MIT */
/*
 * What a confined run may be given to write. A sandbox around the whole home
 * directory would be none: start-up files and keys lie there; and one around
 * rdv's own state would hand out tokens and the database. The judgement is made
 * on the name the kernel gives to the open descriptor, and the Landlock rule
 * on the same descriptor, so a link swapped in between changes nothing.
 */
#include "priv-helper/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/privproto.h"
#include "lib/str.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/trail.h"

static bool
resolve(char out[ROOTS_PATH_MAX], const char *path)
{
	char *real = realpath(path, NULL);
	bool fits;

	fits = str_copy(out, real != NULL ? real : path, ROOTS_PATH_MAX);
	free(real);
	return fits;
}

bool
roots_init(struct roots *rs, const char *home, const char *base,
    const char *run, const struct policy_rights *rights)
{
	rs->rights = rights;
	rs->run[0] = '\0';
	return (run == NULL || resolve(rs->run, run)) &&
	       resolve(rs->home, home) && resolve(rs->base, base) &&
	       path_join(rs->server, ROOTS_PATH_MAX, rs->base, "server") &&
	       /* In user mode a part of rdvd's state, as it always was. */
	       path_join(rs->trash, ROOTS_PATH_MAX,
		   run == NULL ? rs->server : rs->base, "trash") &&
	       path_join(rs->worktrees, ROOTS_PATH_MAX, rs->base,
		   "worktrees") &&
	       path_join(rs->agents, ROOTS_PATH_MAX, rs->base, PRIV_AGENTS);
}

static bool
touches_run(const struct roots *rs, const char *path)
{
	return rs->run[0] != '\0' &&
	       (path_is_under(path, rs->run) || path_is_under(rs->run, path));
}

/* One agent's home, or a part of it: never those of all of them. */
static bool
is_agents_home(const struct roots *rs, const char *path)
{
	return path_is_under(rs->agents, path) && strcmp(rs->agents, path) != 0;
}

const char *
roots_objection(const struct roots *rs, const char *path)
{
	if (strcmp(path, rs->home) == 0)
		return "is the home directory, which no confined program is "
		       "given; it may be given a directory in it";
	if (path_is_under(path, rs->home))
		return "contains the home directory, which no confined "
		       "program is given; it may be given a directory in it";
	if (path_is_under(path, rs->base))
		return "contains rdv's own state";
	/* Proofs of new tokens lie there: a run must not write its own. */
	if (touches_run(rs, path))
		return "is rdv's own state";
	if (path_is_under(rs->base, path) &&
	    !path_is_under(rs->worktrees, path) &&
	    !path_is_under(rs->trash, path) && !is_agents_home(rs, path))
		return "is rdv's own state";
	return policy_root(rs->rights, path);
}

int
roots_name(int fd, char out[ROOTS_PATH_MAX])
{
	char self[40];
	ssize_t n;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, out, ROOTS_PATH_MAX - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	/* Not a path: a pipe, a socket or something unlinked. */
	return path_absolute_ok(out) || strcmp(out, "/") == 0 ? 0 : -ENOENT;
}

bool
roots_inside(const struct roots *rs, int fd)
{
	char name[ROOTS_PATH_MAX];

	return roots_name(fd, name) != 0 || path_is_under(name, rs->home) ||
	       path_is_under(name, rs->base) || touches_run(rs, name);
}

bool
roots_is_agents(const struct roots *rs, int fd)
{
	char name[ROOTS_PATH_MAX];

	return roots_name(fd, name) != 0 || path_is_under(rs->agents, name);
}

static int
deny(char *why, size_t whysize, const char *path, const char *text)
{
	char printable[320];

	(void)str_escape(printable, sizeof(printable), path, strlen(path));
	snprintf(why, whysize, "paths: %s %s", printable, text);
	return RDV_E_DENIED;
}

int
roots_open(const struct roots *rs, const char *path, int *fd, char *why,
    size_t whysize)
{
	char name[ROOTS_PATH_MAX], target[1];
	const char *text;
	int opened, err;

	if (!path_absolute_ok(path))
		return deny(why, whysize, path, "is not a plain absolute path");
	/* A link as the last part could lead anywhere its owner likes. */
	err = trail_open(AT_FDCWD, path, &opened);
	if (err == RDV_E_DENIED)
		return deny(why, whysize, path,
		    "leads through a link of another account; name the place "
		    "that it leads to");
	if (err != 0)
		return err;
	err = roots_name(opened, name);
	text = err == 0 ? roots_objection(rs, name) : NULL;
	if (text != NULL)
		err = deny(why, whysize, path, text);
	else if (err == 0 && readlinkat(opened, "", target, 1) >= 0)
		err = deny(why, whysize, path, "is a symbolic link");
	if (err != 0) {
		(void)close(opened);
		return err;
	}
	*fd = opened;
	return 0;
}
