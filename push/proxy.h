/* SPDX-License-Identifier: MIT */
#ifndef RDV_PUSH_PROXY_H
#define RDV_PUSH_PROXY_H

#include <stddef.h>

/*
 * A connection to HOST:PORT through the rdv-egress of this run, which is the
 * only way there is. A descriptor, or -1 with a sentence in `why`.
 */
int proxy_connect(const char *host, const char *port, char *why, size_t size);

#endif
