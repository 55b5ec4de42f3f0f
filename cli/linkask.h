/* SPDX-License-Identifier: MIT */
#ifndef RDV_LINKASK_H
#define RDV_LINKASK_H

#include <stddef.h>

/*
 * The text of a link that is in no command line, where everybody on the host
 * could read it: the first line of standard input, which is the terminal
 * afterwards, or where it is the terminal, what is typed there unseen.
 *
 * 0 with the text, the caller's, to be wiped; RDV_E_INVALID with a sentence.
 */
int linkask(char **text, char *why, size_t whysize);

#endif
