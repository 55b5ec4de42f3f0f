/* SPDX-License-Identifier: MIT */
/*
 * Tickets: what stands in an address opens one terminal, once, for a minute
 * (A13), by leave of a credential that still counts (C13), and guessing at them
 * hurts nobody (C10).
 */
#include "daemon/auth/ticket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

#define HERE  FX_SESSION
#define THERE "01900000-0000-7000-8000-00000000000b"

static const char *const page[] = { "origin", "http://127.0.0.1:8443", NULL };

/* A token and who it stands for. */
struct holder {
	struct actor actor;
	char text[TOKEN_TEXT];
};

static void
holder_new(struct fx *fx, struct holder *h, uint32_t scopes, int64_t expires_at)
{
	char id[UUID_TEXT];

	fx_issue(fx, TOKEN_CLI, scopes, expires_at, id, h->text);
	h->actor = (struct actor){ .via = AUTH_TOKEN, .scopes = scopes };
	(void)str_copy(h->actor.token_id, id, UUID_TEXT);
	(void)str_copy(h->actor.user_id, auth_owner(fx->app.auth), UUID_TEXT);
}

static void
ticket_new(struct fx *fx, const struct holder *h, char ticket[TOKEN_TEXT])
{
	assert_int_equal(auth_ticket_issue(fx->app.auth, &h->actor, HERE, false,
			     ticket),
	    0);
	assert_int_equal(strlen(ticket), 43);
}

/* An upgrade that is judged: what came of it, who it is. */
struct come {
	const char *query;
	const char *const *headers;
	const char *session_id; /* NULL: the path takes no ticket */
	bool plain;		/* no upgrade */
	struct auth_refusal no;
	struct actor who;
};

static int
come(struct fx *fx, struct come *x)
{
	struct auth_need need = {
		.scope = SCOPE_READ | SCOPE_RUN,
		.websocket = true,
		.session_id = x->session_id,
	};
	struct http_req *r = fx_req(HTTP_M_GET, "/", x->headers);
	struct actor *who = NULL;
	bool in;

	x->no = (struct auth_refusal){ .status = 0 };
	r->query = x->query;
	r->websocket = !x->plain;
	in = auth_gate(fx->app.auth, r, &x->no) &&
	     auth_identify(fx->app.auth, r, &need, &who, &x->no);
	if (in)
		x->who = *who;
	fx_req_free(r);
	assert_int_equal(in, x->no.status == 0);
	return x->no.status;
}

/* From our page, to `session_id`, with that ticket. */
static int
enter(struct fx *fx, const char *ticket, const char *session_id, struct come *x)
{
	char query[200];

	(void)snprintf(query, sizeof(query), "tail=0&token=%s", ticket);
	*x = (struct come){
		.query = query, .headers = page, .session_id = session_id
	};
	return come(fx, x);
}

static void
refused(struct fx *fx, const char *ticket, const char *session_id)
{
	struct come x;

	assert_int_equal(enter(fx, ticket, session_id, &x), 401);
	assert_string_equal(x.no.code, "INVALID_TOKEN");
	assert_int_equal(x.no.close, 4002);
}

static void
test_A13_good_once(void **state)
{
	char ticket[TOKEN_TEXT], other[TOKEN_TEXT];
	struct fx *fx = *state;
	struct holder h;
	struct come x;

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	ticket_new(fx, &h, other);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	assert_string_equal(x.who.token_id, h.actor.token_id);
	assert_string_equal(x.who.user_id, h.actor.user_id);
	assert_int_equal(x.who.via, AUTH_TICKET);
	assert_int_equal(x.who.scopes, SCOPE_FULL);
	refused(fx, ticket, HERE);
	assert_int_equal(enter(fx, other, HERE, &x), 0);
}

/* By the clock that nobody sets. */
static void
test_A13_good_for_a_minute(void **state)
{
	char a[TOKEN_TEXT], b[TOKEN_TEXT], c[TOKEN_TEXT];
	struct fx *fx = *state;
	struct holder h;
	struct come x;

	holder_new(fx, &h, SCOPE_READ, -1);
	ticket_new(fx, &h, a);
	ticket_new(fx, &h, b);
	ticket_new(fx, &h, c);
	clock_shift(TICKET_MS - 5000, 0);
	assert_int_equal(enter(fx, a, HERE, &x), 0);
	clock_shift(0, 24 * 3600 * 1000LL);
	assert_int_equal(enter(fx, b, HERE, &x), 0);
	clock_shift(TICKET_MS, 0);
	refused(fx, c, HERE);
	clock_shift(0, 0);
	refused(fx, c, HERE);
}

static void
test_A13_good_for_one_session(void **state)
{
	char ticket[TOKEN_TEXT];
	struct fx *fx = *state;
	struct holder h;
	struct come x;

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	refused(fx, ticket, THERE);
	/* Somebody has it: it is void. */
	refused(fx, ticket, HERE);
	ticket_new(fx, &h, ticket);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
}

/* No path but a terminal's, and there no request but an upgrade. */
static void
test_A13_good_for_nothing_else(void **state)
{
	char ticket[TOKEN_TEXT], query[80], head[80];
	const char *bearer[] = { "authorization", head, NULL };
	struct fx *fx = *state;
	struct holder h;
	struct come x = { .query = query, .headers = page };

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	(void)snprintf(query, sizeof(query), "token=%s", ticket);
	assert_int_equal(come(fx, &x), 401);
	assert_string_equal(x.no.code, "MISSING_TOKEN");
	x.session_id = HERE;
	x.plain = true;
	assert_int_equal(come(fx, &x), 401);
	assert_string_equal(x.no.code, "MISSING_TOKEN");
	assert_int_equal(x.no.close, 0);
	x.headers = bearer;
	(void)snprintf(head, sizeof(head), "Bearer %s", ticket);
	assert_int_equal(come(fx, &x), 401);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	/* Nor is a token a ticket. */
	refused(fx, h.text, HERE);
}

static void
test_A13_from_our_page_alone(void **state)
{
	static const char *const foreign[] = { "origin", "https://evil.example",
		NULL };
	static const char *const same[] = { "sec-fetch-site", "same-origin",
		NULL };
	char ticket[TOKEN_TEXT], query[80];
	struct fx *fx = *state;
	struct holder h;
	struct come x = { .query = query, .session_id = HERE };

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	(void)snprintf(query, sizeof(query), "token=%s", ticket);
	assert_int_equal(come(fx, &x), 403);
	assert_string_equal(x.no.code, "ORIGIN_REQUIRED");
	x.headers = same;
	assert_int_equal(come(fx, &x), 403);
	x.headers = foreign;
	assert_int_equal(come(fx, &x), 403);
	assert_string_equal(x.no.code, "ORIGIN_REFUSED");
	/* None of these has spent it. */
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
}

/* What a proxy and a browser add counts for nothing beside it. */
static void
test_a_ticket_decides(void **state)
{
	char ticket[TOKEN_TEXT], query[120], head[80];
	char cookie[TOKEN_TEXT], id[UUID_TEXT];
	const char *own[] = { page[0], page[1], "authorization", head, NULL };
	const char *acting[] = { page[0], page[1], "x-rdv-user-id", id, NULL };
	struct fx *fx = *state;
	struct come x = { .query = query, .session_id = HERE };
	struct holder h;

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	(void)snprintf(head, sizeof(head), "Bearer %s", h.text);
	(void)str_copy(id, auth_owner(fx->app.auth), sizeof(id));
	(void)snprintf(query, sizeof(query), "token=%s", ticket);
	x.headers = own;
	assert_int_equal(come(fx, &x), 400);
	x.headers = acting;
	assert_int_equal(come(fx, &x), 400);
	x.headers = page;
	(void)snprintf(query, sizeof(query), "token=%s&token=%s", ticket,
	    ticket);
	assert_int_equal(come(fx, &x), 400);
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, cookie);
	(void)snprintf(head, sizeof(head), "rdv_session=%s", cookie);
	x.headers = (const char *[]){ page[0], page[1], "cookie", head,
		"x-rdv-page-key", fx->page_key, "x-rdv-service-token",
		fx->service, NULL };
	(void)snprintf(query, sizeof(query), "token=%s", h.text);
	assert_int_equal(come(fx, &x), 401);
	*query = '\0';
	assert_int_equal(come(fx, &x), 0);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
}

static void
test_an_empty_one_is_missing(void **state)
{
	struct fx *fx = *state;
	struct auth_stats stats;
	struct come x;

	assert_int_equal(enter(fx, "", HERE, &x), 401);
	assert_string_equal(x.no.code, "MISSING_TOKEN");
	assert_int_equal(x.no.close, 4001);
	auth_stats(fx->app.auth, &stats);
	assert_int_equal(stats.failures, 0);
}

static void
test_C13_dies_with_its_credential(void **state)
{
	char ticket[TOKEN_TEXT], more[TOKEN_TEXT];
	int64_t soon = clock_wall_ms() + 30000;
	struct fx *fx = *state;
	struct holder h, brief;
	struct come x;

	holder_new(fx, &h, SCOPE_FULL, -1);
	holder_new(fx, &brief, SCOPE_FULL, soon);
	ticket_new(fx, &h, ticket);
	fx_revoke(fx, h.actor.token_id);
	refused(fx, ticket, HERE);
	ticket_new(fx, &brief, ticket);
	ticket_new(fx, &brief, more);
	assert_int_equal(enter(fx, more, HERE, &x), 0);
	clock_shift(0, 30001);
	refused(fx, ticket, HERE);
	clock_shift(0, 0);
}

/* A stream opened by it is watched as the credential's own is. */
static void
set_cb(void *arg)
{
	*(bool *)arg = true;
}

static void
test_C13_ends_what_it_opened(void **state)
{
	char ticket[TOKEN_TEXT];
	struct fx *fx = *state;
	struct auth_watch *w;
	bool ended = false;
	struct holder h;
	struct come x;

	holder_new(fx, &h, SCOPE_READ, -1);
	ticket_new(fx, &h, ticket);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	w = auth_on_revoke(fx->app.auth, &x.who, set_cb, &ended);
	assert_false(ended);
	fx_revoke(fx, h.actor.token_id);
	assert_true(ended);
	auth_unwatch(w);
}

static void
test_C12_no_more_than_its_credential(void **state)
{
	char ticket[TOKEN_TEXT];
	struct fx *fx = *state;
	struct holder eyes, hands;
	struct come x;

	holder_new(fx, &eyes, SCOPE_READ, -1);
	ticket_new(fx, &eyes, ticket);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	assert_int_equal(x.who.scopes, SCOPE_READ);
	holder_new(fx, &hands, SCOPE_RUN, -1);
	ticket_new(fx, &hands, ticket);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	assert_int_equal(x.who.scopes, SCOPE_RUN);
	assert_int_equal(auth_ticket_issue(fx->app.auth, &hands.actor, HERE,
			     true, ticket),
	    0);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	assert_int_equal(x.who.scopes, SCOPE_READ);
}

static void
test_C10_guesses_hurt_nobody(void **state)
{
	char ticket[TOKEN_TEXT];
	struct fx *fx = *state;
	struct auth_stats stats;
	struct holder h;
	struct come x;

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	for (int i = 0; i < 30; i++)
		refused(fx, "A", HERE);
	/* Then there is no WebSocket for it any more. */
	assert_int_equal(enter(fx, "A", HERE, &x), 429);
	assert_string_equal(x.no.code, "RATE_LIMITED");
	assert_int_equal(x.no.close, 0);
	assert_true(x.no.retry_after > 0);
	auth_stats(fx->app.auth, &stats);
	assert_int_equal(stats.failures, 31);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
}

/* As many tickets of new tokens as there is room for; how many. */
static unsigned
fill(struct fx *fx, struct holder *h)
{
	char ticket[TOKEN_TEXT];
	unsigned n = 0;

	holder_new(fx, h, SCOPE_READ, -1);
	while (n < TICKETS_CREDENTIAL &&
	       auth_ticket_issue(fx->app.auth, &h->actor, HERE, false,
		   ticket) == 0)
		n++;
	return n;
}

static void
test_C10_bounds(void **state)
{
	char first[TOKEN_TEXT], second[TOKEN_TEXT], more[TOKEN_TEXT];
	struct fx *fx = *state;
	struct holder own, h;
	unsigned n;
	struct come x;

	holder_new(fx, &own, SCOPE_FULL, -1);
	ticket_new(fx, &own, first);
	ticket_new(fx, &own, second);
	for (n = 2; n < TICKETS_CREDENTIAL; n++)
		ticket_new(fx, &own, more);
	while (n < TICKETS_USER)
		n += fill(fx, &h);
	assert_int_equal(fill(fx, &h), 0);
	assert_int_equal(auth_ticket_issue(fx->app.auth, &h.actor, HERE, false,
			     more),
	    RDV_E_FULL);
	/* Guests are counted beside them. */
	h.actor.via = AUTH_LINK;
	assert_int_equal(auth_ticket_issue(fx->app.auth, &h.actor, HERE, false,
			     more),
	    0);
	/* Whoever has as many as one may have loses one of his own. */
	ticket_new(fx, &own, more);
	refused(fx, first, HERE);
	assert_int_equal(enter(fx, second, HERE, &x), 0);
	assert_int_equal(fill(fx, &h), 1);
	clock_shift(TICKET_MS, 0);
	assert_int_equal(fill(fx, &h), TICKETS_CREDENTIAL);
	clock_shift(0, 0);
}

/* Users that do not exist have tickets like any. */
static void
test_C10_bound_of_all(void **state)
{
	struct actor by = { .via = AUTH_SERVICE, .scopes = SCOPE_ACT_AS };
	unsigned users = TICKETS_ALL / TICKETS_USER;
	char text[TOKEN_TEXT];
	struct fx *fx = *state;

	for (unsigned i = 0; i < TICKETS_ALL; i++) {
		(void)snprintf(by.user_id, UUID_TEXT, "u%u", i % users);
		(void)snprintf(by.token_id, UUID_TEXT, "t%u",
		    i / TICKETS_CREDENTIAL / users);
		assert_int_equal(auth_ticket_issue(fx->app.auth, &by, HERE,
				     false, text),
		    0);
	}
	(void)snprintf(by.user_id, UUID_TEXT, "one more");
	assert_int_equal(auth_ticket_issue(fx->app.auth, &by, HERE, false,
			     text),
	    RDV_E_FULL);
}

static void
test_N01_the_record_has_ids_only(void **state)
{
	char ticket[TOKEN_TEXT], *log;
	struct fx *fx = *state;
	struct holder h;
	struct come x;

	holder_new(fx, &h, SCOPE_FULL, -1);
	ticket_new(fx, &h, ticket);
	assert_int_equal(enter(fx, ticket, HERE, &x), 0);
	ticket_new(fx, &h, ticket);
	refused(fx, ticket, THERE);
	log = fx_read(fx, "server/audit.log");
	assert_non_null(log);
	assert_non_null(strstr(log, "result=ok via=ticket token="));
	assert_non_null(strstr(log, "result=INVALID_TOKEN via=- token=0"));
	assert_null(strstr(log, ticket));
	free(log);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_A13_good_once),
		T(test_A13_good_for_a_minute),
		T(test_A13_good_for_one_session),
		T(test_A13_good_for_nothing_else),
		T(test_A13_from_our_page_alone),
		T(test_a_ticket_decides),
		T(test_an_empty_one_is_missing),
		T(test_C13_dies_with_its_credential),
		T(test_C13_ends_what_it_opened),
		T(test_C12_no_more_than_its_credential),
		T(test_C10_guesses_hurt_nobody),
		T(test_C10_bounds),
		T(test_C10_bound_of_all),
		T(test_N01_the_record_has_ids_only),
	};

	return CHECK_RUN("ticket", tests);
}
