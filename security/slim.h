/* SPDX-License-Identifier: MIT */
#ifndef RDV_SLIM_H
#define RDV_SLIM_H

/*
 * exec(2) has to take down what its process has mapped, page by page, while
 * somebody waits for the program.
 */

/* Finds out what can be done without; may allocate. */
void slim_init(void);
/*
 * Gives that back: code, which comes again from its files when it is needed,
 * and the whole heap, whose contents are lost. System calls only.
 */
void slim_down(void);

#endif
