/* SPDX-License-Identifier: MIT */
#ifndef RDV_INSTANCE_H
#define RDV_INSTANCE_H

#include <stddef.h>
#include <sys/types.h>

struct cli;

/*
 * The rdv that runs on our base directory. It is found through its socket: the
 * kernel names the process that listens, so no pid file can lie.
 */
struct instance {
	pid_t main;	/* rdv-helper [main] */
	int main_fd;	/* pidfd, or -1 when it is not our child's to hold */
	pid_t launcher; /* the `rdv up` above it, or 0 */
	int launcher_fd;
};

/*
 * RDV_E_NOT_FOUND: nobody listens. RDV_E_DENIED: somebody does whom we do not
 * trust. RDV_E_STATE: the listener is no rdv-helper any more. With a sentence.
 */
int instance_find(const struct cli *cli, struct instance *out, char *why,
    size_t whysize);
void instance_done(struct instance *i);

#endif
