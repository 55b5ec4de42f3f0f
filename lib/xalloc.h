/* SPDX-License-Identifier: MIT */
#ifndef RDV_XALLOC_H
#define RDV_XALLOC_H

#include <stddef.h>

/*
 * Allocation that dies on failure, for objects whose size we choose. A size of
 * zero is a bug and dies too. Sizes from outside pass a bounded struct buf
 * first.
 */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *ptr, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t max);
void *xmemdup(const void *p, size_t len);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
