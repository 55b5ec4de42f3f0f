/* SPDX-License-Identifier: MIT */
#ifndef RDV_TMUXCTL_H
#define RDV_TMUXCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/*
 * tmux's control mode (tmux(1), CONTROL MODE), both ways: lines that come from
 * a client started with -C, and words of a command that goes to it. Knows
 * bytes and nothing else.
 */
#define TMUXCTL_LINE_MAX  (64u << 10) /* bytes of one line */
#define TMUXCTL_REPLY_MAX (1u << 20)  /* of all lines of one reply */

struct tmuxctl {
	struct buf line, text;
	bool in_reply;
	uint64_t time, number, flags; /* of the reply that is coming */
	int broken;		      /* what was wrong; nothing is read on */
};

/*
 * A reply is complete. `asked`: to a command that was written to the client,
 * not to the one on its command line. `text` ends with NUL and is borrowed.
 */
typedef void
tmuxctl_reply_fn(bool ok, bool asked, const char *text, size_t len, void *arg);

void tmuxctl_init(struct tmuxctl *c);
void tmuxctl_done(struct tmuxctl *c);
/*
 * 0, RDV_E_MALFORMED or RDV_E_TOO_BIG, and the same ever after: a stream that
 * was misunderstood once could pass one reply off as another. Notifications
 * are checked for their form and dropped. `cb` must not free `c`.
 */
int tmuxctl_feed(struct tmuxctl *c, const void *p, size_t len,
    tmuxctl_reply_fn *cb, void *arg);

/*
 * A blank and one word of a command. tmux reads it as exactly these bytes:
 * none of its quotes, variables, separators and comments is left in it. No NUL.
 */
void tmuxctl_word(struct buf *b, const char *word);
/*
 * The same for an argument that tmux expands as a format, where #(...) would
 * run a program. False for what cannot be said there: "#[" stays doubled.
 */
bool tmuxctl_format(struct buf *b, const char *text);

#endif
