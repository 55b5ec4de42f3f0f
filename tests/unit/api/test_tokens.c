/* SPDX-License-Identifier: MIT */
/*
 * /api/tokens: what is shown and what is kept, scopes, revocation that takes
 * effect at once and ends what lives by a token (C13, N01).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/match.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/str.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

struct made {
	char id[UUID_TEXT], key[64];
};

static void
make(struct fx *fx, const char *body, struct made *m)
{
	struct answer a;

	rig_do(fx, &a, "POST", "/api/tokens", body, 201);
	assert_true(str_copy(m->id, js_str(a.json, "id", ""), sizeof(m->id)));
	assert_true(str_copy(m->key, js_str(a.json, "rawKey", ""),
	    sizeof(m->key)));
	assert_int_equal(strlen(m->key), 47);
	assert_true(str_starts(m->key, "rdv_"));
	assert_memory_equal(m->key, js_str(a.json, "keyPrefix", ""), 12);
	answer_done(&a);
}

static int
status_with(struct fx *fx, const char *key, const char *method,
    const char *path, const char *body)
{
	char head[128];
	struct answer a;
	int status;

	(void)snprintf(head, sizeof(head), "Authorization: Bearer %s\r\n", key);
	rig_ask(fx, &a, method, path, head, body);
	status = a.status;
	answer_done(&a);
	return status;
}

static void
test_made_listed_revoked(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	struct made m;
	char path[80];

	make(fx, "{\"name\":\"ci\"}", &m);
	assert_int_equal(status_with(fx, m.key, "GET", "/api/user", NULL), 200);
	rig_do(fx, &a, "GET", "/api/tokens", NULL, 200);
	assert_int_equal(js_len(a.json), 2);
	assert_string_equal(js_str(js_at(a.json, 0), "name", ""), "ci");
	assert_null(js_get(js_at(a.json, 0), "rawKey"));
	assert_null(strstr(a.body, m.key));
	answer_done(&a);
	(void)snprintf(path, sizeof(path), "/api/tokens/%s", m.id);
	rig_do(fx, &a, "GET", path, NULL, 200);
	assert_string_equal(js_text(js_at(js_get(a.json, "scopes"), 0)),
	    "full");
	answer_done(&a);
	rig_do(fx, &a, "DELETE", path, NULL, 204);
	answer_done(&a);
	assert_int_equal(status_with(fx, m.key, "GET", "/api/user", NULL), 401);
	rig_do(fx, &a, "GET", path, NULL, 404);
	answer_done(&a);
	rig_do(fx, &a, "DELETE", path, NULL, 404);
	answer_done(&a);
}

static void
test_nobody_hands_on_more(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	struct made m;

	make(fx, "{\"name\":\"t\",\"scopes\":[\"read\",\"approve\"]}", &m);
	assert_int_equal(status_with(fx, m.key, "POST", "/api/tokens",
			     "{\"name\":\"x\",\"scopes\":[\"read\"]}"),
	    403);
	make(fx, "{\"name\":\"t\",\"scopes\":[\"full\"]}", &m);
	assert_int_equal(status_with(fx, m.key, "POST", "/api/tokens",
			     "{\"name\":\"x\",\"scopes\":[\"read\"]}"),
	    201);
	/* Not even a full one has what is the proxy's. */
	rig_do(fx, &a, "POST", "/api/tokens",
	    "{\"name\":\"x\",\"scopes\":[\"service\"]}", 403);
	answer_done(&a);
	rig_do(fx, &a, "POST", "/api/tokens",
	    "{\"name\":\"x\",\"scopes\":[\"root\"]}", 422);
	answer_done(&a);
	rig_do(fx, &a, "POST", "/api/tokens", "{\"name\":\"x\",\"scopes\":[]}",
	    422);
	answer_done(&a);
}

/* One row per way to ask for what there is not. */
static void
test_C12_run_is_for_one_session(void **state)
{
	static const struct {
		const char *scopes, *session, *field;
		int status;
	} rows[] = {
		{ "[\"run\"]", NULL, "session_id", 422 },
		{ "[\"run\"]", "\"\"", "session_id", 422 },
		{ "[\"run\"]", "\"nowhere\"", NULL, 404 },
		{ "[\"run\",\"read\"]", "\"" FX_SESSION "\"", "scopes", 422 },
		{ "[\"run\",\"approve\"]", "\"" FX_SESSION "\"", "scopes",
		    422 },
		{ "[\"run\",\"service\"]", "\"" FX_SESSION "\"", NULL, 403 },
		{ "[\"full\"]", "\"" FX_SESSION "\"", "session_id", 422 },
		{ "[\"read\"]", "\"" FX_SESSION "\"", "session_id", 422 },
		{ "[\"tokens\"]", NULL, "scopes", 422 },
		{ "[\"write\"]", NULL, "scopes", 422 },
		{ "[\"run\"]", "\"" FX_SESSION "\"", NULL, 201 },
	};
	struct fx *fx = *state;
	struct answer a;
	char body[200];

	fx_session(fx);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"name\":\"x\",\"scopes\":%s%s%s}", rows[i].scopes,
		    rows[i].session != NULL ? ",\"session_id\":" : "",
		    rows[i].session != NULL ? rows[i].session : "");
		rig_do(fx, &a, "POST", "/api/tokens", body, rows[i].status);
		if (rows[i].field != NULL)
			assert_string_equal(js_str(js_get(a.json, "details"),
						"field", ""),
			    rows[i].field);
		answer_done(&a);
	}
}

/* Rows of a time when run was bound to nothing, or that somebody made up. */
static void
test_C12_old_rows_give_less(void **state)
{
	static const struct {
		const char *scopes, *session;
		int status; /* of GET /api/user */
		bool run;
	} rows[] = {
		{ "read,run,write,tokens", NULL, 200, false },
		{ "run", NULL, 403, false },
		{ "run", FX_SESSION, 403, true },
		{ "read,run", FX_SESSION, 401, false },
		{ "full", FX_SESSION, 401, false },
	};
	char id[UUID_TEXT], text[8][TOKEN_TEXT];
	struct fx *fx = *state;
	const size_t n = sizeof(rows) / sizeof(*rows);
	struct tx *tx;

	fx_session(fx);
	for (size_t i = 0; i < n; i++) {
		fx_issue(fx, TOKEN_CLI, SCOPE_FULL, -1, id, text[i]);
		tx = tx_begin(fx->app.db);
		assert_int_equal(tx_exec(tx,
				     "UPDATE token SET scopes = ?, "
				     "session_id = ? WHERE id = ?",
				     "sss", rows[i].scopes, rows[i].session,
				     id),
		    1);
		tx_commit(tx, NULL, NULL);
		db_settle(fx->app.db);
	}
	rig_close(fx);
	fx_close(fx);
	fx_open(fx);
	rig_open(fx, api_tables);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(status_with(fx, text[i], "GET", "/api/user",
				     NULL),
		    rows[i].status);
		assert_int_equal(status_with(fx, text[i], "GET",
				     "/api/sessions/" FX_SESSION "/runs",
				     NULL) == 200,
		    rows[i].run || rows[i].status == 200);
		assert_int_equal(status_with(fx, text[i], "POST",
				     "/api/sessions/" FX_SESSION "/signal",
				     "{}") == 422,
		    rows[i].run);
	}
}

static void
test_expiry(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	struct made m;
	char body[100];

	(void)snprintf(body, sizeof(body),
	    "{\"name\":\"e\",\"expiresAt\":%lld}",
	    (long long)clock_wall_ms() + 60000);
	make(fx, body, &m);
	assert_int_equal(status_with(fx, m.key, "GET", "/api/user", NULL), 200);
	clock_shift(0, 61000);
	assert_int_equal(status_with(fx, m.key, "GET", "/api/user", NULL), 401);
	clock_shift(0, 0);
	rig_do(fx, &a, "POST", "/api/tokens",
	    "{\"name\":\"e\",\"expires_at\":1000}", 422);
	answer_done(&a);
}

static void
test_N01_keys_stand_nowhere(void **state)
{
	static const char *const files[] = { "server/rdv.db",
		"server/rdv.db-wal", "server/audit.log" };
	struct fx *fx = *state;
	struct answer a;
	char key[64];

	rig_as(fx, &a, "POST", "/api/tokens", "Idempotency-Key: once\r\n",
	    "{\"name\":\"canary-name\"}");
	assert_true(str_copy(key, js_str(a.json, "rawKey", ""), sizeof(key)));
	assert_int_equal(strlen(key), 47);
	answer_done(&a);
	db_settle(fx->app.db);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		bool name = fx_contains(fx, files[i], "canary-name");

		/* The control: the search finds what does stand there. */
		assert_int_equal(name, i == 1);
		assert_false(fx_contains(fx, files[i], key + 12));
	}
}

static void
count_cb(void *arg)
{
	(*(int *)arg)++;
}

static void
test_C13_revocation_is_told_once(void **state)
{
	struct fx *fx = *state;
	struct actor mine = { .via = AUTH_TOKEN }, other = mine;
	struct auth_watch *w[3];
	struct answer a;
	struct made m;
	char path[80];
	int told = 0, untold = 0;

	make(fx, "{\"name\":\"stream\"}", &m);
	(void)str_copy(mine.token_id, m.id, sizeof(mine.token_id));
	make(fx, "{\"name\":\"other\"}", &m);
	(void)str_copy(other.token_id, m.id, sizeof(other.token_id));
	w[0] = auth_on_revoke(fx->app.auth, &mine, count_cb, &told);
	w[1] = auth_on_revoke(fx->app.auth, &mine, count_cb, &told);
	w[2] = auth_on_revoke(fx->app.auth, &other, count_cb, &untold);
	(void)snprintf(path, sizeof(path), "/api/tokens/%s", mine.token_id);
	rig_do(fx, &a, "DELETE", path, NULL, 204);
	answer_done(&a);
	assert_int_equal(told, 2);
	assert_int_equal(untold, 0);
	for (int i = 0; i < 3; i++)
		auth_unwatch(w[i]);
}

/* Whoever makes tokens for an hour each is not locked out by old ones. */
static void
test_expired_tokens_make_room(void **state)
{
	char id[UUID_TEXT], text[TOKEN_TEXT], body[80];
	int64_t soon = clock_wall_ms() + 60000;
	struct fx *fx = *state;
	struct answer a;
	struct made m;

	/* With the fixture's own there is room for one more. */
	for (unsigned i = 0; i < CREDENTIAL_CLI_MAX - 2; i++)
		fx_issue(fx, TOKEN_CLI, SCOPE_READ, i == 0 ? soon : -1, id,
		    text);
	make(fx, "{\"name\":\"the last\"}", &m);
	rig_do(fx, &a, "POST", "/api/tokens", "{\"name\":\"over\"}", 429);
	assert_string_equal(answer_code(&a), "TOO_MANY");
	answer_done(&a);
	clock_shift(0, 60001);
	(void)snprintf(body, sizeof(body),
	    "{\"name\":\"now\",\"expires_at\":%lld}",
	    (long long)clock_wall_ms() + 60000);
	make(fx, body, &m);
	assert_int_equal(status_with(fx, m.key, "GET", "/api/tokens", NULL),
	    200);
	rig_do(fx, &a, "POST", "/api/tokens", "{\"name\":\"over\"}", 429);
	answer_done(&a);
	clock_shift(0, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_made_listed_revoked),
		T(test_nobody_hands_on_more),
		T(test_C12_run_is_for_one_session),
		T(test_C12_old_rows_give_less),
		T(test_expiry),
		T(test_expired_tokens_make_room),
		T(test_N01_keys_stand_nowhere),
		T(test_C13_revocation_is_told_once),
	};

	return CHECK_RUN("tokens", tests);
}
