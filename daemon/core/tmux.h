/* SPDX-License-Identifier: MIT */
#ifndef RDV_CORE_TMUX_H
#define RDV_CORE_TMUX_H

#include <stdbool.h>
#include <sys/types.h>

#include "daemon/core/git.h"
#include "daemon/core/tmuxlink.h"

struct app;
struct arena;
struct tmux;

/* The control-mode client's own session, which is nobody's terminal. */
#define TMUX_CONTROL "rdv-control"

/*
 * tmux of all accounts: to each account's private server one control-mode
 * client (core/tmuxlink), made when first asked; to the server that a person
 * has without rdv ("tmux -L default") a command at a time and nothing kept.
 */
struct tmux *tmux_new(struct app *app);
/* rdvd ends and the helper is gone: who waits is answered. NULL is fine. */
void tmux_let_go(struct tmux *t);
/* The same. */
void tmux_free(struct tmux *t);

/* rdv's own of the account, or the one that tmux takes by itself. */
enum tmux_server { TMUX_OWN, TMUX_DEFAULT };

struct tmux_who {
	uid_t uid;
	const char *user_id;
};
/* As tmux_link_ask(). */
void tmux_ask(struct tmux *t, const struct tmux_who *who, bool start,
    const char *line, tmux_fn *cb, void *arg);
/*
 * All words of a program that gives a server the command `cmd`, and starts no
 * server; in the arena, the words of `cmd` borrowed.
 */
const char *const *tmux_words(const struct app *app, struct arena *a,
    enum tmux_server server, const char *const *cmd);
/*
 * One command by a process of its own, for what is no business of the control
 * client: another server, or output that others choose. `argv` is of
 * tmux_words(). Outcomes as above, and RDV_E_TOO_BIG over 1 MiB.
 */
void tmux_run(struct tmux *t, uid_t uid, const char *const *argv, tmux_fn *cb,
    void *arg);
/*
 * What tmux may be asked to name: 1 to 100 bytes of text without control
 * characters, ':' and '.', which tmux has in no name, and not beginning like an
 * id or an option. With '=' before and ':' behind it is that very session.
 */
bool tmux_name_ok(const char *name);

#endif
