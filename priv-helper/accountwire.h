/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACCOUNTWIRE_H
#define RDV_ACCOUNTWIRE_H

#include <stdbool.h>

struct accounts;
struct buf;

/* Appends all of them; b->failed when they are too many bytes. */
void accountwire_put(struct buf *b, const struct accounts *a);
/* False, and nothing to free, unless every byte is as it was put. */
bool accountwire_get(struct buf *b, struct accounts *a);

#endif
