/* SPDX-License-Identifier: MIT */
#ifndef RDV_CARRY_H
#define RDV_CARRY_H

struct cmd_call;

/*
 * What goes in and out of a run over pipes, without a terminal. Both return
 * when there is no more of it, with the exit status rdv would end with.
 */

/* Standard input to the session's, and its end. */
int carry_input(const struct cmd_call *c, const char *session);
/* The run's output to ours, its errors to ours, until it is over. */
int carry_output(const struct cmd_call *c, const char *run);

#endif
