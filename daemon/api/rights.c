/* SPDX-License-Identifier: MIT */
/*
 * Credentials change in the store and in memory. Invariant: both or neither,
 * and nobody is told of one that a crash could still take back.
 */
#include "daemon/api/rights.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"

struct rights
rights_begin(struct api_call *c)
{
	return (struct rights){ c, credential_begin(c->app->auth),
		tx_begin(c->app->db) };
}

void
rights_undo(struct rights *r, int err)
{
	tx_abort(r->tx);
	credential_done(err, r->ch);
}

void
rights_fail(struct rights *r, int err, const char *why)
{
	rights_undo(r, err);
	answer_bounded(r->c, err, why);
}

void
rights_commit(struct rights *r, struct api_answer *answer)
{
	answer->durable = credential_done;
	answer->arg = r->ch;
	api_commit_answer(r->c, r->tx, answer);
}
