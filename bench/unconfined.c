/* SPDX-License-Identifier: MIT */
/*
 * An rdvd without its cage, for valgrind and nobody else: it is linked by
 * bench.mk alone, under a name of its own, and says so in its log.
 */
#include <stdio.h>

#include "security/confine.h"

int
confine_daemon(const char *const rw[], const char *const ro[], char *why,
    size_t whysize)
{
	(void)rw;
	(void)ro;
	(void)snprintf(why, whysize, "this is a build that is not");
	return 0;
}
