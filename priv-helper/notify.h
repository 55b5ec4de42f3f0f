/* SPDX-License-Identifier: MIT */
#ifndef RDV_NOTIFY_H
#define RDV_NOTIFY_H

/*
 * Readiness as a service manager wants to be told it, sd_notify(3), without its
 * library. The first remembers $NOTIFY_SOCKET and $FDSTORE, before the
 * environment is cleared. The second makes a pipe: its read end, and in
 * `*ready` the end that rdvd writes a byte to; -1: nobody wants to know.
 */
void notify_take(void);
int notify_open(int *ready);
/* There is a byte in it, or its end. Tells, and closes it. */
void notify_ready(int fd);
/* At once. 0, also when nobody wants to know, or -errno. */
int notify_now(void);
/* A socket to it, close-on-exec and non-blocking, or -errno. */
int notify_connect(void);
/* The variable as we got it; NULL: none. */
const char *notify_variable(void);
/*
 * How many descriptors the service manager says it keeps for us, as systemd
 * does since 254; UINT_MAX: it has not said.
 */
unsigned notify_fdstore(void);
/* What the program we become is to find of all that: its environment. */
char *const *notify_environment(void);

#endif
