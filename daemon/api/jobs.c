/* SPDX-License-Identifier: MIT */
/*
 * The answers that clones and transfers have in common. Invariant: that a job
 * is cancelled is told when the row that says so is durable.
 */
#include "daemon/api/jobs.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/store/db.h"

#define PAGE 50

struct jobs_page
jobs_page(const struct api_call *c)
{
	const struct jobs_in *in = c->in;

	return (struct jobs_page){ c->app->worktrees,
		in->limit > 0 ? in->limit : PAGE, js_array() };
}

void
jobs_reply(struct api_call *c, int err, const char *none, struct js *row)
{
	if (err != 0)
		answer_missing(c, err, none);
	else
		api_reply(c, 200, row);
}

void
jobs_cancel_reply(struct api_call *c, struct tx *tx, int err, const char *why,
    struct js *row)
{
	answer_settle(c, tx,
	    &(struct answer_end){
		.err = err, .why = why, .status = 202, .body = row });
}
