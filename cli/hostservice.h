/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOSTSERVICE_H
#define RDV_HOSTSERVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct cli;

/*
 * The directory that stands for "/" to the host's rdv, when that is the one
 * that is meant: by whom it serves, and by root unless RDV_HOME or --socket say
 * otherwise. NULL: it is not. Free it.
 */
char *hostservice_root(const struct cli *cli);
/* There is one, and it has no place for this account. */
bool hostservice_excludes(const struct cli *cli);
/* Of its [main], for root, who alone can know; 0: it does not run. */
pid_t hostservice_pid(const struct cli *cli);
/*
 * The service token of the host's rdv, which acts for everybody: root's to
 * replace, and nobody else can even see it.
 */
bool hostservice_is_ours(const struct cli *cli);
/*
 * Where its [main] says what only root may know; NULL when another rdv is
 * meant, or it is not root who asks. Free it.
 */
char *hostservice_kept(const struct cli *cli);
/*
 * Where the host's rdv keeps its audit log, which root alone can read; NULL
 * when another rdv is meant. Free it.
 */
char *hostservice_audit(const struct cli *cli);
/* Has it replaced, and waits. An enum cmd_exit; what is wrong has been said. */
int hostservice_rotate(const struct cli *cli);

#endif
