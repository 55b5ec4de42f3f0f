/* SPDX-License-Identifier: MIT */
/*
 * The answers that many routes give alike, so that a client meets one form of
 * each. Invariant: whatever is taken over is answered with or freed, and a
 * transaction is committed or undone.
 */
#include "daemon/api/answer.h"

#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/store/db.h"
#include "lib/err.h"
#include "lib/js.h"

void
answer_missing(struct api_call *c, int err, const char *none)
{
	api_fail(c, err, err == RDV_E_NOT_FOUND ? none : NULL);
}

void
answer_bounded(struct api_call *c, int err, const char *why)
{
	if (err == RDV_E_FULL)
		api_fail_code(c, 429, "TOO_MANY", why, NULL);
	else
		api_fail(c, err, why);
}

bool
answer_holds(struct api_call *c)
{
	const struct actor *by = c->actor;

	if (auth_holds(c->app->auth, by->user_id, by->token_id))
		return true;
	api_fail(c, RDV_E_REVOKED, "the credential has ended meanwhile");
	return false;
}

static void
list_reply(struct api_call *c, int err, struct js *items, bool paged,
    const char *next)
{
	struct js *o;

	if (err != 0) {
		js_free(items);
		api_fail(c, err, NULL);
		return;
	}
	o = js_object();
	/* First, because it may be a text in `items`, which go. */
	if (paged)
		js_add_str(o, "next_cursor", next);
	js_add(o, "items", items);
	api_reply(c, 200, o);
}

void
answer_items(struct api_call *c, int err, struct js *items)
{
	list_reply(c, err, items, false, NULL);
}

void
answer_page(struct api_call *c, int err, struct js *items, const char *next)
{
	list_reply(c, err, items, true, next);
}

static const char unrecorded[] = "the audit log cannot be written";

int
answer_on_record(struct api_call *c, const char *event, const char *subject,
    const char **why)
{
	if (auth_audit(c->app->auth, c->req, event, c->actor, subject))
		return 0;
	*why = unrecorded;
	return RDV_E_UNAVAILABLE;
}

void
answer_unrecorded(struct api_call *c)
{
	api_fail(c, RDV_E_UNAVAILABLE, unrecorded);
}

void
answer_settle(struct api_call *c, struct tx *tx, const struct answer_end *end)
{
	const char *why = end->why;
	int err = end->err;

	if (err == 0 && end->event != NULL)
		err = answer_on_record(c, end->event, end->subject, &why);
	if (err == 0) {
		api_commit(c, tx, end->status, end->body);
		return;
	}
	tx_abort(tx);
	js_free(end->body);
	answer_bounded(c, err, why);
}
