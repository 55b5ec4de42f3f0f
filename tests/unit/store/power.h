/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_POWER_H
#define RDV_TEST_POWER_H

#include <stdbool.h>

/*
 * A disk without power: records what is written to two files and builds what
 * could stand on the disk after a cut. Per file: everything before its last
 * sync, and any part of what came later, in any order; but cutting a file short
 * is one step, and what is written to it afterwards is only there with it.
 */
/* Watches `db` and `log`, which exist, from their present contents on. */
void power_watch(const char *db, const char *log);
void power_forget(void);
/* Called after every recorded operation. */
void power_each(void (*cb)(void *arg), void *arg);
/* Writes one possible state to two files. `seed` decides which. */
void power_image(unsigned seed, const char *db, const char *log);
/* Operations recorded since the start. */
unsigned long power_ops(void);
/* How often the log was cut short, and begun anew in place. */
unsigned power_cuts(void);
unsigned power_overwrites(void);

#endif
