/* SPDX-License-Identifier: MIT */
#ifndef RDV_RIGSTORE_H
#define RDV_RIGSTORE_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"

struct priv_inventory_answer;
struct rig;
struct rig_result;
struct rigkeep;
struct rigsys;

/*
 * System mode with the test in the service manager's place, which has all that
 * is kept of runs and gives it to the next [main].
 */

/* Of a run with pipes: record, socket, output, errors, pidfd. */
#define RIGSTORE_PIPES 5
#define RIGSTORE_PTY   6

void rigstore_begin(struct rigsys *s, struct rigkeep *k, const char *mutant);
/* In order; nothing is kept then. */
void rigstore_end(struct rigsys *s, struct rigkeep *k);
/* [main], and whoever is in the cgroup of the service. */
void rigstore_kill_main(struct rigsys *s, struct rigkeep *k);
void rigstore_another(struct rigsys *s, const char *mutant);
/* One that has come to us has ended. */
void rigstore_ended(pid_t pid);
/* How many runs there are; `a` is the last. */
unsigned rigstore_inventory(struct rig *r, struct priv_inventory_answer *a);
/* Whether the program of the only run is stopped, once that is known. */
enum priv_halt rigstore_halt(struct rig *r);
void rigstore_spawn(struct rigsys *s, const char *const *argv,
    struct rig_result *res);
void rigstore_expect_end(struct rigsys *s, uint64_t handle, int status);

#endif
