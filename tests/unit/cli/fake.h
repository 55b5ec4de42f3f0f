/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_FAKE_H
#define RDV_TEST_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A small server in rdvd's place: a private directory with token and socket,
 * and a process of its own that answers each connection with one call.
 */
struct fake {
	char dir[64];
	char sock[96];
	pid_t pid;
	int listener;
	int log; /* what was asked, see fake_request() */
};

/* `n` counts connections from 0; the descriptor is closed afterwards. */
typedef void fake_fn(int fd, const char *request, unsigned n);

/* Makes directory and token, and sets RDV_HOME; no server yet. */
void fake_dir(struct fake *f);
void fake_start(struct fake *f, fake_fn *fn);
/* Ends the server, as kill -9 does; its socket stays behind. */
void fake_end(struct fake *f);
/* Ends the server and removes everything. */
void fake_stop(struct fake *f);
/* The next request the server has read whole; the caller frees it. */
char *fake_request(struct fake *f);
/* True when no request came (the server is asked after the fact). */
bool fake_silent(struct fake *f);

/* In the server: one whole answer. */
void fake_json(int fd, int status, const char *body);
void fake_write(int fd, const void *p, size_t len);

/* A command run in this process, its output kept. */
struct ran {
	int rc;
	char out[65536];
	char err[8192];
};
void run_cmd(struct ran *r, const char *const *argv);
#define RUN(r, ...) run_cmd(r, (const char *const[]){ __VA_ARGS__, NULL })

#endif
