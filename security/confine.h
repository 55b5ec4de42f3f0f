/* SPDX-License-Identifier: MIT */
#ifndef RDV_CONFINE_H
#define RDV_CONFINE_H

#include <stddef.h>

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

#endif
