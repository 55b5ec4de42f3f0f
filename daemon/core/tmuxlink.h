/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMUXLINK_H
#define RDV_TMUXLINK_H

#include <stdbool.h>
#include <sys/types.h>

struct app;
struct tmux_link;

/*
 * One account's control-mode client of rdv's own tmux server: a process of that
 * account in the profile `login`, started when there is something to ask and
 * kept until tmux, [ops] or rdvd ends. It has no row, so that the next rdvd
 * ends what is left of it.
 */
struct tmux_link *
tmux_link_new(struct app *app, uid_t uid, const char *user_id);
uid_t tmux_link_uid(const struct tmux_link *l);
/* rdvd ends: who waits is answered with RDV_E_UNAVAILABLE. */
void tmux_link_end(struct tmux_link *l);
void tmux_link_free(struct tmux_link *l);

/*
 * Later, once. 0 and what the command printed; RDV_E_NOT_FOUND when tmux says
 * that it has no such session, or when nothing listens on the socket, in which
 * case `why` is NULL; RDV_E_EXISTS when the name is taken; RDV_E_INVALID with
 * what else tmux says. Anything else is "not known", and never "gone":
 * RDV_E_SPAWN when there is no tmux to ask with, though its server may live;
 * RDV_E_UNAVAILABLE, RDV_E_DENIED, RDV_E_BUSY; each with a sentence.
 */
typedef void tmux_fn(int err, const char *text, const char *why, void *arg);

/*
 * One command, a line without its end; answers come in the order of the
 * questions. `start`: the server is started when there is none.
 */
void tmux_link_ask(struct tmux_link *l, bool start, const char *line,
    tmux_fn *cb, void *arg);

#endif
