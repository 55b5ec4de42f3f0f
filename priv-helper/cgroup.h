/* SPDX-License-Identifier: MIT */
#ifndef RDV_CGROUP_H
#define RDV_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A longer path counts as no cgroup. */
#define CGROUP_PATH 1024

/*
 * `dir`: where the cgroups of runs will lie, one place for each base directory,
 * emptied of what an earlier rdv left; tried by starting a process in there.
 * `limits`: CGLIMIT_*, what runs can be held to in there. 0, or -errno and ""
 * when no cgroup is delegated to us.
 */
int cgroup_init(const char *base, char dir[CGROUP_PATH], unsigned *limits);
/*
 * For [main] as a service, before its forks: what DelegateSubgroup= does since
 * systemd 254. A cgroup that holds processes can limit none below it, so where
 * one is delegated to us we go into a part of it, and leave the rest to runs.
 */
void cgroup_enter(void);
/*
 * The same part of the cgroup of another service, `unit`, that is beside that
 * of our own: goes into it, or only looks whether we could. A service that is
 * started again finds none of its processes there, as it would in its own,
 * which has to hold none of any when what is below it has limits. 0 or -errno.
 */
int cgroup_join(const char *unit, bool go);
/*
 * For [main], which is in none of them: where the cgroups of runs lie for an
 * [ops] that has gone to `unit` (NULL: is where we are). 0, or -errno and "".
 */
int cgroup_place(const char *unit, const char *base, char dir[CGROUP_PATH]);
/* Removes `dir` with all that holds no process; "" is fine. */
void cgroup_done(const char *dir);

/*
 * Where those of one account lie below such a place: a cgroup for all of them
 * together. "" when that is "", or the path would be too long.
 */
void cgroup_of_account(const char *place, uid_t uid, char dir[CGROUP_PATH]);
/*
 * Makes it, where it is not there yet, and opens it: -1 where it is "". 0 or
 * -errno.
 */
int cgroup_account_make(const char *place, const char *dir, int *fd);

/*
 * The cgroup of one run in such a `dir`; with "" nothing is done. Make sets
 * `fd` to its directory, for leader_fork() and the caller's to close, or to -1
 * when there is none. 0 or -errno.
 */
int cgroup_make(const char *dir, uint64_t handle, int *fd);
/*
 * What killing it and waiting for it take, each -1 where that cannot be: opened
 * by a process that may not any more when it comes to that.
 */
struct cgroup_hold {
	int kill, events;
};
/* Both close-on-exec, and the caller's. */
void cgroup_hold(const char *dir, uint64_t handle, struct cgroup_hold *h);
/*
 * SIGKILL to all in it, whatever uid they have and however fast they fork. They
 * have not ended yet when it returns.
 */
void cgroup_kill(const struct cgroup_hold *h);
/* Until it is empty, at most `patience` milliseconds. */
void cgroup_wait(const struct cgroup_hold *h, int patience);
/*
 * The first of both for that one, by its path; what the second needs is
 * returned, the caller's to close. -1: there is no such cgroup.
 */
int cgroup_end(const char *dir, uint64_t handle);
/* With what was returned, whether it is empty by now; -1 is. */
bool cgroup_is_empty(int events);
/*
 * With those its processes made in it. One that is not empty stays, and so does
 * one that is not ours.
 */
void cgroup_remove(const char *dir, uint64_t handle);

#endif
