/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMUXLINKSTATE_H
#define RDV_TMUXLINKSTATE_H

#include <stdint.h>
#include <sys/queue.h>

#include "daemon/core/tmuxlink.h"
#include "daemon/term/tmuxctl.h"
#include "lib/buf.h"
#include "lib/secret.h"

/* What core/tmuxlink.c and core/tmuxtalk.c share. */
#define LINK_OUT_MAX   (1u << 20)
#define LINK_ANSWER_MS 10000 /* for each reply, and for the first */

struct ask {
	STAILQ_ENTRY(ask) link;
	char *line;
	bool start;
	bool own;    /* of the link itself, for this client alone */
	bool before; /* an earlier client has ended over it */
	tmux_fn *cb; /* NULL: nobody waits */
	void *arg;
};
STAILQ_HEAD(asks, ask);

enum phase {
	DOWN,
	ASKED, /* for a grant, the client or the server */
	HELLO, /* the client runs and has not said anything yet */
	SETUP, /* what the server is set to comes first */
	UP,
	WAIT /* for a server that was started to listen */
};

struct tmux_link {
	struct app *app;
	uid_t uid;
	char user_id[UUID_TEXT];
	enum phase phase;
	struct asks asks; /* the first `nsent` of them are with tmux */
	unsigned nsent;
	struct tmuxctl ctl;
	struct buf out, err;
	int fd[3]; /* stdin, stdout, stderr of the client; -1: closed */
	struct loop_watch *watch[3];
	struct loop_timer *timer;
	uint64_t handle;
	char *dir;	      /* of the socket; NULL: no grant yet */
	int64_t server_until; /* when it has to listen; 0: not started */
	int64_t retry_ms;
	unsigned restarts; /* at once, since somebody's question was answered */
	const char *failure; /* why the client is being ended */
	bool ending;
};

/* Ends one question that is in no list; it is answered if somebody waits. */
void link_ask_end(struct ask *a, int err, const char *text, const char *why);
/* All that wait now; who asks again within the answer is the next. */
void link_fail_all(struct tmux_link *l, int err, const char *why);
/* Ends the client; its exit, which is certain to come, answers who waits. */
void link_stop(struct tmux_link *l, const char *failure);
void link_close_end(struct tmux_link *l, int i);
/* What stands in `out` goes to the client as far as it takes it. */
void link_write(struct tmux_link *l);
/* What has not been sent yet follows. */
void link_flush(struct tmux_link *l);
/* The reader's callback. */
tmuxctl_reply_fn link_reply_cb;
/* The text made printable and without its end; until the next call. */
const char *link_one_line(const char *text, size_t len);

#endif
