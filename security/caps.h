/* SPDX-License-Identifier: MIT */
#ifndef RDV_CAPS_H
#define RDV_CAPS_H

#include <stdbool.h>

/* True when this process can change ids, groups and its bounding set. */
bool caps_privileged(void);
/*
 * Gives up every permitted and effective capability but the four [ops] works
 * with (SETUID, SETGID, SETPCAP, KILL); nothing is inheritable. The bounding
 * set stays: login shells inherit it, and sudo must work in them. 0 or -errno.
 */
int caps_keep_four(void);
/*
 * The same for [main] in system mode, which has to hand those four on to [ops]
 * and needs them itself: SETUID and SETGID to make sockets with an account's
 * own rights and to start rdvd as its account, SETPCAP to empty rdvd's bounding
 * set, KILL to end rdvd. And CHOWN, to give an account its directory.
 */
int caps_keep_main(void);

/* The rest runs between fork and exec: system calls only. 0 or -errno. */

/* Permitted, effective, inheritable and ambient to nothing. */
int caps_drop_all(void);
/* The same, but for CAP_KILL where it is permitted. */
int caps_keep_kill(void);
/* -EPERM unless all of them are empty. */
int caps_verify_none(void);
int caps_clear_ambient(void);
/* Every capability out of the bounding set. */
int caps_drop_bounding(void);

#endif
