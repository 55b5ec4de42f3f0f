/* SPDX-License-Identifier: MIT */
#ifndef RDV_LEADER_H
#define RDV_LEADER_H

#include <sys/types.h>

/*
 * fork(2) into the cgroup whose directory `cgroup` is, -1: into our own, and
 * into what `spaces`, of CLONE_NEW*, makes new; and in the parent a
 * close-on-exec pidfd of the child, which is the caller's to close. 0 in the
 * child; the pid; or -errno with no child made. The child makes system calls
 * alone until it executes something: the C library does not know of this fork.
 */
pid_t leader_fork(int cgroup, unsigned spaces, int *pidfd);
/*
 * Its number in the PID namespace that /proc belongs to, for show; -errno. Not
 * ours where we are the first of another.
 */
pid_t leader_outside(int pidfd);
/*
 * Signals the process group that the child leads. For a child that has not been
 * waited for: before Linux 6.9 its number is all there is to name the group.
 * 0 or -errno; -ESRCH before it leads one.
 */
int leader_signal(int pidfd, pid_t child, int sig);

#endif
