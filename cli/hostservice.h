/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOSTSERVICE_H
#define RDV_HOSTSERVICE_H

#include <stdbool.h>

struct cli;

/*
 * The service token of the host's rdv, which acts for everybody: root's to
 * replace, and nobody else can even see it.
 */
bool hostservice_is_ours(const struct cli *cli);
/*
 * Where the host's rdv keeps its audit log, which root alone can read; NULL
 * when another rdv is meant. Free it.
 */
char *hostservice_audit(const struct cli *cli);
/* Has it replaced, and waits. An enum cmd_exit; what is wrong has been said. */
int hostservice_rotate(const struct cli *cli);

#endif
