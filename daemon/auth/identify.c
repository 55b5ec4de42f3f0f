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
#include "daemon/auth/link.h"
#include "daemon/auth/state.h"
#include "daemon/http/http.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/str.h"

#define PAGE_ENTRY "rdv.page."
#define TEXT_MAX   128	 /* more than twice the longest there is */
#define USED_MS	   60000 /* last use is kept to the minute */
#define NOTE_MS	   60000

/* What the headers offer, before any of it is believed. */
struct offer {
	const char *bearer, *service, *user;
	const char *cookies[AUTH_COOKIES_MAX];
	unsigned ncookies;
	const char *page;   /* its key; "" without one */
	const char *ticket; /* NULL where none would do */
};

static const struct auth_refusal invalid = { 401, "INVALID_TOKEN",
	"the credential is not valid", 0, 0 };
static const struct auth_refusal expired = { 401, "EXPIRED_TOKEN",
	"the credential has expired", 0, 0 };
static const struct auth_refusal no_page_key = { 401, "PAGE_KEY_REQUIRED",
	"a session cookie counts only with the key that its page was given; "
	"sign in again",
	0, 0 };
/* The same about one that is spent, too old or another session's. */
static const struct auth_refusal no_ticket = { 401, "INVALID_TOKEN",
	"the ticket is not valid; one is good once, for 60 s, for one session",
	0, 4002 };
/* The same about one that has expired, was revoked or is not allowed here. */
static const struct auth_refusal no_link = { 404, "NOT_FOUND",
	"there is no such link; it may have been revoked or have expired", 0,
	0 };
static const struct auth_refusal empty_ticket = { 401, "MISSING_TOKEN",
	"token: is empty", 0, 4001 };

static bool
refuse(struct auth_refusal *no, int status, const char *code,
    const char *sentence)
{
	*no = (struct auth_refusal){ status, code, sentence, 0, 0 };
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

/*
 * The page key. The page of a WebSocket cannot set headers, so there it stands
 * among the subprotocols. False when there is more than one.
 */
static bool
read_page_key(struct http_req *r, struct offer *o)
{
	const char *p = http_header(r, "sec-websocket-protocol"), *s;
	const char *key = http_header(r, "x-rdv-page-key");
	size_t len, head = strlen(PAGE_ENTRY);

	while (p != NULL && (s = http_list_next(&p, &len)) != NULL) {
		if (len < head || memcmp(s, PAGE_ENTRY, head) != 0)
			continue;
		if (key != NULL)
			return false;
		key = arena_strndup(r->arena, s + head, len - head);
	}
	o->page = key != NULL ? key : "";
	return true;
}

/*
 * A ticket is none where no terminal is asked for: nothing else may be had by
 * what stands in an address. Beside a header it would be a second credential
 * that somebody chose; cookies come along by themselves, and so does the
 * service token of the proxy. False when it cannot be told what counts.
 */
static bool
read_ticket(struct http_req *r, const struct auth_need *need, struct offer *o)
{
	bool dup = false;

	if (need->session_id == NULL || !r->websocket)
		return true;
	o->ticket = http_query(r, "token", &dup);
	return o->ticket == NULL ||
	       (!dup && o->bearer == NULL && o->user == NULL);
}

/* A header given twice is refused: which one counts would be a guess (B02). */
static bool
read_offer(struct http_req *r, const struct auth_need *need, struct offer *o,
    struct auth_refusal *no)
{
	static const char *const once[] = { "authorization",
		"x-rdv-service-token", "x-rdv-user-id", "x-rdv-page-key",
		"cookie" };
	const char *h;

	for (size_t i = 0; i < sizeof(once) / sizeof(*once); i++) {
		if (http_header_count(r, once[i]) > 1)
			return refuse(no, 400, "INVALID_ARGUMENT",
			    "a credential header stands more than once");
	}
	memset(o, 0, sizeof(*o));
	if (!read_page_key(r, o))
		return refuse(no, 400, "INVALID_ARGUMENT",
		    "the page key stands more than once");
	h = http_header(r, "authorization");
	if (h != NULL)
		o->bearer = strncasecmp(h, "Bearer ", 7) == 0 ? h + 7 : "";
	o->service = http_header(r, "x-rdv-service-token");
	o->user = http_header(r, "x-rdv-user-id");
	if (o->user != NULL && *o->user == '\0')
		o->user = NULL;
	o->ncookies =
	    http_cookies(r, AUTH_COOKIE_NAME, o->cookies, AUTH_COOKIES_MAX);
	if (!read_ticket(r, need, o))
		return refuse(no, 400, "INVALID_ARGUMENT",
		    "a ticket stands beside another credential");
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

	(void)audit_attempt(a->audit, &e,
	    r->door[0] != '\0' ? AUDIT_REFUSED_AT_DOOR : AUDIT_REFUSED);
}

/* One failure more: refused as `why` says, or 429 when there were too many. */
static bool
failed(struct auth *a, const struct http_req *r, const struct token *t,
    const struct auth_refusal *why, struct auth_refusal *no)
{
	int64_t wait = auth_limit_fail(a->limit, r->peer_uid, clock_mono_ms());

	a->stats.failures++;
	*no = *why;
	if (wait > 0) {
		a->stats.limited++;
		(void)refuse(no, 429, "RATE_LIMITED",
		    "too many failed credentials");
		no->retry_after = wait;
	}
	note_refusal(a, r, no->code, t);
	return false;
}

void
auth_failed(struct auth *a, const struct http_req *r, struct auth_refusal *no)
{
	(void)failed(a, r, NULL, &invalid, no);
}

void
auth_link_failed(struct auth *a, const struct http_req *r,
    struct auth_refusal *no)
{
	(void)failed(a, r, NULL, &no_link, no);
}

void
auth_out_of_reach(struct auth *a, const struct http_req *r,
    const struct actor *by)
{
	note_refusal(a, r, "NOT_FOUND", auth_find_id(a, by->token_id));
}

/* What a credential is known by; false for what can be none. */
static bool
digest_text(const char *text, uint8_t digest[DIGEST_LEN])
{
	if (!text_ok(text))
		return false;
	digest_of(text, strlen(text), digest);
	return true;
}

/*
 * A credential of that kind and of a user whose are heard here; it may have
 * expired.
 * Found by the hash of all of it, so the time that takes tells nothing of how
 * much was right (C10).
 */
static struct token *
find(struct auth *a, const struct http_req *r, const uint8_t digest[DIGEST_LEN],
    enum token_kind kind)
{
	struct token *t = tokens_find(a->tokens, digest);

	/* A cookie is no bearer token, and a sign-in code is neither. */
	if (t == NULL || t->kind != kind || !auth_counts(a, r, t->user_id))
		return NULL;
	return t;
}

static bool
admit(struct auth *a, const struct http_req *r, struct token *t,
    struct actor *out, struct auth_refusal *no)
{
	int64_t now = clock_wall_ms();

	if (token_ended(t, now))
		return failed(a, r, t, &expired, no);
	if (now - t->used >= USED_MS)
		t->used = now;
	memcpy(out->user_id, t->user_id, sizeof(out->user_id));
	memcpy(out->token_id, t->id, sizeof(out->token_id));
	memcpy(out->session_id, t->session_id, sizeof(out->session_id));
	out->uid = auth_user_find(a, t->user_id)->uid;
	out->via = t->kind == TOKEN_COOKIE ? AUTH_COOKIE : AUTH_TOKEN;
	out->scopes = t->scopes;
	return true;
}

static bool
by_token(struct auth *a, const struct http_req *r,
    const uint8_t digest[DIGEST_LEN], struct actor *out,
    struct auth_refusal *no)
{
	struct token *t = find(a, r, digest, TOKEN_CLI);

	if (t == NULL)
		return failed(a, r, NULL, &invalid, no);
	return admit(a, r, t, out, no);
}

/*
 * A browser gives its cookies to every server on this host, whatever the port,
 * and takes some of our name from them. So a cookie is half a credential, and
 * of several the one counts that goes with the key. The record tells of one
 * that came without: somebody else may have it.
 */
static bool
by_cookie(struct auth *a, const struct http_req *r, const struct offer *o,
    struct actor *out, struct auth_refusal *no)
{
	uint8_t key[DIGEST_LEN], digest[DIGEST_LEN];
	struct token *t, *alone = NULL;

	digest_of(o->page, strlen(o->page), key);
	for (unsigned i = 0; i < o->ncookies; i++) {
		/*
		 * All of them are tried: another server of this host may have
		 * set the others.
		 */
		if (!digest_text(o->cookies[i], digest))
			continue;
		t = find(a, r, digest, TOKEN_COOKIE);
		if (t != NULL && secret_equal(t->page, key, DIGEST_LEN))
			return admit(a, r, t, out, no);
		alone = t != NULL ? t : alone;
	}
	return failed(a, r, alone, &no_page_key, no);
}

/*
 * At the door of a run its token alone counts, and that nowhere else. Neither
 * who the kernel says it is nor what else a request brings makes it more; nor
 * does the helper know it, so that it is no proof there.
 */
static bool
by_door(struct auth *a, const struct http_req *r, const struct offer *o,
    struct actor *out, struct auth_refusal *no)
{
	uint8_t digest[DIGEST_LEN];
	const struct auth_user *u;
	const struct token *t;

	if (o->bearer == NULL || !digest_text(o->bearer, digest))
		return failed(a, r, NULL, &invalid, no);
	t = tokens_find(a->tokens, digest);
	if (t == NULL || t->kind != TOKEN_DOOR || strcmp(t->id, r->door) != 0)
		return failed(a, r, NULL, &invalid, no);
	u = auth_user_find(a, t->user_id);
	if (u == NULL || !u->served)
		return failed(a, r, t, &invalid, no);
	memcpy(out->user_id, t->user_id, sizeof(out->user_id));
	memcpy(out->token_id, t->id, sizeof(out->token_id));
	memcpy(out->session_id, t->session_id, sizeof(out->session_id));
	out->uid = u->uid;
	out->via = AUTH_TOKEN;
	out->scopes = t->scopes;
	return true;
}

/* The service token names the user it acts for; by itself it is nobody. */
static bool
by_service(struct auth *a, const struct http_req *r, const struct offer *o,
    const char *id, struct actor *out, struct auth_refusal *no)
{
	const struct auth_user *u;

	if (o->user == NULL || !uuid_valid(o->user)) {
		note_refusal(a, r, "MISSING_USER_ID", NULL);
		return refuse(no, 401, "MISSING_USER_ID",
		    "the service token needs X-RDV-User-ID");
	}
	u = auth_user_find(a, o->user);
	if (u == NULL || !auth_counts(a, r, u->id)) {
		note_refusal(a, r, "UNKNOWN_USER", NULL);
		return refuse(no, 403, "UNKNOWN_USER", "no such user");
	}
	memcpy(out->user_id, u->id, sizeof(out->user_id));
	(void)str_copy(out->token_id, id, sizeof(out->token_id));
	out->uid = u->uid;
	out->via = AUTH_SERVICE;
	out->scopes = SCOPE_ACT_AS;
	return true;
}

/*
 * The id of the service token that this is, or NULL. On a person's own socket
 * there is no proxy, and nobody acts for others.
 */
static const char *
service_of(struct auth *a, const struct http_req *r,
    const uint8_t digest[DIGEST_LEN])
{
	if (r->person != HTTP_ANYBODY)
		return NULL;
	return service_id(&a->service, digest, clock_wall_ms());
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
	uint8_t digest[DIGEST_LEN];
	const char *id;

	if (text != NULL) {
		if (!digest_text(text, digest))
			return failed(a, r, NULL, &invalid, no);
		out->proof = text;
		/* Either header may have either of the two (contract 1.4). */
		id = service_of(a, r, digest);
		if (id == NULL)
			return by_token(a, r, digest, out, no);
		if (o->user != NULL || o->ncookies == 0)
			return by_service(a, r, o, id, out, no);
	}
	if (o->ncookies == 0) {
		note_refusal(a, r, "MISSING_TOKEN", NULL);
		return refuse(no, 401, "MISSING_TOKEN",
		    "this needs a credential");
	}
	return by_cookie(a, r, o, out, no);
}

/*
 * The page key shows that our own page asked; this is the second thing that
 * shows it, should the first have got out. Browsers leave Origin out of a GET
 * to the page's own site, but then say so in Sec-Fetch-Site, which no page can
 * set.
 */
static bool
page_ok(const struct http_req *r, const struct auth_need *need,
    struct auth_refusal *no)
{
	const char *site = http_header(r, "sec-fetch-site");
	bool same = site != NULL && strcmp(site, "same-origin") == 0;

	if (http_header(r, "origin") != NULL)
		return true;
	if (same && !need->changes && !need->websocket)
		return true;
	return refuse(no, 403, "ORIGIN_REQUIRED",
	    "with a cookie or a ticket this needs the Origin of the page; "
	    "without one, use a bearer token");
}

/* The record names whose credential came without its page. */
static bool
from_page(struct auth *a, const struct http_req *r,
    const struct auth_need *need, const char *token_id, struct auth_refusal *no)
{
	if (page_ok(r, need, no))
		return true;
	a->stats.refused_origins++;
	note_refusal(a, r, no->code, auth_find_id(a, token_id));
	return false;
}

/*
 * The page first: what is refused for that spends no ticket, and does not tell
 * whether it was one. A wrong ticket is counted like any credential, and the
 * record tells of a known one whose it was: somebody else may have it.
 */
static bool
by_ticket(struct auth *a, const struct http_req *r,
    const struct auth_need *need, const char *text, struct actor *out,
    struct auth_refusal *no)
{
	char token_id[UUID_TEXT] = "";
	uint8_t digest[DIGEST_LEN];

	if (!from_page(a, r, need, "", no))
		return false;
	if (*text == '\0') {
		note_refusal(a, r, empty_ticket.code, NULL);
		*no = empty_ticket;
		return false;
	}
	digest_of(text, strlen(text), digest);
	if (auth_ticket_spend(a, digest, need->session_id, out, token_id) &&
	    auth_counts(a, r, out->user_id)) {
		out->uid = auth_user_find(a, out->user_id)->uid;
		return true;
	}
	return failed(a, r, auth_find_id(a, token_id), &no_ticket, no);
}

static bool
by_any(struct auth *a, const struct http_req *r, const struct auth_need *need,
    const struct offer *o, struct actor *out, struct auth_refusal *no)
{
	uint8_t digest[DIGEST_LEN];

	if (r->door[0] != '\0')
		return by_door(a, r, o, out, no);
	if (o->ticket != NULL) {
		if (!by_ticket(a, r, need, o->ticket, out, no))
			return false;
		/*
		 * Beside it stands what the proxy adds to every request. A
		 * guest is nobody the helper should be asked about.
		 */
		out->proof = NULL;
		if (auth_link_label(a, out->token_id) == NULL &&
		    o->service != NULL && digest_text(o->service, digest) &&
		    service_of(a, r, digest) != NULL)
			out->proof = o->service;
		return true;
	}
	return judge(a, r, o, out, no) &&
	       (out->via != AUTH_COOKIE ||
		   from_page(a, r, need, out->token_id, no));
}

/*
 * A line for the first use of a credential on a connection. A client with a
 * connection per request, as the reverse proxy is, gets one a minute. Where the
 * hashes of two connections meet, one more is written.
 */
static void
note_use(struct auth *a, const struct http_req *r, const struct actor *actor)
{
	/* FNV-1a over connection and credential. */
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
	if (!read_offer(r, need, &offer, no) ||
	    !by_any(a, r, need, &offer, &who, no))
		return false;
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
