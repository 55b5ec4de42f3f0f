/* SPDX-License-Identifier: MIT */
#ifndef RDV_NSMOUNT_H
#define RDV_NSMOUNT_H

struct nspace;

/*
 * Makes the view of a run in its new mount namespace, whose root and working
 * directory are that view's afterwards. System calls only. 0 or -errno.
 */
int nsmount_enter(const struct nspace *s);

#endif
