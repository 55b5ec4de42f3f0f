/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMUXSERVER_H
#define RDV_TMUXSERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct app;

#define TMUX_SOCKET_NAME "tmux.sock"

/*
 * Starts an account's tmux server as a run of its own, in the foreground: so
 * it outlives rdvd as every run does, is on record, and ends when its owner or
 * all of rdv does. `dir` is made if it is missing. Later, once: 0 when it was
 * started; otherwise as run_launch().
 */
typedef void tmux_server_fn(int err, const char *why, void *arg);
void tmux_server_start(struct app *app, uid_t uid, const char *user_id,
    const char *dir, tmux_server_fn *cb, void *arg);
/*
 * No such run of the user's is on record that may still live, whichever rdvd
 * has started it; false also while that is not known.
 */
bool tmux_server_ended(struct app *app, const char *user_id);

#endif
