/* SPDX-License-Identifier: MIT */
#ifndef RDV_PAGER_H
#define RDV_PAGER_H

/*
 * What is written to standard output from now on goes through the user's pager
 * ($RDV_PAGER, $PAGER, or less) when that is a terminal.
 */
void pager_begin(void);
/* Waits until the user has seen enough. */
void pager_end(void);

#endif
