/* SPDX-License-Identifier: MIT */
#ifndef RDV_HELP_H
#define RDV_HELP_H

#include <stddef.h>
#include <stdio.h>

struct cmd;

/* "rdv session ls [--folder F]": the usage line, built from the row. */
void help_usage(const struct cmd *cmd, char *out, size_t size);
/* All a row says, as `rdv CMD --help` prints it. */
void help_command(const struct cmd *cmd, FILE *out);
/* Every command in one line each; `group` NULL or the first word of a path. */
void help_list(const char *group, FILE *out);

#endif
