/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVED_H
#define RDV_SERVED_H

struct account;
struct ops;
struct policy_rights;
struct serve_args;

/* Fills o->accounts and o->rights, and in system mode what goes with them. */
void served_init(struct ops *o, const struct serve_args *a);
/*
 * The accounts that are served from now on, as accounts_take() reads them from
 * `fd`, which stays the caller's. Grants of those that are gone end, and those
 * the web has for whom it may act for no more; their runs go on. What cannot be
 * read, or has no policy that is one, changes nothing.
 */
void served_reload(struct ops *o, int fd);
/* What one of o->accounts may do; until the next reload. */
const struct policy_rights *
served_rights(const struct ops *o, const struct account *who);

#endif
