/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITWORKSTATE_H
#define RDV_GITWORKSTATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon/core/gitwork.h"
#include "daemon/loop.h"
#include "lib/buf.h"
#include "lib/frame.h"
#include "lib/gitproto.h"

/* What core/gitwork.c and core/gitworktalk.c share. */
#define WORKER_IN_MAX  (GITPROTO_ANSWER_MAX + FRAME_HEAD + 16384)
#define WORKER_OUT_MAX (1u << 20)
#define WORKER_ERR_MAX 1024

struct worker_ask {
	TAILQ_ENTRY(worker_ask) link;
	int64_t id; /* 0: the worker has not been told yet */
	int64_t ms;
	int64_t until;	     /* then it should have said so itself; monotonic */
	struct js *question; /* NULL: it has been told */
	gitwork_fn *cb;
	void *arg;
};
TAILQ_HEAD(worker_asks, worker_ask);

enum worker_phase {
	WORKER_DOWN,
	WORKER_ASKED, /* for a grant, then for the process */
	WORKER_UP,
	WORKER_ENDING /* it is asked nothing more */
};

struct worker {
	TAILQ_ENTRY(worker) link;
	struct gitwork *g;
	uid_t uid;
	char *at, *top, **configs;
	enum worker_phase phase;
	struct worker_asks asks;
	unsigned nasks;
	int64_t last_id;
	int64_t asked; /* the newest question came; monotonic */
	bool greeted;  /* it has said of which build it is */
	struct buf in, out, err;
	int fd[3]; /* stdin, stdout, stderr of the worker; -1: closed */
	struct loop_watch *watch[3];
	struct loop_timer *timer;
	uint64_t handle;
	const char *failure; /* why it is being ended */
	unsigned deaths;     /* in a row, without an answer */
	int64_t rest_until;
};
TAILQ_HEAD(workers, worker);

struct gitwork {
	struct app *app;
	struct workers workers, ended;
	struct worker_asks refused;
	bool ending;
};

/* stdin, stdout and stderr of a worker, its `arg`. */
extern loop_fd_fn *const worker_watch_cbs[3];

void worker_close(struct worker *w, int i);
void worker_ask_free(struct worker_ask *a);
/* All that wait now. */
void worker_fail_all(struct worker *w, int err, const char *why);
/* Ends it by force; its exit, which is certain to come, answers who waits. */
void worker_stop(struct worker *w, const char *failure);
/* It is asked nothing more, and ends by itself. */
void worker_let_go(struct worker *w);
/* Asks it not to go on with that question, which it has been told. */
void worker_cancel(struct worker *w, const struct worker_ask *a);
/* Tells it what it has not been told yet. */
void worker_flush(struct worker *w);
/* Reads what is left in the pipes of one that is dead. */
void worker_drain(struct worker *w);
/* The time of whoever waits longest, or else that of a rest. */
void worker_arm(struct worker *w);

#endif
