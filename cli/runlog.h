/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_RUNLOG_H
#define RDV_CLI_RUNLOG_H

#include <stdbool.h>
#include <stdint.h>

struct cmd_call;

/*
 * Prints the log of a run: what its program wrote to stdout there, and the rest
 * to stderr; with --json its lines as they come. Behind the last byte it goes
 * on when rdvd was away. With `follow` until the run is over: what comes back
 * is then the program's own status (CMD_PROGRAM), 128 and the signal's number
 * of one that a signal ended, or CMD_FAILED with a sentence where it has none.
 * Without: CMD_OK when all there was is printed.
 */
int runlog_print(struct cmd_call *c, const char *run_id, bool follow,
    int64_t since);

#endif
