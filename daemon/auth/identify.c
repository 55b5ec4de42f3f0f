/* SPDX-License-Identifier: MIT */
/*
 * From a request to an actor. A valid credential is always heard; everything
 * refused is counted and audited, and the answer does not tell a wrong
 * credential from one that never existed.
 */
#include <string.h>
#include <strings.h>

#include "daemon/auth/audit.h"
#include "daemon/auth/limit.h"
#include "daemon/auth/state.h"
#include "daemon/http/http.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/str.h"

#define COOKIE	 "rdv_session"
#define TEXT_MAX 128
#define USED_MS	 60000 /* last use is kept to the minute */
#define NOTE_MS	 60000

/* What the headers offer, before any of it is believed. */
struct offer {
	const char *bearer, *service, *user, *cookie;
};

static bool
refuse(struct auth_refusal *no, int status, const char *code,
    const char *sentence)
{
	*no = (struct auth_refusal){ status, code, sentence, 0 };
	return false;
}

/*
 * Host first: in a DNS rebinding attack everything else about the request is
 * what our own page would send (A04). A foreign Origin or Sec-Fetch-Site is
 * refused for tokens too, since no page of another site has business here.
 */
bool
auth_gate(struct auth *a, const struct http_req *r, struct auth_refusal *no)
{
	unsigned origins = http_header_count(r, "origin");
	unsigned sites = http_header_count(r, "sec-fetch-site");

	if (!origin_host_ok(&a->rules, r->host)) {
		a->stats.refused_hosts++;
		return refuse(no, 421, "MISDIRECTED_REQUEST",
		    "rdv does not answer to this Host");
	}
	if (origins > 1 || sites > 1)
		return refuse(no, 400, "INVALID_ARGUMENT",
		    "Origin or Sec-Fetch-Site stands more than once");
	if (!origin_site_ok(http_header(r, "sec-fetch-site")) ||
	    (origins == 1 && !origin_ok(&a->rules, http_header(r, "origin")))) {
		a->stats.refused_origins++;
		return refuse(no, 403, "ORIGIN_REFUSED",
		    "requests from other sites are refused");
	}
	return true;
}

/* RFC 6750 section 2.1; from "-" to "9" there are only ".", "/" and digits. */
static bool
text_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '-' && c <= '9') || c == '_' || c == '~' || c == '+' ||
	       c == '=';
}

/* Credential characters only: no blank, so "Bearer Bearer x" is none. */
static bool
text_ok(const char *s)
{
	size_t n = 0;

	while (n <= TEXT_MAX && text_byte((unsigned char)s[n]))
		n++;
	return n > 0 && n <= TEXT_MAX && s[n] == '\0';
}

/* How often our cookie stands in the one Cookie header. */
static unsigned
cookie_count(const struct http_req *r)
{
	const char *p = http_header(r, "cookie");
	unsigned n = 0;

	while (p != NULL && *p != '\0') {
		p += strspn(p, "; ");
		n += str_starts(p, COOKIE "=");
		p += strcspn(p, ";");
	}
	return n;
}

/* A header given twice is refused: which one counts would be a guess (B02). */
static bool
read_offer(struct http_req *r, struct offer *o, struct auth_refusal *no)
{
	static const char *const once[] = { "authorization",
		"x-rdv-service-token", "x-rdv-user-id", "cookie" };
	const char *h;

	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++) {
		if (http_header_count(r, once[i]) > 1)
			return refuse(no, 400, "INVALID_ARGUMENT",
			    "a credential header stands more than once");
	}
	if (cookie_count(r) > 1)
		return refuse(no, 400, "INVALID_ARGUMENT",
		    "the session cookie stands more than once");
	memset(o, 0, sizeof(*o));
	h = http_header(r, "authorization");
	if (h != NULL)
		o->bearer = strncasecmp(h, "Bearer ", 7) == 0 ? h + 7 : "";
	o->service = http_header(r, "x-rdv-service-token");
	o->user = http_header(r, "x-rdv-user-id");
	if (o->user != NULL && *o->user == '\0')
		o->user = NULL;
	o->cookie = http_cookie(r, COOKIE);
	return true;
}

static void
note_refusal(struct auth *a, const struct http_req *r, const char *code,
    const struct token *t)
{
	struct audit_entry e = {
		.event = "auth",
		.result = code,
		.token = t != NULL ? t->id : NULL,
		.user = t != NULL ? t->user_id : NULL,
		.request = r->id,
		.peer_uid = r->peer_uid,
		.peer_pid = r->peer_pid,
	};

	audit_attempt(a->audit, &e, true);
}

/* One failure more: 401, or 429 when there were too many. */
static bool
failed(struct auth *a, const struct http_req *r, const struct token *t,
    struct auth_refusal *no)
{
	int64_t wait = auth_limit_fail(a->limit, r->peer_uid, clock_mono_ms());

	a->stats.failures++;
	if (wait > 0) {
		a->stats.limited++;
		(void)refuse(no, 429, "RATE_LIMITED",
		    "too many failed credentials");
		no->retry_after = wait;
	} else if (t != NULL) {
		(void)refuse(no, 401, "EXPIRED_TOKEN",
		    "the credential has expired");
	} else {
		(void)refuse(no, 401, "INVALID_TOKEN",
		    "the credential is not valid");
	}
	note_refusal(a, r, no->code, t);
	return false;
}

void
auth_failed(struct auth *a, const struct http_req *r, struct auth_refusal *no)
{
	(void)failed(a, r, NULL, no);
}

static bool
by_token(struct auth *a, const struct http_req *r, const char *text,
    enum token_kind kind, struct actor *out, struct auth_refusal *no)
{
	const struct auth_user *u;
	uint8_t digest[DIGEST_LEN];
	int64_t now = clock_wall_ms();
	struct token *t;

	if (!text_ok(text))
		return failed(a, r, NULL, no);
	digest_of(text, strlen(text), digest);
	t = tokens_find(a->tokens, digest);
	/* A cookie is no bearer token, and a sign-in code is neither. */
	if (t == NULL || t->kind != kind)
		return failed(a, r, NULL, no);
	if (token_ended(t, now))
		return failed(a, r, t, no);
	u = auth_user_find(a, t->user_id);
	if (u == NULL)
		return failed(a, r, NULL, no);
	if (now - t->used >= USED_MS)
		t->used = now;
	memcpy(out->user_id, u->id, sizeof(out->user_id));
	memcpy(out->token_id, t->id, sizeof(out->token_id));
	out->uid = u->uid;
	out->via = kind == TOKEN_COOKIE ? AUTH_COOKIE : AUTH_TOKEN;
	out->scopes = t->scopes;
	return true;
}

/* The service token names the user it acts for; by itself it is nobody. */
static bool
by_service(struct auth *a, const struct http_req *r, const struct offer *o,
    struct actor *out, struct auth_refusal *no)
{
	const struct auth_user *u;

	if (o->user == NULL || !uuid_valid(o->user)) {
		note_refusal(a, r, "MISSING_USER_ID", NULL);
		return refuse(no, 401, "MISSING_USER_ID",
		    "the service token needs X-RDV-User-ID");
	}
	u = auth_user_find(a, o->user);
	if (u == NULL) {
		note_refusal(a, r, "UNKNOWN_USER", NULL);
		return refuse(no, 403, "UNKNOWN_USER", "no such user");
	}
	memcpy(out->user_id, u->id, sizeof(out->user_id));
	memcpy(out->token_id, a->service.id, sizeof(out->token_id));
	out->uid = u->uid;
	out->via = AUTH_SERVICE;
	out->scopes = SCOPE_ACT_AS;
	return true;
}

static bool
is_service(struct auth *a, const char *text)
{
	uint8_t digest[DIGEST_LEN];

	if (!text_ok(text))
		return false;
	digest_of(text, strlen(text), digest);
	return service_is(&a->service, digest, clock_wall_ms());
}

/*
 * Authorization decides when it is there. A service token without a user is
 * the reverse proxy passing a browser on: then the cookie decides. It must
 * never stand for more by itself, because whoever reaches the proxy has it
 * added to his request.
 */
static bool
judge(struct auth *a, const struct http_req *r, const struct offer *o,
    struct actor *out, struct auth_refusal *no)
{
	const char *text = o->bearer != NULL ? o->bearer : o->service;

	if (text != NULL) {
		if (!is_service(a, text))
			return by_token(a, r, text, TOKEN_CLI, out, no);
		if (o->user != NULL || o->cookie == NULL)
			return by_service(a, r, o, out, no);
	}
	if (o->cookie == NULL) {
		note_refusal(a, r, "MISSING_TOKEN", NULL);
		return refuse(no, 401, "MISSING_TOKEN",
		    "this needs a credential");
	}
	return by_token(a, r, o->cookie, TOKEN_COOKIE, out, no);
}

/*
 * A browser attaches its cookie to whatever any page asks for, so a cookie
 * counts only together with proof that our own page asked. Browsers leave
 * Origin out of a GET to the page's own site, EventSource included, but then
 * say so in Sec-Fetch-Site, which no page can set.
 */
static bool
cookie_ok(const struct http_req *r, const struct auth_need *need,
    struct auth_refusal *no)
{
	const char *site = http_header(r, "sec-fetch-site");
	const char *ours = http_header(r, "x-rdv-request");
	bool same = site != NULL && strcmp(site, "same-origin") == 0;

	if (http_header(r, "origin") == NULL &&
	    (need->changes || need->websocket || !same))
		return refuse(no, 403, "ORIGIN_REQUIRED",
		    "with a cookie this needs the Origin of the page; "
		    "without one, use a bearer token");
	if (need->changes && (ours == NULL || strcmp(ours, "1") != 0))
		return refuse(no, 403, "REQUEST_HEADER_REQUIRED",
		    "with a cookie, changes need the header X-RDV-Request: 1");
	return true;
}

/*
 * A line for the first use of a credential on a connection. A client with a
 * connection per request, as the reverse proxy is, gets one a minute. Where the
 * hashes of two connections meet, one more is written.
 */
static void
note_use(struct auth *a, const struct http_req *r, const struct actor *actor)
{
	uint64_t hash = 1469598103934665603ULL ^ r->conn_id;
	struct token *t = tokens_find_id(a->tokens, actor->token_id);
	struct token_note *note = t != NULL ? &t->note : &a->service_note;
	int64_t now = clock_mono_ms();

	for (const char *p = actor->token_id; *p != '\0'; p++)
		hash = (hash ^ (uint8_t)*p) * 1099511628211ULL;
	if (a->seen[hash % AUTH_SEEN] == hash)
		return;
	a->seen[hash % AUTH_SEEN] = hash;
	if (note->at_ms > 0 && note->pid == r->peer_pid &&
	    now - note->at_ms < NOTE_MS)
		return;
	*note = (struct token_note){ now, r->peer_pid };
	auth_audit_use(a, r, actor);
}

bool
auth_identify(struct auth *a, struct http_req *r, const struct auth_need *need,
    struct actor **out, struct auth_refusal *no)
{
	struct actor who = { .user_id = "" }, *actor;
	struct offer offer;

	*out = NULL;
	if (need->scope == SCOPE_NONE)
		return true;
	if (!read_offer(r, &offer, no) || !judge(a, r, &offer, &who, no))
		return false;
	if (who.via == AUTH_COOKIE && !cookie_ok(r, need, no)) {
		a->stats.refused_origins++;
		note_refusal(a, r, no->code, auth_find_id(a, who.token_id));
		return false;
	}
	if ((who.scopes & need->scope) == 0) {
		note_refusal(a, r, "ACCESS_DENIED",
		    auth_find_id(a, who.token_id));
		return refuse(no, 403, "ACCESS_DENIED",
		    "the credential is not allowed to do this");
	}
	note_use(a, r, &who);
	actor = arena_alloc(r->arena, sizeof(*actor));
	*actor = who;
	r->actor = actor;
	*out = actor;
	return true;
}
