/* SPDX-License-Identifier: MIT */
#ifndef RDV_UPREPORT_H
#define RDV_UPREPORT_H

#include <sys/types.h>

struct cli;
struct cmd_call;
struct js;

/* What `rdv up` tells: one object, printed as text or with --json as it is. */
struct js *upreport_new(const struct cli *cli, pid_t pid, const char *url);
void upreport_print(const struct cmd_call *c, const struct js *v);
/* The end of the log from an offset on, on stderr, a few lines at most. */
void upreport_log(const struct cli *cli, const char *path, off_t from);

#endif
