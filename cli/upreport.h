/* SPDX-License-Identifier: MIT */
#ifndef RDV_UPREPORT_H
#define RDV_UPREPORT_H

#include <stdbool.h>
#include <sys/types.h>

struct cli;
struct cmd_call;
struct js;

/* What `rdv up` tells: one object, printed as text or with --json as it is. */
struct js *upreport_new(const struct cli *cli, pid_t pid, const char *url);
void upreport_print(const struct cmd_call *c, const struct js *v);
/*
 * The first complaint in the log from an offset on: an error that was logged,
 * or words of a program that had no log yet. False when there is none.
 */
bool upreport_reason(const char *path, off_t from, char *out, size_t size);
/* That log on stderr, a few lines at most; with --json nothing. */
void upreport_log(const struct cli *cli, const char *path, off_t from);

#endif
