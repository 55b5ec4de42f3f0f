/* SPDX-License-Identifier: MIT */
/*
 * From a request to its handler, in an order that matters: names before paths,
 * so that a rebound page learns nothing; paths before credentials, so that an
 * unknown path is 404 for everybody; credentials before bodies, so that nobody
 * without one makes us parse.
 */
#include "daemon/api/api.h"
#include "daemon/api/doors.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/api/decode.h"
#include "daemon/api/eventtext.h"
#include "daemon/api/match.h"
#include "daemon/api/sessionmemo.h"
#include "daemon/api/state.h"
#include "daemon/core/clipboard.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/grant.h"
#include "daemon/store/runs.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/*
 * A burst is enough to see what a misconfigured client does wrong; at the rate
 * after it, lines of 130 bytes are some 20 MB a day.
 */
#define LOG_PER_MIN 120
#define LOG_BURST   500

/* The tables are a parameter so that tests can have routes of their own. */
struct api *
api_new(struct app *app, const struct api_route *const *tables)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->app = app;
	api->index = api_index_new(tables);
	api->kept.sessions = session_memo_new(app);
	api->kept.events = event_texts_new();
	api->kept.doors = doors_new();
	api->kept.clips = clips_new(app->loop);
	TAILQ_INIT(&api->claims);
	bucket_init(&api->refusals, LOG_PER_MIN, LOG_BURST, clock_mono_ms());
	return api;
}

void
api_free(struct api *api)
{
	struct api_claim *claim;

	if (api == NULL)
		return;
	while ((claim = TAILQ_FIRST(&api->claims)) != NULL)
		api_claim_free(claim);
	buf_done(&api->openapi);
	free(api->index);
	session_memo_free(api->kept.sessions);
	event_texts_free(api->kept.events);
	doors_free(api->kept.doors);
	clips_free(api->kept.clips);
	free(api);
}

const struct api_stats *
api_stats(const struct api *api)
{
	return &api->stats;
}

const struct api_kept *
api_kept(const struct api *api)
{
	return &api->kept;
}

/* Each step answers by itself when it returns false. */
static bool
pass_gate(struct api_call *c)
{
	struct auth_refusal no;

	if (auth_gate(c->app->auth, c->req, &no))
		return true;
	api_refuse(c, &no);
	return false;
}

/*
 * 404 tells everybody the same about a path that no row has; that a path does
 * exist is in the public document anyway.
 */
static bool
pass_match(struct api_call *c)
{
	struct api_match m = { .route = NULL };
	char *allow;
	int err;

	err = api_match(c->app->api->index, c->req->arena, c->req->method,
	    c->req->path, &m);
	if (err == 0) {
		c->route = m.route;
		memcpy(c->params, m.params, sizeof(c->params));
		return true;
	}
	if (err == RDV_E_NOT_FOUND || c->req->door[0] != '\0') {
		api_fail(c, RDV_E_NOT_FOUND, "there is no such path");
		return false;
	}
	allow = arena_alloc(c->req->arena, 80);
	api_match_allow(m.allowed, allow, 80);
	api_fail_headers(c, 405, "METHOD_NOT_ALLOWED",
	    "this path has other methods",
	    (const char *const[]){ "Allow", allow, NULL });
	return false;
}

/* What no door leads to is not there, whoever asks: no sign-in, no ticket. */
static bool
pass_door(struct api_call *c)
{
	if (c->req->door[0] == '\0' || c->route->door)
		return true;
	api_fail(c, RDV_E_NOT_FOUND, "there is no such path");
	return false;
}

/*
 * After the credential, so that a WebSocket path asked for without an upgrade
 * is 401 like any other. An upgrade where there is nothing to upgrade to is
 * refused rather than ignored: a proxy in between may believe in it (B11).
 */
static bool
pass_kind(struct api_call *c)
{
	bool wants = c->route->kind == API_WEBSOCKET;

	if (wants == c->req->websocket)
		return true;
	if (wants)
		api_fail_headers(c, 426, "UPGRADE_REQUIRED",
		    "this path speaks WebSocket",
		    (const char *const[]){ "Upgrade", "websocket", NULL });
	else
		api_fail(c, RDV_E_INVALID, "there is no WebSocket here");
	return false;
}

static bool
pass_auth(struct api_call *c)
{
	struct auth_need need = {
		.scope = c->route->scope,
		.changes = c->req->method != HTTP_M_GET &&
			   c->req->method != HTTP_M_HEAD,
		.stream = c->route->kind == API_STREAM,
		.websocket = c->route->kind == API_WEBSOCKET,
		.session_id = c->route->turn_away != NULL ? c->params[0] : NULL,
	};
	struct auth_refusal no;
	struct actor *actor;

	if (auth_identify(c->app->auth, c->req, &need, &actor, &no)) {
		c->actor = actor;
		if (c->app->conf->system && actor != NULL &&
		    actor->proof != NULL)
			grant_offer(c->app->grants, actor->uid,
			    actor->via == AUTH_TOKEN, actor->proof);
		return true;
	}
	if (no.close != 0 && c->route->turn_away != NULL)
		c->route->turn_away(c, &no);
	else
		api_refuse(c, &no);
	return false;
}

/* Whether the first {name} is the session the caller is bound to, or of it. */
static bool
is_own(struct api_call *c)
{
	const struct actor *who = c->actor;
	struct store_run r;

	if (c->route->of == API_OF_SESSION)
		return strcmp(c->params[0], who->session_id) == 0;
	return c->route->of == API_OF_RUN &&
	       store_run_get(c->app->db, c->req->arena, who->user_id,
		   c->params[0], &r) == 0 &&
	       r.session_id != NULL &&
	       strcmp(r.session_id, who->session_id) == 0;
}

/*
 * In the words of the handlers, so that what is there and somebody else's
 * business looks like what is not there (C14).
 */
static bool
pass_own(struct api_call *c)
{
	const struct actor *who = c->actor;
	struct auth_refusal no = { 404, "NOT_FOUND",
		c->route->of == API_OF_RUN ? "there is no such run"
					   : "there is no such session",
		0, 4003 };

	if (who == NULL || who->session_id[0] == '\0' ||
	    c->route->scope == SCOPE_ANY || is_own(c))
		return true;
	auth_out_of_reach(c->app->auth, c->req, who);
	if (c->route->turn_away != NULL)
		c->route->turn_away(c, &no);
	else
		api_refuse(c, &no);
	return false;
}

/* Exactly JSON: what a form or a plain text field can send is not (A08). */
static bool
json_type(const char *type)
{
	size_t n = strlen("application/json");

	if (type == NULL || strncasecmp(type, "application/json", n) != 0)
		return false;
	type += n;
	type += strspn(type, " ");
	if (*type == '\0')
		return true;
	if (*type++ != ';')
		return false;
	type += strspn(type, " ");
	return strcasecmp(type, "charset=utf-8") == 0;
}

/*
 * http/ has refused what is over the server's bound; a row may have a smaller
 * one. The type is judged only when there is a body: a DELETE has none.
 */
static bool
pass_body(struct api_call *c)
{
	const struct http_req *r = c->req;
	size_t max = c->route->body_max;

	if (r->body_len == 0)
		return true;
	if (max > 0 && r->body_len > max) {
		api_fail_code(c, 413, "BODY_TOO_LARGE",
		    "the body is over the bound of this path", NULL);
		return false;
	}
	/* Packed, a small body could become a large one (D04). */
	if (http_header_count(r, "content-type") == 1 &&
	    json_type(http_header(r, "content-type")) &&
	    http_header(r, "content-encoding") == NULL)
		return true;
	api_fail_code(c, 415, "UNSUPPORTED_MEDIA_TYPE",
	    "the body must be application/json without a content coding", NULL);
	return false;
}

/* The sentence repeats the field, for those who print nothing else. */
static bool
pass_decode(struct api_call *c)
{
	struct js_error err = { .code = NULL };
	struct js *details;
	int status = api_decode(c, &err);

	if (status == 0)
		return true;
	details = js_object();
	js_add_str(details, "field", err.field);
	api_fail_code(c, status, err.code,
	    arena_printf(c->req->arena, "%s%s%s", err.field,
		*err.field != '\0' ? ": " : "", err.why),
	    details);
	return false;
}

/* When the handler returns, the request may be answered and its arena gone. */
void
api_run(struct api_call *c)
{
	char path[API_LOG_PATH];

	log_set_request(c->req->id);
	/* A stream has no last moment that would be worth a line. */
	if (c->route->kind != API_PLAIN) {
		api_log_path(c, path);
		log_info("api", "open %s token=%s", path,
		    c->actor != NULL ? c->actor->token_id : "-");
	}
	c->route->handler(c);
	log_set_request(NULL);
}

typedef bool step_fn(struct api_call *c);

/*
 * What the head of a request decides, and what needs its body too. The first
 * list runs twice for one whose body is still to come, so nothing in it may do
 * harm the second time; a ticket is spent there, but a handshake has no body
 * (http/exchange.c). In the second the claim comes before decoding, because a
 * repetition is answered without looking at it again, and the intent comes
 * last, because nothing may refuse once it is durable.
 */
static step_fn *const head_steps[] = { pass_gate, pass_match, pass_door,
	pass_auth, pass_kind, pass_own, pass_body, NULL };
static step_fn *const body_steps[] = { api_claim, pass_decode, api_intend,
	NULL };

static bool
pass(struct api_call *c, step_fn *const *steps)
{
	for (; *steps != NULL; steps++) {
		if (!(*steps)(c))
			return false;
	}
	return true;
}

static struct api_call *
call_new(struct http_req *r, struct api *api)
{
	struct api_call *c = arena_alloc(r->arena, sizeof(*c));

	c->app = api->app;
	c->req = r;
	return c;
}

/*
 * The same steps as at dispatch, so that the answer does not depend on how the
 * body was sent. The smaller bound is handed down for a chunked body, whose
 * length nobody has announced.
 */
bool
api_early(struct http_req *r, void *arg)
{
	struct api_call *c = call_new(r, arg);

	if (!pass(c, head_steps))
		return false;
	if (c->route->body_max > 0 && c->route->body_max < r->body_max)
		r->body_max = c->route->body_max;
	return true;
}

void
api_dispatch(struct http_req *r, void *arg)
{
	struct api_call *c = call_new(r, arg);

	/* A token may have been revoked while the body was coming in. */
	if (pass(c, head_steps) && pass(c, body_steps))
		api_run(c);
}
