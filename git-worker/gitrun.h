/* SPDX-License-Identifier: MIT */
#ifndef RDV_GITRUN_H
#define RDV_GITRUN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"

/*
 * One git command of the worker's own, with its output kept up to a bound. One
 * at a time; zeroed and then gitrun_init() before the first.
 */
struct gitrun {
	int out, err; /* for poll(2) while it runs; -1: closed */
	int pid;      /* 0: none runs */
	bool over;    /* it had more to say than is kept */
	int status;   /* when it has ended: exit status, or 128 + signal */
	/* For the next start: the index that git is shown; NULL: its own. */
	const char *index;
	struct buf text, complaint;
};

void gitrun_init(struct gitrun *r, size_t max);
/* Ends what runs. */
void gitrun_done(struct gitrun *r);
/*
 * `argv` begins behind "git"; `configs` ("key=value") go before it, and so does
 * the directory. 0 or -errno: -ENOENT when there is no git that may be run.
 */
int gitrun_start(struct gitrun *r, const char *dir, const char *const *configs,
    const char *const *argv);
/* Reads what is there. True when it has ended and all of it was read. */
bool gitrun_read(struct gitrun *r);
/* Asks it to end; `hard`: it is not asked. Its end comes as any other. */
void gitrun_stop(struct gitrun *r, bool hard);

#endif
