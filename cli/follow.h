/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_FOLLOW_H
#define RDV_CLI_FOLLOW_H

#include <stdbool.h>

struct cmd_call;
struct js;

/*
 * What rdvd is at and goes on with when this program ends: a clone, a push. So
 * this looks how far it is until it has come to its end, and Ctrl-C is a wish
 * like any other: it is cancelled there, and the wait goes on.
 */

/* From here on Ctrl-C is that wish; a second one ends us. */
void follow_catch_interrupt(void);
/*
 * Until the job at "`base``id`" has ended; `*job` is what was answered of it
 * and becomes what it is. CMD_OK, or what was told to the user.
 */
int follow_job(const struct cmd_call *c, const char *base, struct js **job);

#endif
