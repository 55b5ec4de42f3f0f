/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOSTUNIT_H
#define RDV_HOSTUNIT_H

#include <stdbool.h>
#include <sys/types.h>

/* What systemd says of rdv.service. */
struct hostunit {
	pid_t main;	    /* 0: it does not run */
	unsigned kept, max; /* descriptors in its store, and how many may be */
};

/* False: there is no systemd, or it does not say so in some seconds. */
bool hostunit_ask(struct hostunit *u);

#endif
