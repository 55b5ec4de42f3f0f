/* SPDX-License-Identifier: MIT */
#ifndef RDV_NOTIFY_H
#define RDV_NOTIFY_H

/*
 * Readiness as a service manager wants to be told it, sd_notify(3), without its
 * library. The first remembers $NOTIFY_SOCKET, before the environment is
 * cleared. The second makes a pipe: its read end, and in `*ready` the end that
 * rdvd writes a byte to; -1: nobody wants to know.
 */
void notify_take(void);
int notify_open(int *ready);
/* There is a byte in it, or its end. Tells, and closes it. */
void notify_ready(int fd);

#endif
