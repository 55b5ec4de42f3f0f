/* SPDX-License-Identifier: MIT */
/*
 * Deciding. Invariant: the first decision that is valid counts, for exactly
 * what was shown; whoever comes later is told the outcome that stands, never
 * that his own counted; and each of them is a row (abuse K01, K02, K08).
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/approvalstate.h"
#include "daemon/core/run.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

static int
record(struct tx *tx, const struct approval_who *who, const char *id,
    const char *word, const char *outcome)
{
	const struct store_attempt t = { .approval_id = id,
		.user_id = who->user_id,
		.token_id = who->token_id,
		.via = who->via,
		.verdict = word,
		.outcome = outcome,
		.created_at = clock_wall_ms() };

	return store_attempt_insert(tx, &t, APPROVAL_ATTEMPTS);
}

/* [{"question": text, "answer": [text, ...]}, ...], at least one. */
static bool
answers_ok(const char *json)
{
	char why[160];
	struct js *v = json != NULL
			   ? js_parse(json, strlen(json), why, sizeof(why))
			   : NULL;
	size_t n = js_len(v);
	bool good = v != NULL && js_is_array(v) && n > 0;

	for (size_t i = 0; good && i < n; i++) {
		const struct js *one = js_at(v, i);
		const struct js *list = js_get(one, "answer");

		good =
		    js_str(one, "question", NULL) != NULL && js_is_array(list);
		for (size_t k = 0; good && k < js_len(list); k++)
			good = js_text(js_at(list, k)) != NULL;
	}
	js_free(v);
	return good;
}

/* The state a verdict makes of that kind; NULL with a sentence. */
static const char *
state_of(const struct store_approval *row, const struct approval_verdict *v,
    const char **why)
{
	const bool question = strcmp(row->kind, "question") == 0;

	if (strcmp(v->word, "deny") == 0)
		return "denied";
	if (strcmp(v->word, "approve") == 0 && !question)
		return "approved";
	if (strcmp(v->word, "answer") == 0 && question) {
		if (answers_ok(v->answers_json))
			return "answered";
		*why = "answers: must be objects of a question and an array of "
		       "texts, answer";
		return NULL;
	}
	*why = question ? "verdict: a question is answered or denied"
			: "verdict: only a question is answered";
	return NULL;
}

/*
 * Whether somebody is there to be told, now or later. A run that is over but
 * not recorded yet has nobody; of one that was not found, its row knows.
 */
static bool
is_gone(struct approvals *as, struct arena *a, const char *run_id)
{
	const struct run *run = run_find(as->app->runs, run_id);
	struct store_run row;

	if (run != NULL)
		return run_has_ended(run);
	return store_run_find(as->app->db, a, run_id, &row) == 0 &&
	       strcmp(row.state, "starting") != 0 &&
	       strcmp(row.state, "running") != 0;
}

static int
late(struct tx *tx, const struct approval_who *who,
    const struct store_approval *row, const char *word, const char **why)
{
	int err = record(tx, who, row->id, word, "late");

	*why = strcmp(row->state, "lapsed") == 0
		   ? "whoever asked is gone, and nothing was granted"
		   : "it is over already, and this decision counts for "
		     "nothing; state says how it ended";
	return err != 0 ? err : RDV_E_STATE;
}

/* Why this one may not, or cannot, decide; NULL: nothing speaks against it. */
static const char *
refusal(const struct approval_who *who, const struct store_approval *row,
    const struct approval_verdict *v, int *err, const char **why)
{
	if (row->asked_by != NULL &&
	    strcmp(row->asked_by, who->token_id) == 0) {
		*err = RDV_E_DENIED;
		*why = "it was asked with this very credential; another one "
		       "has to decide";
		return "self";
	}
	if (strcmp(row->digest, v->digest) != 0) {
		*err = RDV_E_EXISTS;
		*why = "digest: is not that of what is asked; look at it anew";
		return "digest";
	}
	if (state_of(row, v, why) == NULL) {
		*err = RDV_E_INVALID;
		return "kind";
	}
	return NULL;
}

static int
decide(struct approvals *as, struct tx *tx, const struct approval_who *who,
    struct store_approval *row, const struct approval_verdict *v,
    struct approval_end **end, const char **why)
{
	const char *state = state_of(row, v, why);
	int err;

	if (state == NULL)
		return RDV_E_INVALID;
	row->state = state;
	row->reason = strcmp(v->word, "deny") == 0 ? v->reason : NULL;
	row->answers_json =
	    strcmp(state, "answered") == 0 ? v->answers_json : NULL;
	row->decided_user = who->user_id;
	row->decided_token = who->token_id;
	row->decided_via = who->via;
	err = approval_put_end(as, tx, row, end);
	return err != 0 ? err : record(tx, who, row->id, v->word, "decided");
}

int
approval_decide(struct approvals *as, struct tx *tx, struct arena *a,
    const struct approval_who *who, const char *id,
    const struct approval_verdict *v, struct store_approval *row,
    struct approval_end **end, const char **why)
{
	const char *outcome;
	int err, no = 0;

	*end = NULL;
	err = store_approval_get(as->app->db, a, who->user_id, id, row);
	if (err != 0) {
		*why =
		    err == RDV_E_NOT_FOUND ? "there is no such approval" : NULL;
		return err;
	}
	if (strcmp(row->state, "pending") == 0 && is_gone(as, a, row->run_id)) {
		err = approval_put_lapse(as, tx, row, end);
		if (err != 0)
			return err;
	}
	/* Before what is wrong with it: it has ended, whatever was said. */
	if (strcmp(row->state, "pending") != 0)
		return late(tx, who, row, v->word, why);
	outcome = refusal(who, row, v, &no, why);
	if (outcome == NULL)
		return decide(as, tx, who, row, v, end, why);
	err = record(tx, who, row->id, v->word, outcome);
	return err != 0 ? err : no;
}

static bool
approval_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	bool *closed = arg;

	(void)r;
	*closed = s->closed_at >= 0;
	return false;
}

static void
tell_bypass(struct tx *tx, const struct approval_who *who,
    const char *session_id, bool on)
{
	struct js *o = js_object();

	js_add_str(o, "session_id", session_id);
	js_add_bool(o, "on", on);
	js_add_str(o, "token_id", who->token_id);
	js_add_str(o, "via", who->via);
	event_emit(tx, EV_APPROVAL_BYPASS, who->user_id, session_id, o);
}

int
approval_bypass(struct tx *tx, const struct approval_who *who,
    const char *session_id, bool on)
{
	const struct store_bypass b = { .session_id = session_id,
		.user_id = who->user_id,
		.token_id = who->token_id,
		.via = who->via,
		.since = clock_wall_ms() };
	bool closed = false;
	int err = store_session_any(tx_db(tx), who->user_id, session_id,
	    approval_session_cb, &closed);

	if (err != 0)
		return err;
	if (on && closed)
		return RDV_E_STATE;
	err = on ? store_bypass_insert(tx, &b)
		 : store_bypass_delete(tx, who->user_id, session_id);
	if (err == RDV_E_NOT_FOUND)
		return 0; /* it is off already */
	if (err == 0)
		tell_bypass(tx, who, session_id, on);
	return err;
}
