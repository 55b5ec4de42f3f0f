/* SPDX-License-Identifier: MIT */
/*
 * From a linked worktree to its repository. The file that leads there lies in
 * the worktree, so whatever ran in it before may have written it: it is only a
 * question. The answer is the file in the repository that leads back, which
 * nothing confined to another worktree can write. Invariant: what is opened is
 * a directory of the form <common>/worktrees/<name> that names this worktree
 * as its own.
 */
#include "priv-helper/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"
#include "priv-helper/trail.h"
#include "security/mutant.h"

/* In front of the path in a worktree's ".git". */
static const char key[] = "gitdir: ";

static int
deny(char *why, size_t whysize, const char *text)
{
	(void)str_copy(why, text, whysize);
	return RDV_E_DENIED;
}

static int
open_at(int dir, const char *path, uint64_t flags)
{
	const struct open_how how = {
		.flags = flags | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* The one line of a small plain file. False when it is something else. */
static bool
read_line(int dir, const char *name, char out[ROOTS_PATH_MAX])
{
	int fd = open_at(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;
	size_t len;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, out, ROOTS_PATH_MAX - 1);
	(void)close(fd);
	if (n <= 0)
		return false;
	out[n] = '\0';
	len = strcspn(out, "\r\n");
	/* What follows the line would not be looked at. */
	if (strspn(out + len, "\r\n") != (size_t)n - len)
		return false;
	out[len] = '\0';
	return len > 0;
}

static bool
same(int a, int b)
{
	struct stat sa, sb;

	return a >= 0 && b >= 0 && fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* `admin` names the worktree's own ".git" as the file that leads to it. */
static bool
leads_back(int admin, int root)
{
	char line[ROOTS_PATH_MAX], there[ROOTS_PATH_MAX], here[ROOTS_PATH_MAX];
	bool ok = false;
	int fd;

	if (mutant("repo-back"))
		return true;
	if (!read_line(admin, "gitdir", line) || roots_name(root, here) != 0)
		return false;
	fd = open_at(admin, line, O_PATH);
	if (fd < 0)
		return false;
	/* By the kernel's names: a hard link is another file of this name. */
	if (roots_name(fd, there) == 0 &&
	    path_join(line, sizeof(line), here, ".git"))
		ok = strcmp(line, there) == 0;
	(void)close(fd);
	return ok;
}

/* <common> of <common>/worktrees/<name>, as O_PATH, or -1. */
static int
open_common(int admin)
{
	int common = open_at(admin, "../..", O_PATH | O_DIRECTORY);
	int above = open_at(admin, "..", O_PATH | O_DIRECTORY);
	int list = -1;

	if (common >= 0)
		list = open_at(common, "worktrees", O_PATH | O_DIRECTORY);
	if (!same(above, list) && common >= 0) {
		(void)close(common);
		common = -1;
	}
	if (above >= 0)
		(void)close(above);
	if (list >= 0)
		(void)close(list);
	return common;
}

/*
 * git asks the same. Who may write above a repository can put one of his own in
 * its place, which leads back as this one does.
 */
static bool
is_own(int admin)
{
	const uid_t self = (uid_t)setfsuid((uid_t)-1);
	struct stat st;

	return fstat(admin, &st) == 0 && (st.st_uid == self || st.st_uid == 0);
}

static int
judge(const struct roots *rs, int root, struct repo *r, char *why,
    size_t whysize)
{
	char name[ROOTS_PATH_MAX];
	const char *text;

	if (!is_own(r->admin))
		return deny(why, whysize,
		    "its git directory belongs to another account");
	if (!leads_back(r->admin, root))
		return deny(why, whysize, "the repository does not know it");
	r->common = open_common(r->admin);
	if (r->common < 0 || roots_name(r->common, name) != 0)
		return deny(why, whysize, "not a worktree's git directory");
	text = roots_objection(rs, name);
	if (text == NULL && roots_is_agents(rs, r->common))
		text = "is in an agent's home";
	return text != NULL ? deny(why, whysize, text) : 0;
}

int
repo_open(const struct roots *rs, int root, struct repo *out, char *why,
    size_t whysize)
{
	struct repo r = { -1, -1 };
	char line[ROOTS_PATH_MAX];
	struct stat st;
	int err;

	if (fstatat(root, ".git", &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(st.st_mode))
		return RDV_E_NOT_FOUND;
	/*
	 * All of an agent's runs write there: what one of them left would give
	 * the next one, of another workspace, the first one's repository.
	 */
	if (roots_is_agents(rs, root))
		return deny(why, whysize, "an agent's home is no worktree");
	if (!read_line(root, ".git", line) || !str_starts(line, key))
		return deny(why, whysize, "its .git file is not git's");
	err = trail_open(root, line + sizeof(key) - 1, &r.admin);
	if (err == RDV_E_DENIED)
		return deny(why, whysize,
		    "a link of another account leads to "
		    "its git directory");
	if (err != 0)
		return deny(why, whysize, "its git directory is not there");
	err = judge(rs, root, &r, why, whysize);
	if (err == 0) {
		*out = r;
		return 0;
	}
	(void)close(r.admin);
	if (r.common >= 0)
		(void)close(r.common);
	return err;
}
