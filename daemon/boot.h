/* SPDX-License-Identifier: MIT */
#ifndef RDV_DAEMON_BOOT_H
#define RDV_DAEMON_BOOT_H

#include <stddef.h>

struct app;

/* Descriptors that [main] hands to rdvd; ready is -1 after a restart. */
struct boot_fds {
	int control, api, terminal, ready;
};

#define EX_FOR_GOOD 77 /* [main] does not try again */
#define EX_SETTINGS 78

/*
 * Brings everything up, in the order in which one needs the other, and
 * confines the process before the first connection is looked at. 0, or the
 * status to exit with and one sentence in `why`.
 */
int
boot_up(struct app *app, const struct boot_fds *fds, char *why, size_t whysize);
/*
 * Whether this build could serve what is there, of which another rdvd is in the
 * middle: directories, a database of just this version, and the cage. As above;
 * the process is confined then, and good for nothing but its end.
 */
int boot_try(struct app *app, char *why, size_t whysize);
/* Takes down what is up, also after a boot_up() that failed half-way. */
void boot_down(struct app *app);

#endif
