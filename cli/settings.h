/* SPDX-License-Identifier: MIT */
#ifndef RDV_SETTINGS_H
#define RDV_SETTINGS_H

#include <stddef.h>

struct cli;
struct js;

/*
 * The settings as rdvd reads them: only rdvd knows the file and its defaults,
 * so it is asked (rdvd -T --json) and nothing is parsed twice.
 */

/*
 * 0 and an object to be freed with js_free(); else RDV_E_INVALID with what rdvd
 * finds wrong, "<path>:<line>: <key>: ...", or RDV_E_SPAWN with a sentence.
 */
int
settings_ask(const struct cli *cli, struct js **out, char *why, size_t whysize);
/*
 * The same of the host's rdvd, with its state in `state`, as `file` has them.
 */
int settings_ask_host(const struct cli *cli, const char *state,
    const char *file, struct js **out, char *why, size_t whysize);
/*
 * Whether rdv-helper could be started with that policy: 0, or as above with
 * what rdv-helper finds wrong. RDV_E_DENIED: the file is fine and does not lie
 * where root alone can write, counted from "/".
 */
int settings_judge_policy(const struct cli *cli, const char *file, char *why,
    size_t whysize);
/* The value of "table.name", borrowed; NULL when there is none. */
const struct js *settings_value(const struct js *s, const char *key);
/* The same for paths, byte for byte and the caller's; "" when there is none. */
char *settings_path(const struct js *s, const char *key);
/* How many the file gives without effect; *first is the place of the first. */
unsigned settings_idle(const struct js *s, const char **first);

#endif
