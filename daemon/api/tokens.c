/* SPDX-License-Identifier: MIT */
/*
 * /api/tokens: contract 2.8. The raw key leaves in the answer that makes it and
 * stands nowhere afterwards, not even in the answer kept for a repetition.
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/rights.h"
#include "daemon/api/scopes.h"
#include "daemon/api/tokenwish.h"
#include "daemon/app.h"
#include "daemon/auth/scope.h"
#include "daemon/conf.h"
#include "daemon/core/credential.h"
#include "daemon/core/enroll.h"
#include "daemon/store/db.h"
#include "daemon/store/sessions.h"
#include "daemon/store/tokens.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

struct token_in {
	uint64_t set;
	const char *name;
	int64_t expires_at;
	const char **scopes;
	const char *session_id;
};

#define OFF(f) offsetof(struct token_in, f)

static const struct js_field create_fields[] = {
	{ .name = "name",
	    .kind = JS_TEXT,
	    .offset = OFF(name),
	    .required = true,
	    .min = 1,
	    .max = 100,
	    .help = "what it is for" },
	{ .name = "expires_at",
	    .alias = "expiresAt",
	    .kind = JS_INT,
	    .offset = OFF(expires_at),
	    .nullable = true,
	    .min = 0,
	    /* The end of the year 9999, the last that RFC 3339 can write. */
	    .max = 253402300799999,
	    .help = "ms since 1970; null or absent: never" },
	{ .name = "scopes",
	    .kind = JS_TEXTS,
	    /* More than there are words: naming one twice is no harm. */
	    .offset = OFF(scopes),
	    .max = 8,
	    .help = "full; or some of read, approve; or run alone" },
	{ .name = "session_id",
	    .alias = "sessionId",
	    .kind = JS_TEXT,
	    .offset = OFF(session_id),
	    .min = 1,
	    .max = 36,
	    .help = "with run: the session it is for; with its end the token "
		    "ends too" },
	{ .name = NULL },
};

/* camelCase: contract 2.8 has it so on these routes. */
static struct js *
token_json(const struct store_token *t)
{
	struct js *o = js_object();

	js_add_str(o, "id", t->id);
	js_add_str(o, "name", t->name);
	js_add_str(o, "keyPrefix", t->key_prefix);
	js_add(o, "scopes", api_scopes_json(scope_parse(t->scopes)));
	js_add_str(o, "sessionId", t->session_id);
	js_add_ms(o, "lastUsedAt", t->last_used_at);
	js_add_ms(o, "expiresAt", t->expires_at);
	js_add_ms(o, "createdAt", t->created_at);
	return o;
}

static bool
tokens_push_cb(const struct store_token *t, void *arg)
{
	js_push(arg, token_json(t));
	return true;
}

static void
tokens_list(struct api_call *c)
{
	struct js *list = js_array();
	int err = store_tokens_list(c->app->db, c->actor->user_id,
	    tokens_push_cb, list);

	if (err == 0) {
		api_reply(c, 200, list);
		return;
	}
	js_free(list);
	api_fail(c, err, NULL);
}

static bool
tokens_one_cb(const struct store_token *t, void *arg)
{
	struct js **out = arg;

	*out = token_json(t);
	return false;
}

static void
tokens_get(struct api_call *c)
{
	struct js *o = NULL;
	int err = store_token_get(c->app->db, c->actor->user_id, c->params[0],
	    tokens_one_cb, &o);

	if (err == 0)
		api_reply(c, 200, o);
	else
		answer_missing(c, err, "there is no such token");
}

/*
 * Absent means everything, as with the older API; an empty list would be a
 * token that can do nothing but be counted. False when it was answered.
 */
static bool
wanted(struct api_call *c, const struct token_wish *w,
    struct credential_spec *spec)
{
	const char **word;

	spec->scopes = w->scopes == NULL ? SCOPE_FULL : 0;
	for (word = w->scopes; word != NULL && *word != NULL; word++) {
		if (scope_add(*word, strlen(*word), &spec->scopes))
			continue;
		api_fail(c, RDV_E_INVALID, "scopes: no such word");
		return false;
	}
	if (spec->scopes == 0) {
		api_fail(c, RDV_E_INVALID, "scopes: a token needs some");
		return false;
	}
	/* Nobody hands on what he does not have. */
	if ((spec->scopes & ~w->most) != 0) {
		api_fail(c, RDV_E_DENIED,
		    "scopes: more than this credential has itself");
		return false;
	}
	return true;
}

static bool
tokens_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	(void)r;
	*(bool *)arg = s->closed_at < 0;
	return false;
}

/* Its user's, and not over: what ends with a session must not come after. */
static bool
session_ok(struct api_call *c, const struct credential_spec *spec)
{
	bool open = false;
	int err = store_session_get(c->app->db, spec->user_id, spec->session_id,
	    tokens_session_cb, &open);

	if (err == 0 && !open)
		err = RDV_E_STATE;
	if (err == 0)
		return true;
	api_fail(c, err,
	    err == RDV_E_STATE	     ? "session_id: the session is closed"
	    : err == RDV_E_NOT_FOUND ? "session_id: there is no such session"
				     : NULL);
	return false;
}

/*
 * What an agent is given is for one session, and nothing beside it may widen
 * that. False when it was answered.
 */
static bool
bound(struct api_call *c, const struct token_wish *w,
    struct credential_spec *spec)
{
	const char *why = NULL;

	if (!scope_is_run(spec->scopes) && w->session_id == NULL)
		return true;
	if (!scope_is_run(spec->scopes))
		why = "session_id: goes with the scope run alone";
	else if (spec->scopes != SCOPE_RUN)
		why = "scopes: run stands alone";
	else if (w->session_id == NULL)
		why = "session_id: a run token is for one session";
	if (why != NULL) {
		api_fail(c, RDV_E_INVALID, why);
		return false;
	}
	spec->session_id = w->session_id;
	return session_ok(c, spec);
}

bool
token_wish_ok(struct api_call *c, const struct token_wish *w,
    struct credential_spec *spec)
{
	return wanted(c, w, spec) && bound(c, w, spec);
}

/* Names are shown in terminals. */
bool
token_name_ok(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	}
	return true;
}

static struct js *
created_json(struct api_call *c, const char *id, const char *text,
    uint32_t bits, int64_t expires_at)
{
	const struct token_in *in = c->in;
	struct js *o = js_object();
	char prefix[TOKEN_PREFIX] = "";

	/* What lists show: 208 of its 256 bits stay unknown. */
	memcpy(prefix, text, TOKEN_PREFIX - 1);
	js_add_str(o, "id", id);
	js_add_str(o, "name", in->name);
	js_add_str(o, "keyPrefix", prefix);
	js_add(o, "scopes", api_scopes_json(bits));
	js_add_str(o, "sessionId", in->session_id);
	js_add_ms(o, "expiresAt", expires_at);
	js_add_ms(o, "createdAt", clock_wall_ms());
	return o;
}

/*
 * Two answers: the one that leaves now, with the key, and the one that is kept
 * for a repetition, without it. Who lost the first can only revoke the token.
 */
static void
tokens_issue(struct api_call *c, const struct credential_spec *spec)
{
	struct rights r = rights_begin(c);
	struct api_answer answer = { .status = 201 };
	char id[UUID_TEXT], text[TOKEN_TEXT];
	int err = credential_issue(r.ch, r.tx, spec, id, text, NULL);

	if (err != 0) {
		rights_fail(&r, err,
		    err == RDV_E_FULL ? "there are too many tokens; revoke one"
				      : NULL);
		return;
	}
	answer.body = created_json(c, id, text, spec->scopes, spec->expires_at);
	answer.kept = created_json(c, id, text, spec->scopes, spec->expires_at);
	js_add_str(answer.body, "rawKey", text);
	js_add_str(answer.kept, "rawKey", NULL);
	secret_wipe(text, sizeof(text));
	rights_commit(&r, &answer);
}

/* The audit line comes first: without it the token is not made. */
static void
tokens_create(struct api_call *c)
{
	const struct token_in *in = c->in;
	const struct token_wish wish = {
		.scopes = JS_SET(in, 2) ? in->scopes : NULL,
		.session_id = JS_SET(in, 3) ? in->session_id : NULL,
		.most = c->actor->scopes,
	};
	struct credential_spec spec = {
		.user_id = c->actor->user_id,
		.name = in->name,
		.kind = TOKEN_CLI,
		.expires_at = -1,
	};

	/* The helper takes no token whose owner has not asked for it itself. */
	if (c->app->conf->system) {
		api_fail(c, RDV_E_STATE,
		    "on this host tokens are made by their owner: rdv token "
		    "new, or POST /api/login over the own socket");
		return;
	}
	if (!token_wish_ok(c, &wish, &spec))
		return;
	if (!token_name_ok(in->name)) {
		api_fail(c, RDV_E_INVALID, "name: must be printable");
		return;
	}
	/* null sets the bit and leaves 0, which is "never" too. */
	if (JS_SET(in, 1) && in->expires_at > 0)
		spec.expires_at = in->expires_at;
	if (spec.expires_at >= 0 && spec.expires_at <= clock_wall_ms()) {
		api_fail(c, RDV_E_INVALID, "expires_at: lies in the past");
		return;
	}
	if (!auth_audit(c->app->auth, c->req, "token.new", c->actor, NULL)) {
		answer_unrecorded(c);
		return;
	}
	tokens_issue(c, &spec);
}

static bool
tokens_found_cb(const struct store_token *t, void *arg)
{
	(void)t;
	*(bool *)arg = true;
	return false;
}

static void
revoke_here(struct api_call *c)
{
	const char *user = c->actor->user_id, *id = c->params[0];
	struct rights r = rights_begin(c);
	int err = credential_revoke(r.ch, r.tx, user, id);

	if (err != 0)
		rights_fail(&r, err, NULL);
	else
		rights_commit(&r, &(struct api_answer){ .status = 204 });
}

/* Whatever the helper says: here it counts no more, and nobody gets past us. */
static void
tokens_revoked_cb(int err, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		log_errorx("tokens",
		    "token=%s is revoked here, and the helper still has it: %s",
		    c->params[0], why);
	revoke_here(c);
}

/*
 * The look-up is the check of ownership, since a revocation goes by the id
 * alone (C14). Also the credential of this very request may go; its answer
 * leaves all the same, and the next request is refused.
 */
static void
tokens_revoke(struct api_call *c)
{
	const char *user = c->actor->user_id, *id = c->params[0];
	const struct token *t;
	bool found = false;
	int err;

	err = store_token_get(c->app->db, user, id, tokens_found_cb, &found);
	if (err != 0) {
		answer_missing(c, err, "there is no such token");
		return;
	}
	/* Written or not: taking a right away is never refused. */
	(void)auth_audit(c->app->auth, c->req, "token.revoke", c->actor, id);
	t = auth_find_id(c->app->auth, id);
	if (c->app->conf->system && t != NULL)
		enroll_revoke(c->app, c->actor->uid, t->digest,
		    tokens_revoked_cb, c);
	else
		revoke_here(c);
}

const struct api_route api_routes_tokens[] = {
	{ HTTP_M_GET, "/api/tokens", SCOPE_TOKENS, .handler = tokens_list,
	    .success = 200, .doc = "The user's tokens, newest first" },
	{ HTTP_M_POST, "/api/tokens", SCOPE_TOKENS, .body = create_fields,
	    .in_size = sizeof(struct token_in), .handler = tokens_create,
	    .atomic = true, .success = 201,
	    .doc = "A new token; rawKey is shown this once" },
	{ HTTP_M_GET, "/api/tokens/{id}", SCOPE_TOKENS, .handler = tokens_get,
	    .success = 200, .doc = "One token" },
	{ HTTP_M_DELETE, "/api/tokens/{id}", SCOPE_TOKENS,
	    .handler = tokens_revoke, .success = 204,
	    .doc = "Revokes a token and ends its open streams" },
	{ .pattern = NULL },
};
