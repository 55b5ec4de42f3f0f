/* SPDX-License-Identifier: MIT */
#ifndef RDV_FILEWATCH_H
#define RDV_FILEWATCH_H

#include <stdbool.h>

/*
 * Whether a file has become another one: it was renamed into place, or written
 * and closed. The directory is watched, so the file may be missing.
 */
struct filewatch;

/* NULL with errno: that cannot be told there. */
struct filewatch *filewatch_new(const char *path);
/* Readable when there may be news; -1 for NULL. */
int filewatch_fd(const struct filewatch *w);
/* Takes what there is. True also when that was too much to know. */
bool filewatch_changed(struct filewatch *w);
void filewatch_free(struct filewatch *w);

#endif
