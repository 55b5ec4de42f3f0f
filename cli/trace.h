/* SPDX-License-Identifier: MIT */
#ifndef RDV_TRACE_H
#define RDV_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct js;
struct trace_step;

/* What is written down of one run, in the files that whoever asks may read. */
struct trace {
	const char *run;     /* its id; borrowed, as is the next */
	const char *request; /* of what asked for it; NULL: of nothing */
	struct trace_step *steps;
	size_t n;
};

/* A step: when, in ms since the epoch, who says it, and in which words. */
void trace_add(struct trace *t, int64_t at, const char *from, const char *what);
/*
 * All of them by time, as an array of {at, after, from, what}; `after` is the
 * time since the first, as text. What has the same time stays in the order in
 * which it was added. The steps are gone then.
 */
struct js *trace_finish(struct trace *t);
/*
 * Lines of a log of rdv's processes, in which the id of the run or of its
 * request stands. 0 or -errno.
 */
int trace_log(struct trace *t, const char *path);
/*
 * Records of the audit log in the directory `path`: those of the run, and by
 * its handle those that name no run. They are not verified; that is `rdv audit
 * verify`. 0 or -errno.
 */
int trace_audit(struct trace *t, const char *path);

#endif
