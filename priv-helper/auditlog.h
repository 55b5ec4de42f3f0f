/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITLOG_H
#define RDV_AUDITLOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/auditchain.h"
#include "lib/bucket.h"
#include "lib/buf.h"
#include "priv-helper/auditmsg.h"
#include "priv-helper/auditroom.h"

/* The log and its keys, in the process that alone writes it. */
struct auditlog {
	int dir, file;
	unsigned number; /* of the file */
	off_t size;	 /* of it, in whole records */
	struct auditroom room;
	uint64_t seq; /* of the last record */
	uint8_t hash[AUDIT_HASH];
	uint8_t mac[AUDIT_KEY], seed[AUDIT_KEY];
	char boot[37];
	off_t torn; /* what a crash has left, and was taken off */
	bool begun; /* its opening record is written */
	struct bucket refusals;
	uint64_t left_out; /* of them, and not yet told */
	unsigned unsigned_records;
	int64_t head_due, sync_due; /* monotonic ms; 0: nothing to do */
	char broken[AUDIT_WHY];	    /* why nothing more is written, or "" */
};

/*
 * Takes the log in `dir` up where it ends, or begins one with new keys. What
 * does not verify is left as it is, and nothing is added to it: log->broken
 * says why.
 */
void auditlog_open(struct auditlog *log, int dir);
/*
 * Appends the record of `m`, which came from `by`. 0, or -errno or an RDV_E_*
 * with a sentence in `why`; then nothing of it is in the log. What begins
 * something is refused while no room can be kept for what ends it. Refusals
 * beyond a rate are counted in the next record instead, with 0.
 */
int auditlog_add(struct auditlog *log, const char *by,
    const struct audit_msg *m, char why[AUDIT_WHY]);
/*
 * Signs and syncs as far as it is due; with `now` all there is. The next time
 * it has to be called, in monotonic ms; 0: not before something was added.
 */
int64_t auditlog_settle(struct auditlog *log, bool now);

#endif
