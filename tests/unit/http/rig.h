/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_RIG_H
#define RDV_TEST_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/http/http.h"

struct loop_timer;

/*
 * A real server with a real loop on a Unix socket in a private directory, and
 * its client in the same thread: whoever waits for bytes turns the loop. No
 * test sleeps; one that waits in vain fails after ten seconds.
 */
struct rig {
	struct loop *loop;
	struct http_server *server;
	struct loop_timer *deadline;
	int listener;
	char dir[32], path[48];
	bool (*until)(void *arg);
	void *until_arg;
	bool late;
	uint64_t turns;
};

/* An answer with a Content-Length, or up to the end of the connection. */
struct rig_answer {
	int status; /* 0: the connection ended without one */
	char head[4096];
	char body[65536];
	size_t len;
};

/* NULL limits: generous ones. */
void rig_start(struct rig *g, const struct http_limits *limits,
    http_dispatch_fn *cb, void *arg);
void rig_stop(struct rig *g);
extern const struct http_limits rig_limits;

/* Turns the loop until `cond` holds. */
void rig_until(struct rig *g, bool (*cond)(void *arg), void *arg);
/* Turns it `n` times without waiting for anything. */
void rig_turns(struct rig *g, unsigned n);
/* Lets `ms` pass for all deadlines and looks at them. */
void rig_pass(struct rig *g, int64_t ms);

int rig_connect(struct rig *g);
void rig_send(struct rig *g, int fd, const void *p, size_t len);
void rig_text(struct rig *g, int fd, const char *text);
/* The next `len` bytes, peeked or taken; false when the end comes first. */
bool rig_read(struct rig *g, int fd, void *p, size_t len);
/* Turns until the server has closed; fails when it sends anything first. */
void rig_expect_end(struct rig *g, int fd);
void rig_get(struct rig *g, int fd, struct rig_answer *a);
/* Sends `text`, returns the status of the answer. */
int rig_status(struct rig *g, int fd, const char *text);
/* The value of a header in an answer's head, in a static buffer, or NULL. */
const char *rig_field(const struct rig_answer *a, const char *name);

/* Open descriptors of this process; bytes malloc has given out. */
unsigned rig_fds(void);
size_t rig_memory(void);

#endif
