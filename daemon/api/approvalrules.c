/* SPDX-License-Identifier: MIT */
/*
 * What an owner decides beforehand: rules, and that a session's tools are not
 * asked about. Both outlive the credential that said so, so they are for who
 * may everything (abuse K16); each is on record.
 */
#include "daemon/core/approvalrule.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/approval.h"
#include "daemon/api/conversation.h"
#include "daemon/app.h"
#include "daemon/core/chain.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "daemon/store/sessions.h"
#include "lib/err.h"
#include "lib/js.h"

struct rule_in {
	uint64_t set;
	const char *verdict, *tool, *scope, *session_id, *workspace_id;
	const char **pattern;
};

#define FIELD(n, k, member, ...)                                        \
	{                                                               \
		.name = n, .kind = k,                                   \
		.offset = offsetof(struct rule_in, member), __VA_ARGS__ \
	}

static const struct js_field rule_fields[] = {
	FIELD("verdict", JS_ONE_OF, verdict, .required = true,
	    .words = "allow|deny|ask",
	    .help = "the strongest of those that match: deny, ask, allow"),
	FIELD("tool", JS_TEXT, tool, .required = true, .min = 1,
	    .max = APPROVAL_TOOL, .help = "as whoever asks calls it"),
	FIELD("pattern", JS_TEXTS, pattern, .max = 64,
	    .help = "all words of one simple command; * as the last one: "
		    "whatever follows. Absent: of a tool that runs nothing"),
	FIELD("scope", JS_ONE_OF, scope, .words = "session|workspace|all",
	    .help = "default all"),
	FIELD("session_id", JS_TEXT, session_id, .min = 1, .max = 36,
	    .help = "of the scope session"),
	FIELD("workspace_id", JS_TEXT, workspace_id, .min = 1, .max = 36,
	    .help = "of the scope workspace"),
	{ .name = NULL },
};

static struct js *
rule_json(const struct store_rule *r)
{
	struct js *o = js_object();

	js_add_str(o, "id", r->id);
	js_add_str(o, "verdict", r->verdict);
	approval_put_shown(o, "tool", r->tool);
	js_add_json(o, "pattern", r->pattern_json);
	js_add_str(o, "scope", r->scope);
	js_add_str(o, "session_id", r->session_id);
	js_add_str(o, "workspace_id", r->workspace_id);
	js_add_str(o, "made_by", r->made_by);
	js_add_ms(o, "created_at", r->created_at);
	return o;
}

static bool
rules_push_cb(const struct store_rule *r, void *arg)
{
	js_push(arg, rule_json(r));
	return true;
}

/* At most RULES_MAX of them: one page. */
static void
rules_list(struct api_call *c)
{
	struct js *items = js_array();
	int err =
	    store_rules_of(c->app->db, c->actor->user_id, rules_push_cb, items);

	answer_page(c, err, items, NULL);
}

static void
rules_create(struct api_call *c)
{
	const struct rule_in *in = c->in;
	const struct approval_who who = approval_who_of(c);
	const struct rule_spec spec = { .verdict = in->verdict,
		.tool = in->tool,
		.scope = in->scope != NULL ? in->scope : "all",
		.session_id = in->session_id,
		.workspace_id = in->workspace_id,
		.pattern = in->pattern };
	struct tx *tx = tx_begin(c->app->db);
	const char *why = NULL;
	struct store_rule r;
	int err = rule_create(tx, c->req->arena, &who, &spec, &r, &why);

	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = why,
		.event = "approval.rule.new",
		.subject = err == 0 ? r.id : NULL,
		.status = 201,
		.body = err == 0 ? rule_json(&r) : NULL });
}

static void
rules_delete(struct api_call *c)
{
	struct tx *tx = tx_begin(c->app->db);
	int err = rule_delete(tx, c->actor->user_id, c->params[0]);

	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = err == RDV_E_NOT_FOUND ? "there is no such rule" : NULL,
		.event = "approval.rule.delete",
		.subject = c->params[0],
		.status = 204 });
}

static struct js *
bypass_json(const struct store_bypass *b)
{
	struct js *o = js_object();

	js_add_bool(o, "on", b != NULL);
	js_add_ms(o, "since", b != NULL ? b->since : -1);
	js_add_str(o, "via", b != NULL ? b->via : NULL);
	js_add_str(o, "token_id", b != NULL ? b->token_id : NULL);
	return o;
}

static bool
bypass_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return false;
}

static void
bypass_get(struct api_call *c)
{
	struct store_bypass b;
	int err = store_session_any(c->app->db, c->actor->user_id, c->params[0],
	    bypass_session_cb, NULL);

	if (err != 0) {
		api_fail(c, err, "there is no such session");
		return;
	}
	err = store_bypass_get(c->app->db, c->req->arena, c->params[0], &b);
	if (err == 0 || err == RDV_E_NOT_FOUND)
		api_reply(c, 200, bypass_json(err == 0 ? &b : NULL));
	else
		api_fail(c, err, NULL);
}

static const char *
bypass_refusal(int err)
{
	return err == RDV_E_STATE	? "the session is closed"
	       : err == RDV_E_NOT_FOUND ? "there is no such session"
					: NULL;
}

static void
bypass_on(struct api_call *c)
{
	const struct approval_who who = approval_who_of(c);
	struct tx *tx = tx_begin(c->app->db);
	struct store_bypass b;
	int err = approval_bypass(tx, &who, c->params[0], true);

	if (err == 0)
		err = store_bypass_get(c->app->db, c->req->arena, c->params[0],
		    &b);
	answer_settle(c, tx,
	    &(struct answer_end){ .err = err,
		.why = bypass_refusal(err),
		.event = "approval.bypass.on",
		.subject = c->params[0],
		.status = 200,
		.body = err == 0 ? bypass_json(&b) : NULL });
}

/* What it allowed ends with it. */
static void
bypass_off(struct api_call *c)
{
	const struct approval_who who = approval_who_of(c);
	struct tx *tx = tx_begin(c->app->db);
	const char *chain = NULL, *why;
	int err = approval_bypass(tx, &who, c->params[0], false);

	why = bypass_refusal(err);
	if (err == 0)
		err = chain_stop_unasked(tx, c->req->arena, c->actor->user_id,
		    c->params[0], &chain);
	if (err == 0)
		err = answer_on_record(c, "approval.bypass.off", c->params[0],
		    &why);
	if (err != 0)
		conversation_refuse(c, tx, err, why);
	else
		conversation_commit(c, tx, 200, bypass_json(NULL), chain, true);
}

const struct api_route api_routes_approvalrules[] = {
	{ HTTP_M_GET, "/api/approvals/rules", SCOPE_READ, .handler = rules_list,
	    .success = 200,
	    .doc = "Rules that allow, deny or always ask, oldest first" },
	{ HTTP_M_POST, "/api/approvals/rules", SCOPE_TOKENS,
	    .body = rule_fields, .in_size = sizeof(struct rule_in),
	    .body_max = 65536, .handler = rules_create, .atomic = true,
	    .success = 201,
	    .doc = "A new rule; what it says is seen in what it matches, and "
		   "never changed" },
	{ HTTP_M_DELETE, "/api/approvals/rules/{id}", SCOPE_TOKENS,
	    .handler = rules_delete, .success = 204,
	    .doc = "Deletes a rule; what it has decided stays decided" },
	{ HTTP_M_GET, "/api/sessions/{id}/bypass", SCOPE_READ,
	    .handler = bypass_get, .success = 200,
	    .doc = "Whether the session's tools are asked about, and who said "
		   "they are not" },
	{ HTTP_M_PUT, "/api/sessions/{id}/bypass", SCOPE_TOKENS,
	    .handler = bypass_on, .success = 200,
	    .doc = "Its tools are asked about no more, but where a rule asks "
		   "or denies" },
	{ HTTP_M_DELETE, "/api/sessions/{id}/bypass", SCOPE_TOKENS,
	    .handler = bypass_off, .success = 200,
	    .doc = "They are asked about again; a turn that asks nobody ends" },
	{ .pattern = NULL },
};
