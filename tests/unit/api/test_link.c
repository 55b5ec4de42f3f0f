/* SPDX-License-Identifier: MIT */
/*
 * Links among the credentials: what they can be, when they end, and that what
 * the settings forbid counts no more (C12, C13).
 */
#include "daemon/auth/link.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "daemon/auth/state.h"
#include "daemon/auth/ticket.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/api/fx.h"
#include "tests/unit/check.h"

#define SOON (clock_wall_ms() + 60000)

static bool
counts(struct fx *fx, const char *text)
{
	struct http_req *r = fx_req(HTTP_M_POST, "/api/links/open", NULL);
	bool found = auth_link_find(fx->app.auth, r, text) != NULL;

	fx_req_free(r);
	return found;
}

/* Which word of the settings lets which links be. */
static void
test_C12_rule(void **state)
{
	static const struct {
		const char *word;
		bool system, reads, writes;
	} rows[] = {
		{ "auto", false, true, true },
		{ "auto", true, true, false },
		{ "none", false, false, false },
		{ "read", false, true, false },
		{ "write", true, true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char word[8];
		struct conf conf = { .system = rows[i].system, .links = word };

		(void)str_copy(word, rows[i].word, sizeof(word));
		assert_int_equal(auth_links_may(&conf, SCOPE_READ),
		    rows[i].reads);
		assert_int_equal(auth_links_may(&conf, SCOPE_RUN),
		    rows[i].writes);
	}
}

static void
test_C12_no_other_credential(void **state)
{
	char id[UUID_TEXT], link[TOKEN_TEXT], token[TOKEN_TEXT];
	char cookie[TOKEN_TEXT], code[TOKEN_TEXT];
	struct fx *fx = *state;

	fx_link(fx, SCOPE_RUN, SOON, id, link);
	fx_issue(fx, TOKEN_CLI, SCOPE_FULL, -1, id, token);
	fx_issue(fx, TOKEN_COOKIE, SCOPE_FULL, -1, id, cookie);
	fx_issue(fx, TOKEN_CODE, 0, SOON, id, code);
	assert_true(counts(fx, link));
	assert_false(counts(fx, token));
	assert_false(counts(fx, cookie));
	assert_false(counts(fx, code));
	assert_false(counts(fx, ""));
}

/* One session, one end, and to look or to type: anything else is none. */
static void
test_C12_what_it_can_be(void **state)
{
	static const struct {
		uint32_t scopes;
		int64_t expires_at;
		bool session;
	} wrong[] = { { SCOPE_FULL, 1, true },
		{ SCOPE_READ | SCOPE_RUN, 1, true }, { SCOPE_APPROVE, 1, true },
		{ 0, 1, true }, { SCOPE_READ, -1, true },
		{ SCOPE_READ, 1, false } };
	char id[UUID_TEXT], text[TOKEN_TEXT];
	struct fx *fx = *state;
	struct credential_change *ch = credential_begin(fx->app.auth);
	struct credential_spec spec = { auth_owner(fx->app.auth), "",
		TOKEN_LINK, 0, 0, NULL, false };
	unsigned taken = 0;
	struct tx *tx;

	fx_session(fx);
	tx = tx_begin(fx->app.db);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		spec.scopes = wrong[i].scopes;
		spec.expires_at = wrong[i].expires_at;
		spec.session_id = wrong[i].session ? FX_SESSION : NULL;
		taken += credential_issue(ch, tx, &spec, id, text, NULL) !=
			 RDV_E_INVALID;
	}
	tx_abort(tx);
	credential_done(RDV_E_INVALID, ch);
	assert_int_equal(taken, 0);
}

static void
test_C13_expired(void **state)
{
	char id[UUID_TEXT], over[TOKEN_TEXT], good[TOKEN_TEXT];
	struct fx *fx = *state;
	struct token t = {
		.kind = TOKEN_LINK, .created_at = 1000000, .expires_at = 1060000
	};

	fx_link(fx, SCOPE_READ, clock_wall_ms() - 1, id, over);
	fx_link(fx, SCOPE_READ, SOON, id, good);
	assert_false(counts(fx, over));
	assert_true(counts(fx, good));
	/* Nor does a clock that is set back give it hours more. */
	assert_false(token_ended(&t, 1059999));
	assert_true(token_ended(&t, 1060000));
	assert_false(token_ended(&t, 940000));
	assert_true(token_ended(&t, 939999));
}

/* What came by a link that is forbidden now ends, and so do its tickets. */
static void
count_cb(void *arg)
{
	(*(unsigned *)arg)++;
}

static void
test_C13_forbidden(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], ticket[TOKEN_TEXT];
	char whose[UUID_TEXT];
	uint8_t digest[DIGEST_LEN];
	struct fx *fx = *state;
	struct auth_watch *w;
	struct actor by = { .via = AUTH_LINK, .scopes = SCOPE_RUN }, out;
	unsigned told = 0;

	fx_link(fx, SCOPE_RUN, SOON, id, text);
	memcpy(by.token_id, id, UUID_TEXT);
	(void)str_copy(by.user_id, auth_owner(fx->app.auth), UUID_TEXT);
	(void)str_copy(by.session_id, FX_SESSION, UUID_TEXT);
	w = auth_on_revoke(fx->app.auth, &by, count_cb, &told);
	assert_int_equal(auth_ticket_issue(fx->app.auth, &by, FX_SESSION, false,
			     ticket),
	    0);
	auth_links_judge(fx->app.auth);
	assert_int_equal(told, 0);
	free(fx->conf.links);
	fx->conf.links = strdup("read");
	auth_links_judge(fx->app.auth);
	assert_int_equal(told, 1);
	assert_false(counts(fx, text));
	digest_of(ticket, strlen(ticket), digest);
	assert_false(auth_ticket_spend(fx->app.auth, digest, FX_SESSION, &out,
	    whose));
	assert_string_equal(whose, id);
	auth_unwatch(w);
}

static void
each_cb(const struct token *t, void *arg)
{
	const struct token **out = arg;

	*out = t;
}

/* The past is shown to whom it is for, and not to who is known no more. */
static void
test_C12_history(void **state)
{
	char id[UUID_TEXT], cli[UUID_TEXT], text[TOKEN_TEXT];
	struct fx *fx = *state;
	uint8_t digest[DIGEST_LEN];
	const char *service;

	digest_of(fx->service, strlen(fx->service), digest);
	service = service_id(&fx->app.auth->service, digest, clock_wall_ms());
	fx_link(fx, SCOPE_RUN, SOON, id, text);
	fx_issue(fx, TOKEN_CLI, SCOPE_FULL, -1, cli, text);
	assert_true(auth_link_history(fx->app.auth, cli));
	assert_true(auth_link_history(fx->app.auth, service));
	assert_false(auth_link_history(fx->app.auth, id));
	fx_revoke(fx, id);
	fx_revoke(fx, cli);
	assert_false(auth_link_history(fx->app.auth, id));
	assert_false(auth_link_history(fx->app.auth, cli));
	assert_false(auth_link_history(fx->app.auth, ""));
}

/* How often it was used is kept over a restart, with its label. */
static void
uses_are_kept(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT];
	struct fx *fx = *state;
	const struct token *t = NULL;

	fx_link(fx, SCOPE_READ, SOON, id, text);
	for (unsigned i = 0; i < 3; i++)
		auth_link_used(fx->app.auth, id);
	fx_close(fx);
	fx_open(fx);
	auth_links_each(fx->app.auth, auth_owner(fx->app.auth), FX_SESSION,
	    each_cb, &t);
	assert_non_null(t);
	assert_string_equal(t->id, id);
	assert_string_equal(auth_link_label(fx->app.auth, id), "label");
	assert_int_equal(t->uses, 3);
	assert_true(t->used >= t->created_at);
	t = NULL;
	auth_links_each(fx->app.auth, auth_owner(fx->app.auth),
	    "01900000-0000-7000-8000-00000000000b", each_cb, &t);
	assert_null(t);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_C12_rule),
		T(test_C12_no_other_credential),
		T(test_C12_what_it_can_be),
		T(test_C13_expired),
		T(test_C13_forbidden),
		T(test_C12_history),
		T(uses_are_kept),
	};

	return CHECK_RUN("link", tests);
}
