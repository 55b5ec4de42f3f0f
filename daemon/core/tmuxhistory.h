/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMUXHISTORY_H
#define RDV_TMUXHISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/tmux.h"

struct app;

struct tmux_history {
	const char *text; /* borrowed; each line ends with a line feed */
	uint64_t lines;
	bool truncated; /* tmux has more of them */
};

/*
 * The last `lines` lines of the active pane of a session in tmux, as tmux has
 * them: what a client was sent is no text. Wrapped lines are whole; `colours`
 * keeps their escape sequences. Later, once; RDV_E_NOT_FOUND: no such session,
 * or its tmux session is gone; RDV_E_STATE: it is in no tmux; else as tmux_run.
 */
typedef void tmux_history_fn(int err, const struct tmux_history *h,
    const char *why, void *arg);
void tmux_history(struct app *app, const struct tmux_who *who,
    const char *session_id, uint64_t lines, bool colours, tmux_history_fn *cb,
    void *arg);

#endif
