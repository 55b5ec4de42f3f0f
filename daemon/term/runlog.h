/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUNLOG_H
#define RDV_RUNLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The output of one run: runs/<id>.log holds the bytes, runs/<id>.idx says
 * when each stretch of them came and from which stream. The size of the log is
 * the offset of the next byte; there is no other counter.
 */
#define RUNLOG_OUT 1 /* terminal or standard output */
#define RUNLOG_ERR 2
#define RUNLOG_RDV 3 /* a sentence of rdv's own */
/* No bytes: the terminal's size from here on. Only in the index. */
#define RUNLOG_SIZE 4

struct runlog {
	int fd, idx; /* -1: closed */
	uint64_t size;
	uint64_t records;
	uint64_t last_offset; /* of the newest record */
	int64_t last_ms;
	uint8_t last_stream;
};

/*
 * CREATE fails when it exists; ADOPT goes on where it ended; READ only reads.
 */
enum runlog_mode { RUNLOG_CREATE, RUNLOG_ADOPT, RUNLOG_READ };

/* 0 or -errno. `dirfd` is the directory of all logs. */
int runlog_open(struct runlog *l, int dirfd, const char *run_id,
    enum runlog_mode mode);
void runlog_close(struct runlog *l);
/*
 * For good, with the checkpoint of its screen and its conversation; who has it
 * open reads on. 0, also when there is none, or -errno.
 */
int runlog_remove(int dirfd, const char *run_id);
/* Whether that was done since it was opened: nothing of it is to be kept. */
bool runlog_is_removed(const struct runlog *l);
/*
 * Moves up to `len` bytes from a pipe to the end of the log inside the kernel,
 * so that a byte is in the one or in the other whenever we are killed. The
 * number moved, 0 at the end of the pipe, -EAGAIN when it is empty, or the
 * -errno of the log's file (-ENOSPC, -EDQUOT, -EIO ...).
 */
long runlog_splice(struct runlog *l, int pipe, size_t len, uint8_t stream);
/* Appends text of rdv's own. 0 or -errno. */
int runlog_note(struct runlog *l, const char *text);
/* The terminal has this size from here on. 0 or -errno. */
int runlog_put_size(struct runlog *l, unsigned cols, unsigned rows);
/* Up to `len` bytes at `off`; 0 at the end, or -errno. */
long runlog_read(const struct runlog *l, uint64_t off, void *p, size_t len);

struct runlog_span {
	uint64_t from, to; /* bytes [from, to) */
	int64_t time_ms;
	uint8_t stream;
};
/* The stretch that holds the byte at `off`. False: there is none. */
bool runlog_span(const struct runlog *l, uint64_t off, struct runlog_span *out);

struct runlog_size {
	uint64_t at;
	unsigned cols, rows;
};
/* A record of the index as it stands there. */
struct runlog_record {
	uint64_t offset; /* of what it tells of */
	int64_t time_ms; /* wall clock */
	uint8_t stream;
	unsigned cols, rows; /* of a size */
};
/* The i-th, from 0. False: there are no more. */
bool
runlog_record(const struct runlog *l, uint64_t i, struct runlog_record *out);

/* Where in the index to begin with the sizes at `off` and behind it. */
uint64_t runlog_sizes(const struct runlog *l, uint64_t off);
/* The next one from *i on, which goes behind it. False: there is none. */
bool
runlog_next_size(const struct runlog *l, uint64_t *i, struct runlog_size *out);

#endif
