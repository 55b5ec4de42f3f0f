/* SPDX-License-Identifier: MIT */
#ifndef RDV_READY_H
#define RDV_READY_H

/* Tells whoever started rdv, once, that what is asked of it now is done. */
struct loop;
struct ready;

/* Takes `fd`, or -1 when nobody waits; in two seconds it tells by itself. */
struct ready *ready_new(struct loop *l, int fd, const char *base);
/* Only the first time counts; NULL is fine. */
void ready_tell(struct ready *r);
/* Without a word; NULL is fine. */
void ready_free(struct ready *r);

#endif
