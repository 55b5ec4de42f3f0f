/* SPDX-License-Identifier: MIT */
#ifndef RDV_CGLIMIT_H
#define RDV_CGLIMIT_H

#include "security/profile.h"

/* Limits that the cgroups of runs can keep. */
#define CGLIMIT_PIDS   0x1u
#define CGLIMIT_MEMORY 0x2u
#define CGLIMIT_CPU    0x4u

/*
 * Switches their controllers on for what lies in the cgroup `dir`, as far as
 * `dir` has them itself. Returns those that are on: none where `dir` holds
 * processes ("no internal processes", cgroups(7)).
 */
unsigned cglimit_switch_on(const char *dir);
/*
 * With CGLIMIT_CPU the kernel shares processors out by cgroups: each run counts
 * as one of this weight beside the others, however many processes it has.
 */
#define CGLIMIT_WEIGHT 100
/*
 * All of them together, in `dir`, count for less than what lies beside it,
 * which is ours. Nothing where there is no such controller.
 */
void cglimit_lower(const char *dir);
/* Such a set in words: "processes memory", or "none". */
const char *cglimit_text(unsigned on);
/*
 * Which of `on` a run with this quota is held to; and writes them into its
 * cgroup, whose directory `run` is. 0 or -errno.
 */
unsigned cglimit_wanted(const struct profile_quota *q, unsigned on);
int cglimit_set(int run, const struct profile_quota *q, unsigned on);
/*
 * The same for a cgroup that has been in use: what `q` does not limit has no
 * limit from now on. A lower one than what is used waits for nobody.
 */
int cglimit_renew(int dir, const struct profile_quota *q, unsigned on);

#endif
