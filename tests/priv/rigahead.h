/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGAHEAD_H
#define RDV_RIGAHEAD_H

#include <stddef.h>
#include <sys/types.h>

#include "tests/priv/rig.h"

/* Spare runs, as they can be seen from outside. */
#define RIGAHEAD_MAX   16
#define RIGAHEAD_SPARE "rdv-spare"
#define RIGAHEAD_OPEN  "rdv-open"

struct rigahead_pids {
	pid_t pid[RIGAHEAD_MAX];
	unsigned n;
};

/* A file of /proc/PID as a string; "" when there is none. */
void rigahead_read(pid_t pid, const char *name, char *text, size_t size);
struct rigahead_pids rigahead_children(pid_t of);
/* The processes that wait to become programs. */
struct rigahead_pids rigahead_spares(const struct rig *r);
/* Waits until there are so many; the last of them. */
pid_t rigahead_wait(const struct rig *r, unsigned n);
/* The same of those by that name. */
pid_t rigahead_wait_named(const struct rig *r, const char *name, unsigned n);
/* A run whose program waits for its input, ended again; its program's pid. */
pid_t rigahead_start(struct rig *r, const struct rig_spawn *s);
/* How many descriptors a process has. */
unsigned rigahead_fds(pid_t pid);
/* Makes a directory with a file "word" in it. */
void rigahead_word(const char *dir, const char *word);

#endif
