/* SPDX-License-Identifier: MIT */
/*
 * Several users: whose credentials count on whose socket, and what happens to
 * them when [main] says that somebody is served no more.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "daemon/auth/ticket.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"
#include "daemon/store/users.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

#define ALICE 4242
#define BOB   4343

struct find {
	uid_t uid;
	char id[UUID_TEXT], name[64];
	unsigned rows;
};

static bool
found_cb(const struct store_user *u, void *arg)
{
	struct find *f = arg;

	if (u->uid == f->uid) {
		memcpy(f->id, u->id, sizeof(f->id));
		(void)str_copy(f->name, u->name, sizeof(f->name));
		f->rows++;
	}
	return true;
}

static struct find
row_of(struct fx *fx, uid_t uid)
{
	struct find f = { .uid = uid };

	db_settle(fx->app.db);
	assert_int_equal(store_users_each(fx->app.db, found_cb, &f), 0);
	return f;
}

static void
session_of(struct fx *fx, const char *user_id)
{
	struct tx *tx = tx_begin(fx->app.db);

	assert_true(tx_exec(tx,
			"INSERT INTO session (id, user_id, name, status, "
			"profile, cols, rows, created_at, updated_at) VALUES "
			"(?, ?, 'work', 'active', 'login', 80, 24, 1, 1)",
			"ss", FX_SESSION, user_id) >= 0);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->app.db);
}

static void
token_of(struct fx *fx, uid_t uid, enum token_kind kind, char id[UUID_TEXT],
    char text[TOKEN_TEXT])
{
	struct credential_change *ch = credential_begin(fx->app.auth);
	struct find f = row_of(fx, uid);
	struct credential_spec spec = { f.id, "test", kind,
		kind == TOKEN_CODE ? 0 : SCOPE_FULL, -1, NULL, false };
	struct tx *tx;

	if (kind == TOKEN_LINK) {
		session_of(fx, f.id);
		spec.scopes = SCOPE_READ;
		spec.expires_at = clock_wall_ms() + 60000;
		spec.session_id = FX_SESSION;
	}
	tx = tx_begin(fx->app.db);
	assert_int_equal(f.rows, 1);
	assert_int_equal(credential_issue(ch, tx, &spec, id, text,
			     kind == TOKEN_COOKIE ? fx->page_key : NULL),
	    0);
	tx_commit(tx, credential_done, ch);
	db_settle(fx->app.db);
}

static void
issue(struct fx *fx, uid_t uid, enum token_kind kind, char text[TOKEN_TEXT])
{
	char id[UUID_TEXT];

	token_of(fx, uid, kind, id, text);
}

/* What a request with these headers over that socket is told; 0: it may. */
static int
judged(struct fx *fx, uid_t person, const char *const *headers, uid_t *who)
{
	const struct auth_need need = { .scope = SCOPE_READ };
	struct http_req *r = fx_req(HTTP_M_GET, "/", headers);
	struct auth_refusal no = { .status = 0 };
	struct actor *actor = NULL;

	r->person = person;
	if (auth_identify(fx->app.auth, r, &need, &actor, &no))
		no.status = 0;
	*who = actor != NULL ? actor->uid : 0;
	if (actor != NULL && actor->via == AUTH_TOKEN)
		assert_ptr_equal(actor->proof, headers[1] + strlen("Bearer "));
	fx_req_free(r);
	return no.status;
}

static void
expect(struct fx *fx, uid_t person, const char *const *headers, int status,
    uid_t who)
{
	uid_t got;

	assert_int_equal(judged(fx, person, headers, &got), status);
	assert_int_equal(got, who);
}

static void
two_users(struct fx *fx)
{
	assert_int_equal(auth_serve(fx->app.auth, ALICE, "alice", true), 0);
	assert_int_equal(auth_serve(fx->app.auth, BOB, "bob", true), 0);
}

static void
abuse_C14_token_on_another_socket(void **state)
{
	char text[TOKEN_TEXT], bearer[80];
	const char *headers[] = { "authorization", bearer, NULL };
	struct fx *fx = *state;

	two_users(fx);
	issue(fx, ALICE, TOKEN_CLI, text);
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", text);
	expect(fx, ALICE, headers, 0, ALICE);
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	/* As a wrong one, and no other way. */
	expect(fx, BOB, headers, 401, 0);
	bearer[strlen(bearer) - 1] ^= 1;
	expect(fx, ALICE, headers, 401, 0);
}

static void
abuse_C14_cookie_on_another_socket(void **state)
{
	char text[TOKEN_TEXT], cookie[80];
	const char *headers[] = { "cookie", cookie, "origin",
		"http://127.0.0.1:8443", "x-rdv-page-key", NULL, NULL };
	struct fx *fx = *state;

	two_users(fx);
	issue(fx, ALICE, TOKEN_COOKIE, text);
	(void)snprintf(cookie, sizeof(cookie), "rdv_session=%s", text);
	headers[5] = fx->page_key;
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	expect(fx, BOB, headers, 401, 0);
}

/* The proxy has a socket of its own: on a person's its token is nothing. */
static void
abuse_C12_service_token_on_a_persons_socket(void **state)
{
	struct fx *fx = *state;
	struct find f;
	const char *headers[] = { "x-rdv-service-token", fx->service,
		"x-rdv-user-id", NULL, NULL };

	two_users(fx);
	f = row_of(fx, ALICE);
	headers[3] = f.id;
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	expect(fx, ALICE, headers, 401, 0);
	expect(fx, BOB, headers, 401, 0);
}

/* By the proxy, with that ticket: 0, and who it is. */
static struct actor
came(struct fx *fx, const struct actor *by)
{
	char ticket[TOKEN_TEXT], query[80];
	const char *headers[] = { "x-rdv-service-token", fx->service, "origin",
		"http://127.0.0.1:8443", NULL };
	const struct auth_need need = {
		.scope = SCOPE_READ, .websocket = true, .session_id = FX_SESSION
	};
	struct http_req *r = fx_req(HTTP_M_GET, "/", headers);
	struct auth_refusal no;
	struct actor *who = NULL, out;

	assert_int_equal(auth_ticket_issue(fx->app.auth, by, FX_SESSION, false,
			     ticket),
	    0);
	(void)snprintf(query, sizeof(query), "token=%s", ticket);
	r->query = query;
	r->websocket = true;
	r->person = HTTP_ANYBODY;
	assert_true(auth_identify(fx->app.auth, r, &need, &who, &no));
	out = *who;
	fx_req_free(r);
	return out;
}

/* Nobody is to log in for a guest, least of all as uid 0. */
static void
abuse_C12_a_guest_is_no_proof(void **state)
{
	struct fx *fx = *state;
	struct actor by = { .via = AUTH_LINK, .scopes = SCOPE_READ }, who;
	char text[TOKEN_TEXT];

	two_users(fx);
	(void)str_copy(by.user_id, row_of(fx, ALICE).id, UUID_TEXT);
	token_of(fx, ALICE, TOKEN_CLI, by.token_id, text);
	who = came(fx, &by);
	assert_non_null(who.proof);
	assert_int_equal(who.uid, ALICE);
	token_of(fx, ALICE, TOKEN_LINK, by.token_id, text);
	who = came(fx, &by);
	assert_null(who.proof);
	assert_int_equal(who.uid, ALICE);
}

/* Not by the page, not by its token, not by one of the account's own. */
static void
abuse_C14_not_by_the_web(void **state)
{
	char text[TOKEN_TEXT], bearer[80];
	struct fx *fx = *state;
	struct find f;
	const char *own[] = { "authorization", bearer, NULL };
	const char *web[] = { "x-rdv-service-token", fx->service,
		"x-rdv-user-id", NULL, NULL };

	two_users(fx);
	f = row_of(fx, ALICE);
	web[3] = f.id;
	issue(fx, ALICE, TOKEN_CLI, text);
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", text);
	expect(fx, HTTP_ANYBODY, web, 0, ALICE);
	assert_int_equal(auth_serve(fx->app.auth, ALICE, "alice", false), 0);
	expect(fx, HTTP_ANYBODY, web, 403, 0);
	expect(fx, HTTP_ANYBODY, own, 401, 0);
	expect(fx, ALICE, own, 0, ALICE);
	assert_int_equal(auth_serve(fx->app.auth, ALICE, "alice", true), 0);
	expect(fx, HTTP_ANYBODY, own, 0, ALICE);
}

static void
fired_cb(void *arg)
{
	++*(unsigned *)arg;
}

static void
abuse_C13_served_no_more(void **state)
{
	char text[TOKEN_TEXT], bearer[80], other[TOKEN_TEXT];
	const char *headers[] = { "authorization", bearer, NULL };
	struct fx *fx = *state;
	struct auth_watch *w[3];
	unsigned alice = 0, bob = 0;
	struct actor by = { .scopes = SCOPE_FULL };

	two_users(fx);
	issue(fx, ALICE, TOKEN_CLI, text);
	issue(fx, BOB, TOKEN_CLI, other);
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", text);
	memcpy(by.user_id, row_of(fx, ALICE).id, sizeof(by.user_id));
	w[0] = auth_on_revoke(fx->app.auth, &by, fired_cb, &alice);
	/* By the proxy's own token, which is not hers alone. */
	by.via = AUTH_SERVICE;
	w[1] = auth_on_revoke(fx->app.auth, &by, fired_cb, &alice);
	memcpy(by.user_id, row_of(fx, BOB).id, sizeof(by.user_id));
	w[2] = auth_on_revoke(fx->app.auth, &by, fired_cb, &bob);
	expect(fx, ALICE, headers, 0, ALICE);
	auth_serve_no_more(fx->app.auth, ALICE);
	assert_int_equal(alice, 2);
	assert_int_equal(bob, 0);
	expect(fx, ALICE, headers, 401, 0);
	expect(fx, HTTP_ANYBODY, headers, 401, 0);
	/* Served again, it is the same user with the same credentials. */
	assert_int_equal(auth_serve(fx->app.auth, ALICE, "alice", true), 0);
	expect(fx, ALICE, headers, 0, ALICE);
	assert_int_equal(row_of(fx, ALICE).rows, 1);
	for (int i = 0; i < 3; i++)
		auth_unwatch(w[i]);
}

/* A name is whose the account database says; a row is its uid's for good. */
static void
test_names_that_move(void **state)
{
	struct fx *fx = *state;
	struct find before, after;

	two_users(fx);
	before = row_of(fx, ALICE);
	assert_int_equal(auth_serve(fx->app.auth, ALICE, "alicia", true), 0);
	after = row_of(fx, ALICE);
	assert_string_equal(after.id, before.id);
	assert_string_equal(after.name, "alicia");
	/* Another account has the name of one that is gone. */
	assert_int_equal(auth_serve(fx->app.auth, 4444, "bob", true), 0);
	assert_string_equal(row_of(fx, 4444).name, "bob");
	assert_string_equal(row_of(fx, BOB).name, "bob#4343");
	assert_string_not_equal(row_of(fx, BOB).id, row_of(fx, 4444).id);
}

/* After a start nobody is served until [main] says so. */
static void
test_a_start_serves_nobody(void **state)
{
	static const uint8_t none[DIGEST_LEN];
	char text[TOKEN_TEXT], bearer[80];
	const char *headers[] = { "authorization", bearer, NULL };
	struct fx *fx = *state;

	two_users(fx);
	issue(fx, ALICE, TOKEN_CLI, text);
	(void)snprintf(bearer, sizeof(bearer), "Bearer %s", text);
	fx_close(fx);
	fx->conf.system = true;
	fx_open(fx);
	expect(fx, ALICE, headers, 401, 0);
	assert_int_equal(auth_serve(fx->app.auth, ALICE, "alice", true), 0);
	expect(fx, ALICE, headers, 0, ALICE);
	assert_null(auth_owner(fx->app.auth));
	/* The service token is what [main] brings, and nothing else. */
	assert_false(auth_service(fx->app.auth, "short", 5, none, 0));
	assert_true(auth_service(fx->app.auth, fx->service, 44, none, 0));
}

/* 44 characters each, as base64 has them. */
static const char first[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  second[] = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=",
		  third[] = "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=";

/* [main] tells of `text`, and of `before` as honoured for another minute. */
static void
tell(struct fx *fx, const char *text, const char *before, int64_t ms)
{
	uint8_t sum[DIGEST_LEN];

	digest_of(before, strlen(before), sum);
	assert_true(auth_service(fx->app.auth, text, strlen(text), sum,
	    ms == 0 ? 0 : clock_wall_ms() + ms));
}

/* By which id the token in these headers is known. */
static void
service_id(struct fx *fx, const char *const *headers, char id[UUID_TEXT])
{
	const struct auth_need need = { .scope = SCOPE_READ };
	struct http_req *r = fx_req(HTTP_M_GET, "/", headers);
	struct auth_refusal no;
	struct actor *actor;

	r->person = HTTP_ANYBODY;
	assert_true(auth_identify(fx->app.auth, r, &need, &actor, &no));
	memcpy(id, actor->token_id, UUID_TEXT);
	fx_req_free(r);
}

/* What lives by a service token ends with its grace and not before. */
static void
abuse_C13_service_token_of_main(void **state)
{
	const char *headers[] = { "x-rdv-service-token", first, "x-rdv-user-id",
		NULL, NULL };
	struct fx *fx = *state;
	struct auth_watch *w;
	struct actor by;
	unsigned fired = 0;
	char id[UUID_TEXT];

	two_users(fx);
	memcpy(id, row_of(fx, ALICE).id, sizeof(id));
	headers[3] = id;
	tell(fx, first, "", 0);
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	by = (struct actor){ .via = AUTH_SERVICE };
	service_id(fx, headers, by.token_id);
	w = auth_on_revoke(fx->app.auth, &by, fired_cb, &fired);
	tell(fx, second, first, 60000);
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	/* Said once more it is the same. */
	tell(fx, second, first, 60000);
	assert_int_equal(fired, 0);
	tell(fx, third, second, 60000);
	assert_int_equal(fired, 1);
	expect(fx, HTTP_ANYBODY, headers, 401, 0);
	headers[1] = second;
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	clock_shift(0, 60001);
	expect(fx, HTTP_ANYBODY, headers, 401, 0);
	headers[1] = third;
	expect(fx, HTTP_ANYBODY, headers, 0, ALICE);
	clock_shift(0, 0);
	auth_unwatch(w);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(abuse_C14_token_on_another_socket),
		T(abuse_C14_cookie_on_another_socket),
		T(abuse_C12_service_token_on_a_persons_socket),
		T(abuse_C12_a_guest_is_no_proof),
		T(abuse_C14_not_by_the_web),
		T(abuse_C13_served_no_more),
		T(abuse_C13_service_token_of_main),
		T(test_names_that_move),
		T(test_a_start_serves_nobody),
	};

	return CHECK_RUN("people", tests);
}
