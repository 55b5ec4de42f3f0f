/* SPDX-License-Identifier: MIT */
/*
 * POST /api/login: in system mode a token begins here, over the account's own
 * socket, where the kernel has said who is asking. rdvd never sees the token's
 * text before its owner uses it: it gets the hash, and the helper takes that
 * for a token only with the proof that the owner has written.
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/rights.h"
#include "daemon/api/scopes.h"
#include "daemon/api/tokenwish.h"
#include "daemon/app.h"
#include "daemon/auth/digest.h"
#include "daemon/auth/scope.h"
#include "daemon/conf.h"
#include "daemon/core/credential.h"
#include "daemon/core/enroll.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"

struct login_in {
	uint64_t set;
	const char *sha256, *name;
	int64_t expires_in;
	const char **scopes;
	const char *session_id;
};

#define OFF(f) offsetof(struct login_in, f)

static const struct js_field login_fields[] = {
	{ .name = "sha256",
	    .kind = JS_TEXT,
	    .offset = OFF(sha256),
	    .required = true,
	    .min = DIGEST_TEXT - 1,
	    .max = DIGEST_TEXT - 1,
	    .help = "of the token's text, in lower-case hexadecimal" },
	{ .name = "name",
	    .kind = JS_TEXT,
	    .offset = OFF(name),
	    .required = true,
	    .min = 1,
	    .max = 100,
	    .help = "what it is for" },
	{ .name = "expires_in",
	    .kind = JS_INT,
	    .offset = OFF(expires_in),
	    .nullable = true,
	    .min = 0,
	    /* A hundred years. */
	    .max = 100LL * 366 * 24 * 3600 * 1000,
	    .help = "ms from now; null, 0 or absent: never" },
	{ .name = "scopes",
	    .kind = JS_TEXTS,
	    .offset = OFF(scopes),
	    .max = 8,
	    .help = "full; or some of read, approve; or run alone" },
	{ .name = "session_id",
	    .kind = JS_TEXT,
	    .offset = OFF(session_id),
	    .min = 1,
	    .max = 36,
	    .help = "with run: the session it is for" },
	{ .name = NULL },
};

/* What the answer of the helper is waited for with; lives in the request. */
struct login {
	struct api_call *c;
	char user_id[UUID_TEXT];
	uint8_t digest[DIGEST_LEN];
	struct credential_spec spec;
};

/* NULL, having answered, unless the kernel names the person itself. */
static const char *
person(struct api_call *c)
{
	const struct http_req *r = c->req;
	const char *id;

	if (!c->app->conf->system || r->person == HTTP_ANYBODY) {
		api_fail(c, RDV_E_STATE,
		    "this is for an account's own socket in system mode");
		return NULL;
	}
	id = auth_user_id(c->app->auth, r->person);
	/* Root comes in everywhere, and is not everybody. */
	if (id == NULL || r->peer_uid != r->person) {
		api_fail(c, RDV_E_DENIED, "this socket is another account's");
		return NULL;
	}
	return id;
}

/* The kernel has said who asks: that is worth all there is. */
static bool
judge(struct login *l)
{
	const struct login_in *in = l->c->in;
	const struct token_wish wish = {
		.scopes = JS_SET(in, 3) ? in->scopes : NULL,
		.session_id = JS_SET(in, 4) ? in->session_id : NULL,
		.most = SCOPE_FULL,
	};

	return token_wish_ok(l->c, &wish, &l->spec);
}

static struct js *
login_json(const struct login *l, const char *id)
{
	const struct login_in *in = l->c->in;
	struct js *o = js_object();

	js_add_str(o, "id", id);
	js_add_str(o, "name", in->name);
	js_add_str(o, "user_id", l->user_id);
	js_add_str(o, "user", auth_user_name(l->c->app->auth, l->user_id));
	js_add(o, "scopes", api_scopes_json(l->spec.scopes));
	js_add_str(o, "session_id", l->spec.session_id);
	js_add_ms(o, "expires_at", l->spec.expires_at);
	return o;
}

static void
refuse(struct api_call *c, int err)
{
	answer_bounded(c, err,
	    err == RDV_E_FULL	  ? "there are too many tokens; revoke one"
	    : err == RDV_E_EXISTS ? "there is such a token"
				  : NULL);
}

/* The helper has it; without a row here it would open nothing. */
static void
login_enrolled_cb(int err, const char *why, void *arg)
{
	struct login *l = arg;
	struct api_call *c = l->c;
	char id[UUID_TEXT];
	struct rights r;

	if (err != 0) {
		api_fail(c, err, why);
		return;
	}
	/* The session may have ended meanwhile. */
	if (!judge(l)) {
		enroll_drop(c->app, c->req->person, l->digest);
		return;
	}
	r = rights_begin(c);
	err = credential_enroll(r.ch, r.tx, &l->spec, l->digest, id);
	if (err != 0) {
		rights_undo(&r, err);
		/* Of one that there is it would be the end. */
		if (err != RDV_E_EXISTS)
			enroll_drop(c->app, c->req->person, l->digest);
		refuse(c, err);
		return;
	}
	rights_commit(&r,
	    &(struct api_answer){ .status = 201, .body = login_json(l, id) });
}

/* The audit line comes first: without it the token is not made. */
static void
login_new(struct api_call *c)
{
	const struct login_in *in = c->in;
	struct login *l = arena_alloc(c->req->arena, sizeof(*l));
	const char *id = person(c);

	if (id == NULL)
		return;
	l->c = c;
	memcpy(l->user_id, id, sizeof(l->user_id));
	l->spec = (struct credential_spec){ .user_id = l->user_id,
		.name = in->name,
		.kind = TOKEN_CLI,
		.expires_at = in->expires_in > 0
				  ? clock_wall_ms() + in->expires_in
				  : -1 };
	if (!judge(l))
		return;
	if (!token_name_ok(in->name)) {
		api_fail(c, RDV_E_INVALID, "name: must be printable");
		return;
	}
	if (!str_unhex(l->digest, DIGEST_LEN, in->sha256)) {
		api_fail(c, RDV_E_INVALID, "sha256: not hexadecimal");
		return;
	}
	if (!auth_audit(c->app->auth, c->req, "token.new", NULL, id)) {
		answer_unrecorded(c);
		return;
	}
	enroll_token(c->app, c->req->person, l->digest, l->spec.expires_at,
	    login_enrolled_cb, l);
}

const struct api_route api_routes_login[] = {
	{ HTTP_M_POST, "/api/login", SCOPE_NONE, .body = login_fields,
	    .in_size = sizeof(struct login_in), .body_max = 4096,
	    .handler = login_new, .success = 201,
	    .doc = "A token for the account whose own socket this is; system "
		   "mode only" },
	{ .pattern = NULL },
};
