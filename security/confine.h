/* SPDX-License-Identifier: MIT */
#ifndef RDV_CONFINE_H
#define RDV_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Takes all capabilities from rdvd, that is this process, and puts it under
 * no_new_privs, Landlock and a seccomp allow-list, for good. Call it when
 * everything that lies elsewhere has been opened and before any thread is
 * started, since a thread started earlier would stay outside: -EBUSY then.
 *
 * `rw` and `ro` are NULL-terminated lists of directories or files that exist;
 * nothing else of the file system can be opened afterwards. 0, or -errno with
 * a sentence in `why`. On success `why` is empty, or says what this kernel or
 * build leaves open, for the log: an older Landlock, a sanitized build, which
 * has no filter because the sanitizer's own calls would meet it.
 */
int confine_daemon(const char *const rw[], const char *const ro[], char *why,
    size_t whysize);

/*
 * The same for rdv-helper [audit], with far less: bytes through descriptors it
 * holds, and files in `dir`, which is open.
 */
int confine_audit(int dir, char *why, size_t whysize);

/*
 * The same for rdv-egress, which has been given to the run's account before:
 * sockets of the internet that it makes itself and no port to listen on, TCP to
 * these ports and to name servers alone where the kernel has a hold on that,
 * and the files that names are looked up by. Threads may be started. 0 or
 * -errno.
 */
int confine_egress(const uint16_t *ports, unsigned n);

#endif
