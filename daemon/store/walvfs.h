/* SPDX-License-Identifier: MIT */
#ifndef RDV_WALVFS_H
#define RDV_WALVFS_H

/*
 * The name of a VFS that is the default one, except that a log which starts
 * over is cut to nothing first. Registered on first use. NULL without memory.
 */
const char *walvfs_name(void);

#endif
