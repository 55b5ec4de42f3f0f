/* SPDX-License-Identifier: MIT */
#ifndef RDV_ASSUME_H
#define RDV_ASSUME_H

#include <sys/types.h>

/*
 * From here to assume_root() every name is made, opened and removed with the
 * rights of that account: what is made is its own from the first moment, and a
 * trap laid in its directory opens nothing that it cannot open itself. Needs
 * CAP_SETUID and CAP_SETGID. 0, or -EPERM with everything as it was.
 */
int assume_account(uid_t uid, gid_t gid);
/* Back to root. Dies when that fails: half of two accounts is nobody. */
void assume_root(void);

#endif
