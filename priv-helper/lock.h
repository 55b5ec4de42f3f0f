/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOCK_H
#define RDV_LOCK_H

#include <stddef.h>

/*
 * The one instance of a base directory. `server` is the private directory
 * base/server. Returns the descriptor of the locked file, to be held as long as
 * this instance has any say over the state, or -errno / RDV_E_BUSY with a
 * sentence in `why`. The file is never unlinked.
 */
int lock_take(int server, int *fd, char *why, size_t whysize);

#endif
