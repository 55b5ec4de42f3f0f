/* SPDX-License-Identifier: MIT */
#ifndef RDV_NSMOUNT_H
#define RDV_NSMOUNT_H

struct nspace;

/*
 * Makes of a root of its own what is the same in all of them, beside the old
 * one: only s->view has to be there yet. The working directory is in it
 * afterwards. System calls only. 0 or -errno.
 */
int nsmount_begin(const struct nspace *s);
/*
 * Then shows what is there whatever a run is asked to do: s->mounts. A root of
 * its own is entered, and *old is a descriptor of that before, from which more
 * can be shown; otherwise -1. System calls only. 0 or -errno.
 */
int nsmount_show(const struct nspace *s, int *old);
/*
 * Shows the rest, and is rid of the old root and of `old`: the view of a run in
 * its new mount namespace, whose root and working directory are that view's
 * afterwards. System calls only. 0 or -errno.
 */
int nsmount_enter(const struct nspace *s, int old);

#endif
