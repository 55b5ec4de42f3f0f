/* SPDX-License-Identifier: MIT */
/*
 * Links to a session's terminal (auth/link.h). What is shown once stands in the
 * address behind '#', where no log and no proxy sees it; the page brings it
 * here in a body and gets a ticket, which opens that one terminal. So a link
 * reaches no other route than the first of these, whatever it is sent as.
 */
#include "daemon/auth/link.h"

#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/rights.h"
#include "daemon/app.h"
#include "daemon/auth/ticket.h"
#include "daemon/conf.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"
#include "daemon/store/sessions.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"

#define HOUR_S	  3600LL
#define DEFAULT_S (8 * HOUR_S) /* a working day */

struct link_in {
	uint64_t set;
	const char *session_id, *mode, *label;
	int64_t expires_in;
	bool history;
};

static const struct js_field create_fields[] = {
	{ .name = "session_id",
	    .alias = "sessionId",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct link_in, session_id),
	    .required = true,
	    .min = 1,
	    .max = 36,
	    .help = "whose terminal is shown" },
	{ .name = "mode",
	    .kind = JS_ONE_OF,
	    .offset = offsetof(struct link_in, mode),
	    .words = "read|write",
	    .help = "read (the default): look; write: type as well" },
	{ .name = "label",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct link_in, label),
	    .max = TOKEN_LABEL - 1,
	    .help = "who it is for; whoever else looks is shown that" },
	{ .name = "expires_in",
	    .kind = JS_INT,
	    .offset = offsetof(struct link_in, expires_in),
	    .min = 60,
	    .max = 8760 * HOUR_S,
	    .help = "seconds; default 28800, at most sharing.max_hours" },
	{ .name = "history",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct link_in, history),
	    .help = "show what was there before too, from the run's beginning; "
		    "without it the screen as it is, and what follows" },
	{ .name = NULL },
};

struct list_in {
	uint64_t set;
	const char *session_id;
};

static const struct js_field list_fields[] = {
	{ .name = "session_id",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct list_in, session_id),
	    .min = 1,
	    .max = 36,
	    .help = "those of this session alone" },
	{ .name = NULL },
};

struct open_in {
	uint64_t set;
	const char *secret;
};

static const struct js_field open_fields[] = {
	{ .name = "secret",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct open_in, secret),
	    .required = true,
	    .min = 1,
	    .max = 128,
	    .help = "what stands behind # in the link" },
	{ .name = NULL },
};

/*
 * A label is shown to others, in pages and terminals, beside what rdv says
 * itself: so nothing in it may move the cursor, turn the direction of text or
 * be there unseen (J04), but U+200D, which joins emoji. By their UTF-8: C1 is
 * C2 80..9F; U+061C is D8 9C; U+200B, U+200C, U+200E, U+200F, U+2028..202E and
 * U+2060..2069 are E2 80 8B..8F, A8..AE and E2 81 A0..A9; U+FEFF is EF BB BF.
 */
static bool
label_ok(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	for (; *s != '\0'; s++) {
		if (*s < 0x20 || *s == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0))
			return false;
		if (s[0] == 0xe2 && s[1] == 0x80 &&
		    ((s[2] >= 0x8b && s[2] <= 0x8f && s[2] != 0x8d) ||
			(s[2] >= 0xa8 && s[2] <= 0xae)))
			return false;
		if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 &&
		    s[2] <= 0xa9)
			return false;
		if ((s[0] == 0xd8 && s[1] == 0x9c) ||
		    (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf))
			return false;
	}
	return true;
}

static const char *
mode_of(uint32_t scopes)
{
	return (scopes & SCOPE_RUN) != 0 ? "write" : "read";
}

static struct js *
link_json(const struct token *t)
{
	struct js *o = js_object();

	js_add_str(o, "id", t->id);
	js_add_str(o, "session_id", t->session_id);
	js_add_str(o, "mode", mode_of(t->scopes));
	js_add_str(o, "label", t->label);
	js_add_bool(o, "history", t->history);
	js_add_ms(o, "created_at", t->created_at);
	js_add_ms(o, "expires_at", t->expires_at);
	js_add_int(o, "uses", t->uses);
	js_add_ms(o, "last_used_at", t->used);
	return o;
}

static void
links_push_cb(const struct token *t, void *arg)
{
	js_push(arg, link_json(t));
}

static void
links_list(struct api_call *c)
{
	const struct list_in *in = c->in;
	struct js *list = js_array();

	auth_links_each(c->app->auth, c->actor->user_id, in->session_id,
	    links_push_cb, list);
	api_reply(c, 200, list);
}

struct found {
	struct arena *arena;
	const char *name;
	bool open;
};

static bool
links_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct found *f = arg;

	(void)r;
	f->name = arena_strndup(f->arena, s->name, strlen(s->name));
	f->open = s->closed_at < 0;
	return false;
}

/* The caller's, and not over: false when it was answered. */
static bool
session_ok(struct api_call *c, const char *id)
{
	struct found f = { .arena = c->req->arena };
	int err = store_session_get(c->app->db, c->actor->user_id, id,
	    links_session_cb, &f);

	if (err == 0 && f.open)
		return true;
	api_fail(c, err == 0 ? RDV_E_STATE : err,
	    err == 0		     ? "session_id: the session is closed"
	    : err == RDV_E_NOT_FOUND ? "session_id: there is no such session"
				     : NULL);
	return false;
}

/* Refused loudly, with the rule: who is told no must see whom to ask. */
static bool
rule_ok(struct api_call *c, const struct credential_spec *spec, int64_t age_s)
{
	const struct conf *conf = c->app->conf;

	if (!auth_links_may(conf, spec->scopes)) {
		api_fail_code(c, 403, "ACCESS_DENIED",
		    arena_printf(c->req->arena,
			"sharing.links = \"%s\" (%s) lets there be no links to "
			"%s",
			conf->links, conf_source(conf, "sharing.links"),
			mode_of(spec->scopes)),
		    NULL);
		return false;
	}
	if (age_s <= conf->link_max_hours * HOUR_S)
		return true;
	api_fail(c, RDV_E_INVALID,
	    arena_printf(c->req->arena,
		"expires_in: sharing.max_hours = %lld (%s) is the most",
		(long long)conf->link_max_hours,
		conf_source(conf, "sharing.max_hours")));
	return false;
}

/* What the request asks for; false when it was refused and answered. */
static bool
wish(struct api_call *c, struct credential_spec *spec)
{
	const struct link_in *in = c->in;
	int64_t most = c->app->conf->link_max_hours * HOUR_S;
	int64_t age_s = most < DEFAULT_S ? most : DEFAULT_S;

	if (JS_SET(in, 3))
		age_s = in->expires_in;
	*spec = (struct credential_spec){
		.user_id = c->actor->user_id,
		.name = in->label != NULL ? in->label : "",
		.kind = TOKEN_LINK,
		.scopes = in->mode != NULL && strcmp(in->mode, "write") == 0
			      ? SCOPE_RUN
			      : SCOPE_READ,
		.expires_at = clock_wall_ms() + age_s * 1000,
		.session_id = in->session_id,
		.history = in->history,
	};
	if (!label_ok(spec->name)) {
		api_fail(c, RDV_E_INVALID,
		    "label: must be printable, in one direction");
		return false;
	}
	return session_ok(c, spec->session_id) && rule_ok(c, spec, age_s);
}

static struct js *
made_json(const struct credential_spec *spec, const char *id)
{
	struct token t = { .scopes = spec->scopes,
		.history = spec->history,
		.expires_at = spec->expires_at,
		.created_at = clock_wall_ms(),
		.used = -1 };

	(void)str_copy(t.id, id, sizeof(t.id));
	(void)str_copy(t.session_id, spec->session_id, sizeof(t.session_id));
	(void)str_copy(t.label, spec->name, sizeof(t.label));
	return link_json(&t);
}

static void
made(struct api_call *c, struct api_answer *answer,
    const struct credential_spec *spec, const char *id, const char *text)
{
	answer->body = made_json(spec, id);
	answer->kept = made_json(spec, id);
	js_add_str(answer->body, "secret", text);
	js_add_str(answer->body, "path",
	    arena_printf(c->req->arena, "/s/#%s", text));
	js_add_str(answer->kept, "secret", NULL);
	js_add_str(answer->kept, "path", NULL);
}

/* The record names the link, so it comes last; without it none is made. */
static void
links_create(struct api_call *c)
{
	struct credential_spec spec;
	struct api_answer answer = { .status = 201 };
	char id[UUID_TEXT], text[TOKEN_TEXT] = "";
	const char *why = NULL;
	struct rights r;
	int err;

	if (!wish(c, &spec))
		return;
	r = rights_begin(c);
	err = credential_issue(r.ch, r.tx, &spec, id, text, NULL);
	if (err == RDV_E_FULL)
		why = "there are too many links; revoke one";
	if (err == 0)
		err = answer_on_record(c, "link.new", id, &why);
	if (err == 0)
		made(c, &answer, &spec, id, text);
	secret_wipe(text, sizeof(text));
	if (err != 0)
		rights_fail(&r, err, why);
	else
		rights_commit(&r, &answer);
}

/* Written or not: taking a right away is never refused. */
static void
links_revoke(struct api_call *c)
{
	const char *user = c->actor->user_id, *id = c->params[0];
	const struct token *t = auth_find_id(c->app->auth, id);
	struct rights r;
	int err;

	if (t == NULL || t->kind != TOKEN_LINK ||
	    strcmp(t->user_id, user) != 0) {
		api_fail(c, RDV_E_NOT_FOUND, "there is no such link");
		return;
	}
	(void)auth_audit(c->app->auth, c->req, "link.revoke", c->actor, id);
	r = rights_begin(c);
	err = credential_revoke(r.ch, r.tx, user, id);
	if (err != 0)
		rights_fail(&r, err, NULL);
	else
		rights_commit(&r, &(struct api_answer){ .status = 204 });
}

/*
 * Whoever comes by a link acts as its session's owner, within that session and
 * the mode of the link.
 */
static struct actor
actor_of(const struct token *t)
{
	struct actor by = { .via = AUTH_LINK, .scopes = t->scopes };

	memcpy(by.user_id, t->user_id, sizeof(by.user_id));
	memcpy(by.token_id, t->id, sizeof(by.token_id));
	memcpy(by.session_id, t->session_id, sizeof(by.session_id));
	return by;
}

static void
opened(struct api_call *c, const struct actor *by, const struct found *f)
{
	struct auth *auth = c->app->auth;
	const struct token *t = auth_find_id(auth, by->token_id);
	char ticket[TOKEN_TEXT];
	struct js *o;

	if (auth_ticket_issue(auth, by, by->session_id, false, ticket) != 0) {
		api_fail_code(c, 429, "TOO_MANY",
		    "too many come at once; try again in a minute", NULL);
		return;
	}
	auth_link_used(auth, by->token_id);
	o = js_object();
	js_add_str(o, "token", ticket);
	secret_wipe(ticket, sizeof(ticket));
	js_add_str(o, "session_id", by->session_id);
	js_add_str(o, "name", f->name);
	js_add_str(o, "owner", auth_user_name(auth, by->user_id));
	js_add_str(o, "mode", mode_of(by->scopes));
	js_add_str(o, "label", t->label);
	js_add_ms(o, "expires_at", t->expires_at);
	api_reply(c, 200, o);
}

static void
not_there(struct api_call *c)
{
	struct auth_refusal no;

	auth_link_failed(c->app->auth, c->req, &no);
	api_refuse(c, &no);
}

/*
 * One refusal for what was never a link, has expired, was revoked, or is not
 * allowed any more; guesses are counted like those of any credential.
 */
static void
links_open(struct api_call *c)
{
	const struct open_in *in = c->in;
	struct found f = { .arena = c->req->arena };
	const struct token *t;
	struct actor by;

	if (http_header(c->req, "origin") == NULL) {
		api_fail_code(c, 403, "ORIGIN_REQUIRED",
		    "links are for pages; use a token instead", NULL);
		return;
	}
	t = auth_link_find(c->app->auth, c->req, in->secret);
	if (t == NULL) {
		not_there(c);
		return;
	}
	by = actor_of(t);
	if (store_session_get(c->app->db, by.user_id, by.session_id,
		links_session_cb, &f) != 0)
		not_there(c);
	else if (!auth_audit_often(c->app->auth, c->req, "link.open", &by,
		     by.session_id))
		answer_unrecorded(c);
	else
		opened(c, &by, &f);
}

const struct api_route api_routes_links[] = {
	{ HTTP_M_POST, "/api/links/open", SCOPE_NONE, .body = open_fields,
	    .in_size = sizeof(struct open_in), .body_max = 1024,
	    .handler = links_open, .success = 200,
	    .doc = "Exchanges a link's secret for a ticket of its session; "
		   "needs the page's Origin" },
	{ HTTP_M_GET, "/api/links", SCOPE_TOKENS, .query = list_fields,
	    .in_size = sizeof(struct list_in), .handler = links_list,
	    .success = 200, .doc = "The user's links, newest first" },
	{ HTTP_M_POST, "/api/links", SCOPE_TOKENS, .body = create_fields,
	    .in_size = sizeof(struct link_in), .body_max = 4096,
	    .handler = links_create, .atomic = true, .success = 201,
	    .doc = "A link to a session's terminal; secret and path are shown "
		   "this once" },
	{ HTTP_M_DELETE, "/api/links/{id}", SCOPE_TOKENS,
	    .handler = links_revoke, .success = 204,
	    .doc = "Revokes a link; who came by it is sent away" },
	{ .pattern = NULL },
};
