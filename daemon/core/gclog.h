/* SPDX-License-Identifier: MIT */
#ifndef RDV_GCLOG_H
#define RDV_GCLOG_H

#include "daemon/store/runs.h"

struct app;

/*
 * Output of that user's closed sessions that was kept for longer than
 * conf.log_retention_days, the oldest first; none without that setting, and
 * none of what a policy keeps. 0 or -errno.
 */
int
gclog_each(struct app *app, const char *user_id, store_run_fn *cb, void *arg);
/*
 * Removes that of one run, as DELETE /api/runs/{id}/log does; it is gone a
 * little later, or the log of rdvd says why not.
 */
void gclog_remove(struct app *app, const char *user_id, const char *run_id);

#endif
