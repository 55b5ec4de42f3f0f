/* SPDX-License-Identifier: MIT */
#ifndef RDV_PORTOWNER_H
#define RDV_PORTOWNER_H

#include <stddef.h>

struct loopback;

/*
 * Who listens there: any account can take a port that is free, as that of rdv's
 * page is while nginx is down. Root and we ourselves are believed, and nobody
 * else is: RDV_E_DENIED with a sentence. RDV_E_NOT_FOUND, with one as well:
 * nobody listens, or the kernel does not say who.
 */
int portowner_judge(const struct loopback *at, char *why, size_t whysize);

#endif
