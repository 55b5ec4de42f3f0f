/* SPDX-License-Identifier: MIT */
/*
 * /api/auth: from a one-time code, which the command line asks for and prints
 * as part of a URL, to a cookie and the page key it counts with. The code
 * stands behind '#', so it never reaches a log or a proxy, and works once. The
 * cookies presented at login are revoked with it: an identifier planted before
 * is dead afterwards (A15).
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/rights.h"
#include "daemon/api/scopes.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/credential.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"

/* Time to go from a shell to a browser, and no more. */
#define CODE_MS	  (5 * 60 * 1000LL)
#define COOKIE_S  (30 * 24 * 3600LL)
#define COOKIE	  AUTH_COOKIE_NAME
#define COOKIE_IS "; HttpOnly; SameSite=Strict; Path=/; Max-Age="

struct login_in {
	uint64_t set;
	const char *code;
};

static const struct js_field login_fields[] = {
	{ .name = "code",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct login_in, code),
	    .required = true,
	    .min = 1,
	    .max = 128,
	    .help = "from the URL that `rdv up` prints" },
	{ .name = NULL },
};

/*
 * A code has no scopes: presented as a bearer token or a cookie it is nothing.
 * What it stands for is decided when it is exchanged.
 */
static void
signin_code(struct api_call *c)
{
	struct credential_spec spec = { c->actor->user_id, "sign-in",
		TOKEN_CODE, 0, clock_wall_ms() + CODE_MS, NULL, false };
	struct api_answer answer = { .status = 201 };
	char id[UUID_TEXT], text[TOKEN_TEXT];
	struct rights x;
	int err;

	/*
	 * Everybody has a socket for that (rdv url), and nginx no need of it:
	 * whoever once had its token would get cookies that outlive it.
	 */
	if (c->app->conf->system && c->actor->via == AUTH_SERVICE) {
		api_fail(c, RDV_E_DENIED,
		    "the proxy gives no sign-in codes; rdv url does");
		return;
	}
	if (!auth_audit(c->app->auth, c->req, "code.new", c->actor, NULL)) {
		answer_unrecorded(c);
		return;
	}
	x = rights_begin(c);
	err = credential_issue(x.ch, x.tx, &spec, id, text, NULL);
	if (err != 0) {
		rights_fail(&x, err, NULL);
		return;
	}
	answer.body = js_object();
	js_add_str(answer.body, "code", text);
	js_add_ms(answer.body, "expires_at", spec.expires_at);
	answer.kept = js_object();
	js_add_str(answer.kept, "code", NULL);
	js_add_ms(answer.kept, "expires_at", spec.expires_at);
	secret_wipe(text, sizeof(text));
	rights_commit(&x, &answer);
}

static struct js *
user_json(struct api_call *c, const char *user_id)
{
	struct js *user = js_object(), *o = js_object();

	js_add_str(user, "id", user_id);
	js_add_str(user, "name", auth_user_name(c->app->auth, user_id));
	js_add(o, "user", user);
	return o;
}

/* Signs out what this browser was signed in with. */
static int
revoke_old(struct rights *x)
{
	const char *old[AUTH_COOKIES_MAX];
	unsigned n = http_cookies(x->c->req, COOKIE, old, AUTH_COOKIES_MAX);
	int err = 0;

	for (unsigned i = 0; i < n && err == 0; i++) {
		const struct token *t = auth_find(x->c->app->auth, old[i]);

		if (t == NULL || t->kind != TOKEN_COOKIE)
			continue;
		err = credential_revoke(x->ch, x->tx, t->user_id, t->id);
		/* Signed out a moment ago is as good. */
		if (err == RDV_E_NOT_FOUND)
			err = 0;
	}
	return err;
}

/* The code is spent and the cookie is new, in one transaction. */
static int
exchange(struct rights *x, const struct token *code, char text[TOKEN_TEXT],
    char page_key[TOKEN_TEXT])
{
	struct credential_spec spec = { code->user_id, "browser", TOKEN_COOKIE,
		SCOPE_FULL, clock_wall_ms() + COOKIE_S * 1000, NULL, false };
	char id[UUID_TEXT];
	int err;

	err = credential_revoke(x->ch, x->tx, code->user_id, code->id);
	if (err == 0)
		err = revoke_old(x);
	if (err == 0)
		err = credential_issue(x->ch, x->tx, &spec, id, text, page_key);
	return err;
}

/*
 * SameSite=Strict keeps the cookie from requests that other sites begin; from
 * other ports of this host nothing does, which is what the key is for. It is
 * not Secure, because the page is served on 127.0.0.1 without TLS; browsers
 * treat that address as trustworthy.
 */
static void
login_ok(struct api_call *c, const struct token *code)
{
	struct rights x = rights_begin(c);
	struct api_answer answer = { .status = 200 };
	const char **headers = arena_alloc(c->req->arena, 3 * sizeof(char *));
	char text[TOKEN_TEXT], page_key[TOKEN_TEXT];
	int err = exchange(&x, code, text, page_key);

	/* Its row was revoked by a login that is not durable yet. */
	if (err == RDV_E_NOT_FOUND)
		err = RDV_E_STATE;
	if (err != 0) {
		rights_fail(&x, err, NULL);
		return;
	}
	headers[0] = "Set-Cookie";
	headers[1] = arena_printf(c->req->arena, COOKIE "=%s" COOKIE_IS "%lld",
	    text, COOKIE_S);
	answer.headers = headers;
	answer.body = user_json(c, code->user_id);
	js_add_str(answer.body, "page_key", page_key);
	secret_wipe(text, sizeof(text));
	secret_wipe(page_key, sizeof(page_key));
	rights_commit(&x, &answer);
}

/* One indistinguishable refusal for wrong, spent and expired codes. */
static void
signin_login(struct api_call *c)
{
	const struct login_in *in = c->in;
	struct auth *auth = c->app->auth;
	struct auth_refusal no;
	const struct token *code;

	/* The gate judged the Origin if there was one; here there must be. */
	if (http_header(c->req, "origin") == NULL) {
		api_fail_code(c, 403, "ORIGIN_REQUIRED",
		    "signing in is for pages; use a token instead", NULL);
		return;
	}
	code = auth_find(auth, in->code);
	if (code == NULL || code->kind != TOKEN_CODE ||
	    !auth_counts(auth, c->req, code->user_id)) {
		auth_failed(auth, c->req, &no);
		api_refuse(c, &no);
		return;
	}
	if (!auth_audit(auth, c->req, "login", NULL, code->id)) {
		answer_unrecorded(c);
		return;
	}
	login_ok(c, code);
}

/*
 * The cookie is taken back on the server first and cleared in the browser only
 * as a courtesy: a copy of it is dead either way. What cannot be written to the
 * audit log is done all the same, since it only takes a right away.
 */
static void
signin_logout(struct api_call *c)
{
	static const char *const gone[] = { "Set-Cookie",
		COOKIE "=" COOKIE_IS "0", NULL };
	struct rights x;
	int err;

	if (c->actor->via != AUTH_COOKIE) {
		api_fail(c, RDV_E_STATE,
		    "not signed in by a cookie; revoke the token instead");
		return;
	}
	(void)auth_audit(c->app->auth, c->req, "logout", c->actor, NULL);
	x = rights_begin(c);
	err = credential_revoke(x.ch, x.tx, c->actor->user_id,
	    c->actor->token_id);
	if (err != 0 && err != RDV_E_NOT_FOUND) {
		rights_fail(&x, err, NULL);
		return;
	}
	rights_commit(&x,
	    &(struct api_answer){ .status = 204, .headers = gone });
}

static void
signin_me(struct api_call *c)
{
	static const char *const via[AUTH_VIA_MAX] = {
		[AUTH_SERVICE] = "service",
		[AUTH_TOKEN] = "token",
		[AUTH_COOKIE] = "cookie",
		[AUTH_TICKET] = "ticket",
		[AUTH_LINK] = "link",
	};
	struct js *o = user_json(c, c->actor->user_id);

	js_add_str(o, "via", via[c->actor->via]);
	js_add(o, "scopes", api_scopes_json(c->actor->scopes));
	js_add_str(o, "session_id",
	    c->actor->session_id[0] != '\0' ? c->actor->session_id : NULL);
	js_add_str(o, "token_id", c->actor->token_id);
	api_reply(c, 200, o);
}

const struct api_route api_routes_signin[] = {
	{ HTTP_M_POST, "/api/auth/code", SCOPE_TOKENS | SCOPE_SERVICE,
	    .handler = signin_code, .atomic = true, .success = 201,
	    .doc = "A sign-in code: good once, for five minutes" },
	{ HTTP_M_POST, "/api/auth/login", SCOPE_NONE, .body = login_fields,
	    .in_size = sizeof(struct login_in), .body_max = 1024,
	    .handler = signin_login, .success = 200,
	    .doc = "Exchanges a code for a cookie and page_key; needs the "
		   "page's Origin" },
	{ HTTP_M_POST, "/api/auth/logout", SCOPE_ANY, .handler = signin_logout,
	    .atomic = true, .success = 204,
	    .doc = "Revokes the cookie and ends its open streams" },
	{ HTTP_M_GET, "/api/auth/me", SCOPE_ANY, .handler = signin_me,
	    .success = 200, .doc = "Who the credential stands for" },
	{ .pattern = NULL },
};
