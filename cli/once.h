/* SPDX-License-Identifier: MIT */
#ifndef RDV_ONCE_H
#define RDV_ONCE_H

#include <stdbool.h>

struct cmd_call;
struct js;

/*
 * Makes a session of `body` (taken; without its io and size), is at it until
 * its program has ended, and closes it: that program's status, as CMD_PROGRAM
 * has it. `refused`: there was no session.
 */
int once_run(struct cmd_call *c, struct js *body, bool *refused);

#endif
