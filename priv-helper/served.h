/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVED_H
#define RDV_SERVED_H

struct ops;
struct serve_args;

/* Fills o->accounts, and in system mode what goes with them. */
void served_init(struct ops *o, const struct serve_args *a);
/*
 * The accounts that are served from now on, as accounts_take() reads them from
 * `fd`, which stays the caller's. Grants of those that are gone end; their runs
 * go on. What cannot be read changes nothing.
 */
void served_reload(struct ops *o, int fd);

#endif
