/* SPDX-License-Identifier: MIT */
#ifndef RDV_OWNCGROUP_H
#define RDV_OWNCGROUP_H

#include <stdbool.h>
#include <stdio.h>

#include "priv-helper/cgroup.h"

/*
 * Our own cgroup as a directory, from the texts of /proc/self/mountinfo and
 * /proc/self/cgroup, cgroups(7). False: there is no version 2, or it cannot be
 * reached from here.
 */
bool owncgroup_find(FILE *mounts, FILE *self, char out[CGROUP_PATH]);

#endif
