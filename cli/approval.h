/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_APPROVAL_H
#define RDV_CLI_APPROVAL_H

#include <stdbool.h>
#include <stddef.h>

struct cmd_call;
struct js;

/*
 * What a run asks, as commands show and decide it. Its texts come spelled out
 * by rdvd and are escaped here all the same.
 */

/* All of it, which `word` means. CMD_OK and an object the caller frees. */
int approval_get(const struct cmd_call *c, const char *word, struct js **out);
/* For eyes that decide: everything that a decision is bound to. */
void approval_print(const struct cmd_call *c, const struct js *v);
/*
 * A line from the terminal as an answer to `prompt`: nothing that was typed
 * before it was seen, and all of the line. One that does not fit is "". False
 * at the end of input.
 */
bool approval_word(const struct cmd_call *c, const char *prompt, char *word,
    size_t size);
/*
 * Decides what `v` shows, by its digest. `answers` is taken over and may be
 * NULL, and so may `reason`. CMD_OK when this decision counts.
 */
int approval_send(const struct cmd_call *c, const struct js *v,
    const char *verdict, const char *reason, struct js *answers);

#endif
