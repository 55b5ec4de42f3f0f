/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACCOUNTWIRE_H
#define RDV_ACCOUNTWIRE_H

#include <stddef.h>

struct accounts;
struct buf;

/* The database gives at most so much: groups and paths of everybody. */
#define ACCOUNTS_WIRE_MAX ((size_t)256 * 1024 * 1024)

/* What accounts_take() reads; b->failed when it is too many bytes. */
void accountwire_put(struct buf *b, const struct accounts *a);

#endif
