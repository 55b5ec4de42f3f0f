/* SPDX-License-Identifier: MIT */
/*
 * A cgroup for each run, where one is delegated to us: a service with
 * Delegate=yes, or root in a container. It holds processes together, which
 * needs no controller, so ours may go on having processes of its own. Where a
 * service manager has put us into a part of what it delegates, runs lie beside
 * us, in a cgroup without processes, and controllers limit them too. What a run
 * started ends without it as well, by its reaper; a program of the same uid may
 * leave its cgroup, never its reaper.
 */
#include "priv-helper/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/clock.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/leader.h"
#include "priv-helper/owncgroup.h"
#include "security/mutant.h"

/* Deeper ones of a run's own making stay behind. */
#define DEPTH_MAX 16
/* No run has this handle. */
#define TRIAL 0

static bool
path_of(const char *dir, uint64_t handle, const char *file,
    char out[CGROUP_PATH + 32])
{
	snprintf(out, CGROUP_PATH + 32, "%s/run-%016llx%s", dir,
	    (unsigned long long)handle, file);
	return dir[0] != '\0';
}

static unsigned
prepare(const char *dir)
{
	cglimit_lower(dir);
	return cglimit_switch_on(dir);
}

static int
place_make(const char *dir)
{
	if (mkdir(dir, 0755) == 0)
		(void)prepare(dir);
	else if (errno != EEXIST)
		return -errno;
	return 0;
}

void
cgroup_of_account(const char *place, uid_t uid, char dir[CGROUP_PATH])
{
	int n = snprintf(dir, CGROUP_PATH, "%s/user-%u", place, uid);

	if (place[0] == '\0' || n >= CGROUP_PATH)
		dir[0] = '\0';
}

int
cgroup_account_make(const char *place, const char *dir, int *fd)
{
	int err;

	*fd = -1;
	if (dir[0] == '\0')
		return 0;
	err = place_make(place);
	if (err == 0)
		err = place_make(dir);
	if (err != 0)
		return err;
	*fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

int
cgroup_make(const char *dir, uint64_t handle, int *fd)
{
	char path[CGROUP_PATH + 32];
	int err;

	*fd = -1;
	if (!path_of(dir, handle, "", path))
		return 0;
	/* One that ended late may have removed the place it shared with us. */
	err = place_make(dir);
	if (err != 0)
		return err;
	if (mkdir(path, 0755) < 0)
		return -errno;
	*fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return 0;
	err = -errno;
	(void)rmdir(path);
	return err;
}

static int
open_file(const char *dir, uint64_t handle, const char *file, int flags)
{
	char path[CGROUP_PATH + 32];

	if (!path_of(dir, handle, file, path))
		return -1;
	return open(path, flags | O_CLOEXEC);
}

void
cgroup_hold(const char *dir, uint64_t handle, struct cgroup_hold *h)
{
	h->kill = open_file(dir, handle, "/cgroup.kill", O_WRONLY);
	h->events = open_file(dir, handle, "/cgroup.events", O_RDONLY);
}

void
cgroup_kill(const struct cgroup_hold *h)
{
	if (h->kill >= 0)
		(void)!write(h->kill, "1", 1);
}

/* Takes `fd` over. Only what holds no process can be removed at all. */
static void
prune(int fd, unsigned depth)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const struct dirent *e;
	DIR *d = fdopendir(fd);
	int sub;

	if (d == NULL) {
		(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		sub = depth < DEPTH_MAX ? openat(fd, e->d_name, flags) : -1;
		if (sub >= 0)
			prune(sub, depth + 1);
		(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	(void)closedir(d);
}

void
cgroup_done(const char *dir)
{
	int fd;

	/* Nearly always there is nothing in it. */
	if (dir[0] == '\0' || rmdir(dir) == 0)
		return;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	prune(fd, 0);
	(void)rmdir(dir);
}

/* The file has an event, cgroups(7), whenever its "populated" changes. */
static bool
is_populated(int events)
{
	char text[128];
	ssize_t n = pread(events, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strstr(text, "populated 1") != NULL;
}

void
cgroup_wait(const struct cgroup_hold *h, int patience)
{
	const int64_t deadline = clock_mono_ms() + patience;
	struct pollfd p = { .fd = h->events, .events = POLLPRI };
	int64_t left;

	while (p.fd >= 0 && is_populated(p.fd) &&
	       (left = deadline - clock_mono_ms()) > 0)
		(void)poll(&p, 1, (int)left);
}

int
cgroup_end(const char *dir, uint64_t handle)
{
	struct cgroup_hold h;

	cgroup_hold(dir, handle, &h);
	cgroup_kill(&h);
	if (h.kill >= 0)
		(void)close(h.kill);
	return h.events;
}

bool
cgroup_is_empty(int events)
{
	return events < 0 || !is_populated(events);
}

void
cgroup_remove(const char *dir, uint64_t handle)
{
	char path[CGROUP_PATH + 32];

	if (path_of(dir, handle, "", path))
		cgroup_done(path);
}

/*
 * Modes do not tell whether a process may be put there: so a process is. It
 * takes a thousandth of a second.
 */
static int
try_out(const char *dir)
{
	int fd, pidfd, err = cgroup_make(dir, TRIAL, &fd);
	pid_t pid;

	if (err != 0)
		return err;
	pid = leader_fork(fd, 0, &pidfd);
	if (pid == 0)
		_exit(0);
	(void)close(fd);
	if (pid > 0) {
		(void)waitpid(pid, NULL, 0);
		(void)close(pidfd);
	}
	cgroup_remove(dir, TRIAL);
	return pid < 0 ? pid : 0;
}

static int
find_own(char out[CGROUP_PATH])
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	FILE *self = fopen("/proc/self/cgroup", "re");
	bool found = mounts != NULL && self != NULL &&
		     owncgroup_find(mounts, self, out) && !mutant("cgroup");

	if (mounts != NULL)
		(void)fclose(mounts);
	if (self != NULL)
		(void)fclose(self);
	return found ? 0 : -ENOENT;
}

/*
 * systemd marks what it delegates with user.delegate, and with
 * DelegateSubgroup= we are in a part of that. Nothing else above us is ours,
 * whoever owns it: a service manager's slices are its own.
 */
static bool
go_beside(char own[CGROUP_PATH])
{
	char *end = strrchr(own, '/'), mark = 0;

	*end = '\0';
	if (getxattr(own, "user.delegate", &mark, 1) == 1 && mark == '1')
		return true;
	*end = '/';
	return false;
}

static bool
is_delegated(const char *dir)
{
	char mark = 0;

	return getxattr(dir, "user.delegate", &mark, 1) == 1 && mark == '1';
}

void
cgroup_enter(void)
{
	char own[CGROUP_PATH], path[CGROUP_PATH + 32];
	int fd;

	if (find_own(own) != 0 || !is_delegated(own))
		return;
	(void)snprintf(path, sizeof(path), "%s/main", own);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return;
	(void)snprintf(path, sizeof(path), "%s/main/cgroup.procs", own);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	(void)close(fd);
}

/* The part of another unit's, beside that of ours. */
static int
find_beside(const char *unit, char out[CGROUP_PATH])
{
	char own[CGROUP_PATH];
	int n, err = find_own(own);

	if (err != 0)
		return err;
	if (!is_delegated(own))
		(void)go_beside(own);
	*strrchr(own, '/') = '\0';
	n = snprintf(out, CGROUP_PATH, "%s/%s/main", own, unit);
	return n < CGROUP_PATH ? 0 : -ENAMETOOLONG;
}

int
cgroup_join(const char *unit, bool go)
{
	char dir[CGROUP_PATH], path[CGROUP_PATH + 32];
	int fd, err = find_beside(unit, dir);

	if (mutant("join"))
		return go ? -EIO : 0;
	if (err != 0)
		return err;
	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (go && write(fd, "0", 1) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

/* One place for each base directory, whatever its name. */
int
cgroup_place(const char *unit, const char *base, char dir[CGROUP_PATH])
{
	char own[CGROUP_PATH];
	struct stat st;
	int n, err = unit != NULL ? find_beside(unit, own) : find_own(own);

	dir[0] = '\0';
	if (err != 0)
		return err;
	if (stat(base, &st) < 0)
		return -errno;
	if (go_beside(own) && unit == NULL)
		(void)cglimit_switch_on(own);
	n = snprintf(dir, CGROUP_PATH, "%s/rdv-%jx-%jx", own,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	if (n < CGROUP_PATH)
		return 0;
	dir[0] = '\0';
	return -ENAMETOOLONG;
}

int
cgroup_init(const char *base, char dir[CGROUP_PATH], unsigned *limits)
{
	int err = cgroup_place(NULL, base, dir);

	*limits = 0;
	if (err != 0)
		return err;
	cgroup_done(dir);
	err = try_out(dir);
	if (err == 0) {
		*limits = prepare(dir);
		return 0;
	}
	(void)rmdir(dir);
	dir[0] = '\0';
	return err;
}
