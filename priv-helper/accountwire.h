/* SPDX-License-Identifier: MIT */
#ifndef RDV_ACCOUNTWIRE_H
#define RDV_ACCOUNTWIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct accounts;
struct buf;
struct ctl_limit;

/* The database gives at most so much: groups and paths of everybody. */
#define ACCOUNTS_WIRE_MAX ((size_t)256 * 1024 * 1024)

/* What accounts_take() reads; b->failed when it is too many bytes. */
void accountwire_put(struct buf *b, const struct accounts *a);
/* The limits of one account, CTL_WHATS of them; false: they are none. */
void accountwire_put_limits(struct buf *b, const struct ctl_limit *l);
bool accountwire_get_limits(struct buf *b, uint32_t uid, struct ctl_limit *l);

#endif
