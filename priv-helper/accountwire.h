/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACCOUNTWIRE_H
#define RDV_ACCOUNTWIRE_H

struct accounts;
struct buf;

/* What accounts_take() reads; b->failed when it is too many bytes. */
void accountwire_put(struct buf *b, const struct accounts *a);

#endif
