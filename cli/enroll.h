/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_ENROLL_H
#define RDV_CLI_ENROLL_H

#include <stdint.h>

struct cli;
struct cmd_call;
struct js;

#define ENROLL_TEXT 64 /* a token's text with its NUL */

/* "90m", "12h", "30d": milliseconds, or 0 when it is none. */
int64_t enroll_age(const char *text);
/*
 * System mode: makes a token of our own account. Its text is made here and
 * known to nobody else; the proof that we want it is written where only this
 * account can write, and rdvd is told the hash. `age` in ms, 0: it never ends;
 * `session` is the id of the only one it is for, or NULL.
 * What fails has been told to the user. CMD_OK with the server's object in
 * `out`; the caller wipes `text`.
 */
int enroll_token(const struct cmd_call *c, const char *name, int64_t age,
    const char *session, char text[ENROLL_TEXT], struct js **out);

#endif
