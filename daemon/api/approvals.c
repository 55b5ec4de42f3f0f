/* SPDX-License-Identifier: MIT */
/*
 * /api/approvals: what runs ask leave for, and deciding it. Whoever decides
 * says what he has seen by its digest; 200 is the answer to the one decision
 * that counts, and to nobody else.
 */
#include "daemon/core/approval.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/approval.h"
#include "daemon/api/cursor.h"
#include "daemon/api/error.h"
#include "daemon/app.h"
#include "daemon/store/approvals.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/sha256.h"

#define PAGE 50

struct list_in {
	uint64_t set;
	const char *state, *session_id, *run_id, *cursor;
	int64_t limit;
};

#define LIST(n, k, member, ...)                                         \
	{                                                               \
		.name = n, .kind = k,                                   \
		.offset = offsetof(struct list_in, member), __VA_ARGS__ \
	}

static const struct js_field list_fields[] = {
	LIST("state", JS_ONE_OF, state,
	    .words = "pending|approved|denied|answered|timed_out|withdrawn|"
		     "lapsed",
	    .help = "those alone; default all, pending ones first"),
	LIST("session_id", JS_TEXT, session_id, .min = 1, .max = 36,
	    .help = "those of this session alone"),
	LIST("run_id", JS_TEXT, run_id, .min = 1, .max = 36,
	    .help = "those of this run alone"),
	LIST("limit", JS_INT, limit, .min = 1, .max = 200,
	    .help = "default 50"),
	LIST("cursor", JS_TEXT, cursor, .min = 1, .max = 512,
	    .help = "next_cursor of the page before"),
	{ .name = NULL },
};

struct decision_in {
	uint64_t set;
	const char *verdict, *digest, *reason, *answers;
};

#define DECISION(n, k, member, ...)                                         \
	{                                                                   \
		.name = n, .kind = k,                                       \
		.offset = offsetof(struct decision_in, member), __VA_ARGS__ \
	}

static const struct js_field decision_fields[] = {
	DECISION("verdict", JS_ONE_OF, verdict, .required = true,
	    .words = "approve|deny|answer",
	    .help = "a question is answered or denied, all else approved or "
		    "denied"),
	DECISION("digest", JS_TEXT, digest, .required = true,
	    .min = SHA256_TEXT - 1, .max = SHA256_TEXT - 1,
	    .help = "of what was looked at, as the approval has it"),
	DECISION("reason", JS_TEXT, reason, .max = APPROVAL_REASON,
	    .help = "of a denial, for who asked"),
	DECISION("answers", JS_JSON, answers, .max = 65536,
	    .help = "[{question, answer: [text]}], each question by its text"),
	{ .name = NULL },
};

/* A page goes through the pending ones first, and then through the others. */
struct page {
	struct js *items;
	struct arena *arena;
	const char *last;
	int64_t left;
};

static bool
approvals_page_cb(const struct store_approval *row, void *arg)
{
	struct page *p = arg;

	p->left--;
	p->last = arena_strdup(p->arena, row->id);
	js_push(p->items, approval_item(row));
	return true;
}

static bool
cursor_ok(struct api_call *c, struct store_approval_filter *f, bool *rest)
{
	const struct list_in *in = c->in;
	const char *part = "", *id = "";

	if (cursor_read(c->req->arena, in->cursor, &part, &id) &&
	    (*part == '\0' || strcmp(part, "pending") == 0 ||
		strcmp(part, "rest") == 0)) {
		f->before = *id != '\0' ? id : NULL;
		*rest = strcmp(part, "rest") == 0;
		return true;
	}
	api_fail_code(c, 422, "OUT_OF_RANGE", "cursor: is none of this list",
	    NULL);
	return false;
}

/* `rest`: where the page has ended, for the next one. */
static int
fill(struct api_call *c, struct store_approval_filter *f, struct page *p,
    bool *rest)
{
	const struct list_in *in = c->in;
	int err = 0;

	f->limit = p->left;
	if (!*rest) {
		f->state = in->state != NULL ? in->state : "pending";
		err = store_approvals_list(c->app->db, f, approvals_page_cb, p);
	}
	if (err != 0 || in->state != NULL || p->left == 0)
		return err;
	if (!*rest)
		f->before = NULL;
	*rest = true;
	f->state = NULL;
	f->limit = p->left;
	return store_approvals_list(c->app->db, f, approvals_page_cb, p);
}

static void
approvals_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct store_approval_filter f = { .user_id = c->actor->user_id,
		.session_id = in->session_id,
		.run_id = in->run_id };
	struct page p = { .items = js_array(),
		.arena = c->req->arena,
		.left = in->limit > 0 ? in->limit : PAGE };
	bool rest = false;
	int err;

	if (!cursor_ok(c, &f, &rest)) {
		js_free(p.items);
		return;
	}
	err = fill(c, &f, &p, &rest);
	/* A full page may have been the last, and the next is empty then. */
	answer_page(c, err, p.items,
	    err == 0 && p.left == 0
		? cursor_text(c->req->arena, rest ? "rest" : "pending", p.last)
		: NULL);
}

static void
approvals_get(struct api_call *c)
{
	struct store_approval row;
	int err = store_approval_get(c->app->db, c->req->arena,
	    c->actor->user_id, c->params[0], &row);

	if (err == 0)
		api_reply(c, 200, approval_json(c->app->db, &row));
	else
		answer_missing(c, err, "there is no such approval");
}

/* What an attempt that does not count is told: what stands, beside why. */
static struct js *
outcome_json(struct api_call *c, const struct store_approval *row, bool counts)
{
	struct js *o = js_object();

	js_add_bool(o, "decided", counts);
	js_add(o, "approval", approval_json(c->app->db, row));
	return o;
}

static void
refuse(struct api_call *c, struct tx *tx, int err,
    const struct store_approval *row, struct approval_end *end, const char *why)
{
	const struct api_error *e = api_error_of(err);
	struct api_failure no = { .status = e->status,
		.code = e->code,
		.sentence = why != NULL ? why : e->sentence };

	if (err == RDV_E_STATE)
		no.code = "ALREADY_DECIDED";
	if (err == RDV_E_EXISTS)
		no.code = "DIGEST_MISMATCH";
	if (err == RDV_E_INVALID) {
		no.status = 422;
		no.code = "OUT_OF_RANGE";
	}
	no.details = outcome_json(c, row, false);
	api_commit_failure(c, tx, &no,
	    &(struct api_answer){ .durable = approval_ended, .arg = end });
}

/* Who decided what stands in both logs, or it is not decided. */
static bool
on_record(struct api_call *c, const char *verdict, bool counts)
{
	char event[32];

	(void)snprintf(event, sizeof(event), "approval.%s", verdict);
	return counts ? auth_audit(c->app->auth, c->req, event, c->actor,
			    c->params[0])
		      : auth_audit_often(c->app->auth, c->req, "approval.late",
			    c->actor, c->params[0]);
}

static void
approvals_decide(struct api_call *c)
{
	const struct decision_in *in = c->in;
	const struct approval_who who = approval_who_of(c);
	const struct approval_verdict v = { .word = in->verdict,
		.reason = in->reason,
		.answers_json = in->answers,
		.digest = in->digest };
	struct tx *tx = tx_begin(c->app->db);
	struct approval_end *end;
	struct store_approval row;
	const char *why = NULL;
	int err = approval_decide(c->app->approvals, tx, c->req->arena, &who,
	    c->params[0], &v, &row, &end, &why);

	if (err >= 0 && err != RDV_E_NOT_FOUND &&
	    !on_record(c, in->verdict, err == 0)) {
		err = RDV_E_UNAVAILABLE;
		why = "the audit log cannot be written";
	}
	if (err < 0 || err == RDV_E_NOT_FOUND || err == RDV_E_UNAVAILABLE) {
		tx_abort(tx);
		approval_ended(-ECANCELED, end);
		api_fail(c, err, why);
	} else if (err != 0) {
		refuse(c, tx, err, &row, end, why);
	} else {
		api_commit_answer(c, tx,
		    &(struct api_answer){ .status = 200,
			.body = outcome_json(c, &row, true),
			.durable = approval_ended,
			.arg = end });
	}
}

const struct api_route api_routes_approvals[] = {
	{ HTTP_M_GET, "/api/approvals", SCOPE_READ, .query = list_fields,
	    .in_size = sizeof(struct list_in), .handler = approvals_list,
	    .success = 200,
	    .doc = "What runs ask leave for and ask, newest first; commands "
		   "may be cut" },
	{ HTTP_M_GET, "/api/approvals/{id}", SCOPE_READ,
	    .handler = approvals_get, .success = 200,
	    .doc = "One of them, whole, as it is to be shown, with its digest "
		   "and all attempts to decide it" },
	{ HTTP_M_POST, "/api/approvals/{id}/decision", SCOPE_APPROVE,
	    .body = decision_fields, .in_size = sizeof(struct decision_in),
	    .body_max = 131072, .handler = approvals_decide, .atomic = true,
	    .success = 200,
	    .doc = "Decides; only the first decision is answered by 200, later "
		   "ones by 409 with what stands" },
	{ .pattern = NULL },
};
