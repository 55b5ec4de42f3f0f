/* SPDX-License-Identifier: MIT */
#ifndef RDV_TALK_H
#define RDV_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/term/heard.h"
#include "daemon/term/talkfile.h"

struct js;
struct loop;
struct talk;	   /* the conversation of a run, being put down */
struct talk_watch; /* somebody who follows one */
struct talks;	   /* all of one rdvd */

/*
 * What an agent's output means, entry by entry, kept beside the log it is made
 * of (daemon/term/talkfile.h). The log is the truth: what is missing here after
 * a crash, its adapter makes of the log again.
 */
struct talks_conf {
	struct loop *loop;
	int dirfd; /* of server/runs; stays the caller's */
	/* So many bytes lie on the disk for that run by now. */
	void (*grew)(const char *run_id, uint64_t bytes, void *arg);
	void *arg;
};
struct talks *talks_new(const struct talks_conf *conf);
/* None is open any more. */
void talks_free(struct talks *ts);

/*
 * Begins, or goes on where another rdvd was. 0 or -errno; -EBUSY: it is open.
 * Of one that goes on all entries are to be put again, from number 0 on and in
 * the same order; talk_caught_up() follows. What lies there already is not
 * written twice.
 */
int talk_begin(struct talks *ts, const char *run_id, struct talk **out);
/*
 * Entry `at` is new, the next number, or replaced. Takes `entry`. A new one is
 * written in this turn of the loop; a replaced one of n bytes after 50 ms, or
 * n/131072 s if that is more, 2 s at most, and with it only its newest version.
 * So an entry that grows by deltas costs 128 KiB/s of disk while it is shorter
 * than 256 KiB.
 */
void talk_put(struct talk *t, size_t at, struct js *entry);
/* All that the log had was put; what comes now is new. */
void talk_caught_up(struct talk *t);
/*
 * Writes what waits now. 0 or -errno: then it is tried again by itself. For
 * tests, from outside.
 */
int talk_flush(struct talk *t);
/* Writes what waits, and lets go: who follows is told. */
void talk_end(struct talk *t);
/* Bytes on the disk. For tests, from outside. */
uint64_t talk_bytes(const struct talk *t);
/*
 * For who reads: 0, -ENOENT when nothing was put, or -errno. To be closed by
 * talkfile_close().
 */
int talk_look(const struct talks *ts, const char *run_id, struct talkfile *out);
/* As of heard_open(), beside them. */
int talk_heard(const struct talks *ts, const char *run_id, bool fresh,
    struct heard *out);
/* Bytes on the disk of any run; 0 of one without. */
int64_t talk_size(const struct talks *ts, const char *run_id);
/* Somebody has it open to write. */
bool talk_is_open(const struct talks *ts, const char *run_id);

/*
 * Called whenever there may be more to read of that run, also when it begins
 * and ends. It may free its own watch, and no other.
 */
typedef void talk_news_fn(void *arg);
struct talk_watch *
talk_watch(struct talks *ts, const char *run_id, talk_news_fn *cb, void *arg);
void talk_unwatch(struct talk_watch *w);
/* For the end of a run: those who follow it look once more. */
void talk_tell(struct talks *ts, const char *run_id);

#endif
