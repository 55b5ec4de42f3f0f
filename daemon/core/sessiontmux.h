/* SPDX-License-Identifier: MIT */
#ifndef RDV_SESSIONTMUX_H
#define RDV_SESSIONTMUX_H

#include <stdbool.h>

#include "daemon/core/run.h"

struct session_op;
struct session_spec;
struct store_session;

/* Words of session.terminal_type. */
#define SESSION_SHELL	      "shell"
#define SESSION_TMUX	      "tmux"	      /* on rdv's own server */
#define SESSION_TMUX_ATTACHED "tmux-attached" /* on its owner's */

/* Its run is a client of tmux: its end is a detach, not the program's end. */
bool session_is_tmux(const struct store_session *s);
/* NULL, or what about it cannot be had in tmux. */
const char *session_tmux_judge(const struct session_spec *spec);
/* The run of a session in tmux: what attaches it. In the op's arena. */
const char *const *session_tmux_argv(struct session_op *op);
/*
 * Instead of run_launch(): of a session on rdv's own server the tmux session is
 * there first, made anew or taken over from an orphan by its name.
 */
void session_launch(struct session_op *op, run_started_fn *cb);
/*
 * Ends exactly the op's tmux session, if it has one of its own. Calls `next`
 * when it is known to be gone, or left because tmux is not there, which op->why
 * says; else the op has ended.
 */
void
session_tmux_kill(struct session_op *op, void (*next)(struct session_op *op));
/*
 * The start of a new session has failed: what tmux had made for it by then is
 * ended as above, what it had taken over gets its name back, and `next` called.
 */
void
session_tmux_undo(struct session_op *op, void (*next)(struct session_op *op));

#endif
