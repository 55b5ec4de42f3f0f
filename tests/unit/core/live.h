/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_LIVE_H
#define RDV_TEST_LIVE_H

#include <stdbool.h>

#include "daemon/app.h"
#include "daemon/core/worktree.h"

/*
 * Tests with the real helper and the real git: the test program starts
 * rdv-helper, which starts the test program once more as its rdvd. That second
 * one has loop, database, grants and worktrees, and runs the tests.
 */
struct live {
	struct app app;
	struct worktree_who who;
	char *scratch;	  /* a directory of our own; canonical */
	char *home;	  /* below it */
	const char *repo; /* a repository in it, with one commit on main */
};
extern struct live live;

/* In main(): runs `tests` inside, and is their outcome outside. */
int live_main(int argc, char **argv, int (*tests)(void));

/* For cmocka: a fresh repository for each test; and nothing left open. */
int live_setup(void **state);
int live_teardown(void **state);
/* Turns the loop until *flag, or `over` says so; at most 20 seconds. */
void live_until(const bool *flag);
void live_wait(bool (*over)(const void *arg), const void *arg);

/* Runs a shell command in `dir`, outside of any sandbox; its exit status. */
int live_sh(const char *dir, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same, which must succeed; its output, good until the next call. */
const char *live_out(const char *dir, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* A path below scratch, good until the test ends. */
const char *
live_path(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void live_write(const char *path, const char *text);
bool live_exists(const char *path);

#endif
