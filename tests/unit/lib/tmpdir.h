/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMPDIR_H
#define RDV_TMPDIR_H

/* A new private directory below $TMPDIR; a descriptor of it. */
int tmpdir_new(char path[64]);
/* Removes it with all that stands in it. */
void tmpdir_remove(const char *path);

#endif
