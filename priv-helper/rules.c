/* SPDX-License-Identifier: MIT */
/*
 * What every run of a profile may reach, whatever it is asked to do. One path
 * with the home directory or rdv's own state in it stays closed; serve() has
 * said so. Looking all of it up takes longer than fork and exec, so it is done
 * while nobody waits; a rule holds on to what was found, not to a name, and so
 * what stands at the names is compared before a rule set is used.
 */
#include "priv-helper/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/str.h"
#include "security/landlock.h"
#include "security/profile.h"

static int
allow_path(const struct roots *roots, int ruleset, const struct profile_path *p,
    struct rules_seen *seen)
{
	int fd = open(p->path, O_PATH | O_CLOEXEC), err = 0;
	bool granted = false;
	struct stat st;

	*seen = (struct rules_seen){ 0 };
	if (fd < 0)
		return errno == ENOENT || errno == EACCES ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!roots_inside(roots, fd))
		granted = true;
	if (granted)
		err = landlock_allow_fd(ruleset, fd, p->access);
	if (err == 0)
		*seen = (struct rules_seen){ st.st_dev, st.st_ino, st.st_mode,
			granted };
	(void)close(fd);
	return err;
}

static bool
remember(struct rules *r, const struct rules_for *who)
{
	r->uid = who->uid;
	return str_copy(r->home, who->roots->home, sizeof(r->home)) &&
	       str_copy(r->base, who->roots->base, sizeof(r->base)) &&
	       str_copy(r->run, who->roots->run, sizeof(r->run));
}

int
rules_new(struct rules *r, bool network)
{
	r->network = network;
	r->ruleset = landlock_new(network);
	return r->ruleset < 0 ? r->ruleset : 0;
}

int
rules_make(struct rules *r, const struct rules_for *who,
    const struct profile *profile)
{
	const struct profile_path *p = profile->paths;
	struct rules_seen *seen = r->seen;
	int err = 0;

	if (!remember(r, who))
		return -ENAMETOOLONG;
	for (; p->path != NULL && err == 0; p++, seen++)
		err = seen < r->seen + RULES_PATHS
			  ? allow_path(who->roots, r->ruleset, p, seen)
			  : -E2BIG;
	return err;
}

static bool
unchanged(const struct rules *r, const struct profile *profile)
{
	const struct profile_path *p;
	const struct rules_seen *seen = r->seen;
	struct stat st;

	for (p = profile->paths; p->path != NULL; p++, seen++) {
		if (stat(p->path, &st) < 0)
			st = (struct stat){ 0 };
		if (st.st_dev != seen->dev || st.st_ino != seen->ino)
			return false;
	}
	return true;
}

/* All that decides which paths stay closed, and what is open beside them. */
static bool
is_for(const struct rules *r, const struct rules_for *who)
{
	return r->uid == who->uid && r->network == who->network &&
	       strcmp(r->home, who->roots->home) == 0 &&
	       strcmp(r->base, who->roots->base) == 0 &&
	       strcmp(r->run, who->roots->run) == 0;
}

bool
rules_hold(const struct rules *r, const struct rules_for *who,
    const struct profile *profile)
{
	return r->ruleset >= 0 && is_for(r, who) && unchanged(r, profile);
}
