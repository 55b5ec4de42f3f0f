/* SPDX-License-Identifier: MIT */
#ifndef RDV_RETAIN_H
#define RDV_RETAIN_H

#include <stdint.h>

struct db;
struct loop;
struct retain;

/*
 * Deletes events older than `keep_ms`, a few at a time. `moved` hears the
 * number of the oldest row left, in the turn of each deletion.
 */
struct retain_spec {
	int64_t keep_ms;
	int64_t first_ms; /* from now until the first look */
	void (*moved)(int64_t oldest, void *arg);
	void *arg;
};
struct retain *
retain_new(struct loop *l, struct db *db, const struct retain_spec *spec);
void retain_free(struct retain *r);

#endif
