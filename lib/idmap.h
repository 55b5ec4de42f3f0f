/* SPDX-License-Identifier: MIT */
#ifndef RDV_IDMAP_H
#define RDV_IDMAP_H

#include <stddef.h>
#include <stdint.h>

/* Open-addressing map from a non-zero 64-bit id to a pointer, not owned. */
struct idmap {
	struct idmap_slot *slots;
	size_t cap; /* a power of two, or 0 before the first put */
	size_t used;
};

void idmap_init(struct idmap *m);
void idmap_done(struct idmap *m);
void idmap_put(struct idmap *m, uint64_t id, void *ptr);
void *idmap_find(const struct idmap *m, uint64_t id);
void *idmap_del(struct idmap *m, uint64_t id);

#endif
