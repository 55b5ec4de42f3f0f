/* SPDX-License-Identifier: MIT */
#ifndef RDV_FLUSHER_H
#define RDV_FLUSHER_H

#include <stddef.h>
#include <stdint.h>

struct flusher;
struct loop_wake;

struct flusher_stats {
	uint64_t syncs, checkpoints, forced, postponed;
	uint64_t sync_us;  /* time spent in the syncs */
	int64_t log_bytes; /* of the write-ahead log, at the last sync */
};

/*
 * Makes epochs of the write-ahead log beside the database `path` durable, in
 * order. The log must exist. Until flusher_start() requests are served by the
 * caller's own thread; `wake` is woken after each in either case. 0 or -errno.
 */
int flusher_new(struct flusher **out, const char *path, struct loop_wake *wake);
/* Starts the thread. 0 or -errno. */
int flusher_start(struct flusher *f);
/* All that was committed up to `epoch` shall become durable. */
void flusher_request(struct flusher *f, uint64_t epoch);
/*
 * `*synced`: newest durable epoch. Returns 0, or the -errno of the first sync
 * that failed, after which nothing becomes durable any more.
 */
int flusher_state(struct flusher *f, uint64_t *synced);
/* Returns when every epoch requested is durable or has failed. */
void flusher_wait(struct flusher *f);
void flusher_stats(struct flusher *f, struct flusher_stats *out);
/* Waits, ends the thread, empties the log into the database. NULL is fine. */
void flusher_free(struct flusher *f);

#endif
