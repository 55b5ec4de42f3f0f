/* SPDX-License-Identifier: MIT */
#ifndef RDV_NSDOOR_H
#define RDV_NSDOOR_H

/*
 * In a root of a run's own, as the run's account and before anything of it is
 * there: has `sock`, an unbound stream socket, listen at PRIV_DOOR, and writes
 * `token` to PRIV_DOOR_TOKEN. Only that account may connect or read. System
 * calls only, and those by syscall(2). 0 or -errno.
 */
int nsdoor_open(int sock, const char *token);

#endif
