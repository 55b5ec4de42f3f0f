/* SPDX-License-Identifier: MIT */
#ifndef RDV_ARENA_H
#define RDV_ARENA_H

#include <stddef.h>

/*
 * Memory that lives as long as one request. Nothing is freed singly; what must
 * outlive the request is copied out. Dies when the system has no memory.
 */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
/* Forgets all allocations, keeps the first block for the next request. */
void arena_reset(struct arena *a);
/* Zeroed, aligned for any object. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);
/* A copy of a text that may be NULL, and then NULL. */
const char *arena_text(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
