/* SPDX-License-Identifier: MIT */
/* Tokens that are for one session: what they can be and when they end. */
#include <stdio.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/corerig.h"

static void
suspend_or_close(struct corerig *r,
    void (*verb)(struct sessions *s, const struct session_who *who),
    const char *id)
{
	struct session_who who = corerig_who(r, id);

	verb(r->app.sessions, &who);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
}

static void
issue(struct corerig *r, const char *session_id, char id[UUID_TEXT],
    char text[TOKEN_TEXT])
{
	struct credential_change *ch = credential_begin(r->app.auth);
	struct credential_spec spec = { r->user, "test", TOKEN_CLI,
		session_id != NULL ? SCOPE_RUN : SCOPE_FULL, -1, session_id,
		false };
	struct tx *tx = tx_begin(r->app.db);

	assert_int_equal(credential_issue(ch, tx, &spec, id, text, NULL), 0);
	tx_commit(tx, credential_done, ch);
}

static void
count_cb(void *arg)
{
	(*(unsigned *)arg)++;
}

/* What is for one session ends with it, and what lives by it (C12, C13). */
static void
test_C13_its_tokens_end_with_it(void **state)
{
	char one[UUID_TEXT], two[UUID_TEXT], id[4][UUID_TEXT];
	char text[4][TOKEN_TEXT];
	struct corerig *r = *state;
	struct auth_watch *w;
	struct actor by = { .via = AUTH_TOKEN };
	unsigned told = 0;

	r->exit_on_signal = true;
	corerig_create(r, "one");
	(void)snprintf(one, sizeof(one), "%s", r->id);
	corerig_create(r, "two");
	(void)snprintf(two, sizeof(two), "%s", r->id);
	issue(r, one, id[0], text[0]);
	issue(r, one, id[1], text[1]);
	issue(r, two, id[2], text[2]);
	issue(r, NULL, id[3], text[3]);
	db_settle(r->app.db);
	memcpy(by.token_id, id[0], UUID_TEXT);
	w = auth_on_revoke(r->app.auth, &by, count_cb, &told);
	suspend_or_close(r, session_suspend, one);
	assert_non_null(auth_find(r->app.auth, text[0]));
	suspend_or_close(r, session_close, one);
	assert_int_equal(told, 1);
	auth_unwatch(w);
	assert_int_equal(corerig_events(r, "token.revoked", id[1]), 1);
	for (unsigned daemons = 0; daemons < 2; daemons++) {
		assert_null(auth_find(r->app.auth, text[0]));
		assert_null(auth_find(r->app.auth, text[1]));
		assert_non_null(auth_find(r->app.auth, text[2]));
		assert_non_null(auth_find(r->app.auth, text[3]));
		corerig_daemon_down(r);
		corerig_daemon_up(r);
	}
}

/* One that is not durable yet when its session ends. */
static void
test_C13_a_token_on_its_way_ends_too(void **state)
{
	char session[UUID_TEXT], id[UUID_TEXT], text[TOKEN_TEXT];
	struct corerig *r = *state;

	r->exit_on_signal = true;
	corerig_create(r, "one");
	(void)snprintf(session, sizeof(session), "%s", r->id);
	corerig_exit(r, &r->runs[r->nruns - 1], 0);
	corerig_settle(r);
	issue(r, session, id, text);
	suspend_or_close(r, session_close, session);
	assert_null(auth_find(r->app.auth, text));
	assert_int_equal(corerig_events(r, "token.revoked", id), 1);
}

/* Run is for one session and stands alone, whoever asks for it. */
static void
test_C12_run_is_bound(void **state)
{
	static const struct {
		uint32_t scopes;
		bool session;
	} wrong[] = { { SCOPE_RUN, false }, { SCOPE_RUN | SCOPE_READ, true },
		{ SCOPE_RUN | SCOPE_READ, false }, { SCOPE_READ, true },
		{ SCOPE_RUN | SCOPE_APPROVE, true }, { SCOPE_FULL, true } };
	const size_t n = sizeof(wrong) / sizeof(*wrong);
	char id[UUID_TEXT], text[TOKEN_TEXT];
	struct corerig *r = *state;
	struct credential_spec spec = { r->user, "test", TOKEN_CLI, 0, -1, NULL,
		false };
	struct credential_change *ch;
	int err[sizeof(wrong) / sizeof(*wrong)];
	struct tx *tx;

	corerig_create(r, "one");
	ch = credential_begin(r->app.auth);
	tx = tx_begin(r->app.db);
	for (size_t i = 0; i < n; i++) {
		spec.scopes = wrong[i].scopes;
		spec.session_id = wrong[i].session ? r->id : NULL;
		err[i] = credential_issue(ch, tx, &spec, id, text, NULL);
	}
	tx_abort(tx);
	credential_done(RDV_E_INVALID, ch);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(err[i], RDV_E_INVALID);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, corerig_setup, corerig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_C13_its_tokens_end_with_it),
		T(test_C13_a_token_on_its_way_ends_too),
		T(test_C12_run_is_bound),
	};

	return CHECK_RUN("sessiontoken", tests);
}
