/* SPDX-License-Identifier: MIT */
#ifndef RDV_SWEEP_H
#define RDV_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Signals every direct child of this process, which must be a subreaper so that
 * what its descendants leave behind comes to it. A child that has not been
 * waited for keeps its pid, so nobody else can be hit (abuse H03). Children
 * for which `spare` is true are left alone; NULL spares none. Returns how many
 * were signalled, or -errno when the kernel does not list children.
 *
 * One pass: what is started meanwhile, or comes to us later, takes another.
 */
int sweep_children(int sig, bool (*spare)(pid_t pid, void *arg), void *arg);
/* The account that started it; 0 as well when that cannot be known. */
uid_t sweep_owner(pid_t pid);
/*
 * When a process was started, in ticks since the host was: with its number it
 * is that one for ever. 0 when that cannot be known.
 */
uint64_t sweep_started(pid_t pid);

#endif
