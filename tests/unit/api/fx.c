/* SPDX-License-Identifier: MIT */
/*
 * What tests of the door share: real settings, a real database and real auth
 * in a private directory, and requests made by hand.
 */
#include "tests/unit/api/fx.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/auth/scope.h"
#include "daemon/core/credential.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

const char *
fx_path(struct fx *fx, const char *rel)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", fx->base, rel);
	return path;
}

char *
fx_read(struct fx *fx, const char *rel)
{
	FILE *f = fopen(fx_path(fx, rel), "r");
	char *text;
	size_t n;

	if (f == NULL)
		return NULL;
	text = xcalloc(1, 1 << 20);
	n = fread(text, 1, (1 << 20) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

bool
fx_contains(struct fx *fx, const char *rel, const char *what)
{
	FILE *f = fopen(fx_path(fx, rel), "r");
	char *text = xcalloc(1, 8 << 20);
	size_t n = 0;
	bool found;

	if (f != NULL) {
		n = fread(text, 1, 8 << 20, f);
		(void)fclose(f);
	}
	found = memmem(text, n, what, strlen(what)) != NULL;
	free(text);
	return found;
}

void
fx_open(struct fx *fx)
{
	char *token;

	memset(&fx->app, 0, sizeof(fx->app));
	fx->app.conf = &fx->conf;
	fx->app.loop = loop_new();
	assert_int_equal(db_open(&fx->app.db, fx->app.loop,
			     fx->conf.database_path, fx->why, sizeof(fx->why)),
	    0);
	fx->app.bus = event_bus_new(fx->app.loop, fx->app.db);
	fx->app.web = xcalloc(2, sizeof(char *));
	fx->app.web[0] = xstrdup("127.0.0.1:8443");
	if (auth_new(&fx->app.auth, &fx->app, fx->why, sizeof(fx->why)) != 0)
		fail_msg("%s", fx->why);
	db_settle(fx->app.db);
	token = fx_read(fx, "server/service-token");
	assert_non_null(token);
	(void)snprintf(fx->service, sizeof(fx->service), "%.44s", token);
	free(token);
}

int
fx_setup(void **state)
{
	struct fx *fx = xcalloc(1, sizeof(*fx));

	log_init("test", STDERR_FILENO, LOG_ERROR);
	(void)snprintf(fx->base, sizeof(fx->base), "/tmp/rdv-api-XXXXXX");
	assert_non_null(mkdtemp(fx->base));
	assert_int_equal(mkdir(fx_path(fx, "server"), 0700), 0);
	conf_init(&fx->conf, fx->base, "/home/nobody");
	fx_open(fx);
	*state = fx;
	return 0;
}

static int
remove_cb(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
fx_close(struct fx *fx)
{
	db_settle(fx->app.db);
	auth_free(fx->app.auth);
	event_bus_free(fx->app.bus);
	db_close(fx->app.db);
	loop_free(fx->app.loop);
	free(fx->app.web[0]);
	free(fx->app.web);
}

int
fx_teardown(void **state)
{
	struct fx *fx = *state;

	fx_close(fx);
	conf_done(&fx->conf);
	(void)nftw(fx->base, remove_cb, 8, FTW_DEPTH | FTW_PHYS);
	free(fx);
	return 0;
}

void
fx_session(struct fx *fx)
{
	struct tx *tx = tx_begin(fx->app.db);

	assert_true(tx_exec(tx,
			"INSERT INTO session (id, user_id, name, status, "
			"profile, cols, rows, created_at, updated_at) VALUES "
			"(?, ?, 'work', 'active', 'login', 80, 24, 1, 1) "
			"ON CONFLICT DO NOTHING",
			"ss", FX_SESSION, auth_owner(fx->app.auth)) >= 0);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->app.db);
}

static void
issue(struct fx *fx, const struct credential_spec *spec, char id[UUID_TEXT],
    char text[TOKEN_TEXT])
{
	struct credential_change *ch = credential_begin(fx->app.auth);
	struct tx *tx;

	if (spec->session_id != NULL)
		fx_session(fx);
	tx = tx_begin(fx->app.db);
	assert_int_equal(credential_issue(ch, tx, spec, id, text,
			     spec->kind == TOKEN_COOKIE ? fx->page_key : NULL),
	    0);
	tx_commit(tx, credential_done, ch);
	db_settle(fx->app.db);
}

void
fx_issue(struct fx *fx, enum token_kind kind, uint32_t scopes,
    int64_t expires_at, char id[UUID_TEXT], char text[TOKEN_TEXT])
{
	struct credential_spec spec = { auth_owner(fx->app.auth), "test", kind,
		scopes, expires_at, scope_is_run(scopes) ? FX_SESSION : NULL,
		false };

	issue(fx, &spec, id, text);
}

void
fx_link(struct fx *fx, uint32_t scopes, int64_t expires_at, char id[UUID_TEXT],
    char text[TOKEN_TEXT])
{
	struct credential_spec spec = { auth_owner(fx->app.auth), "label",
		TOKEN_LINK, scopes, expires_at, FX_SESSION, false };

	issue(fx, &spec, id, text);
}

void
fx_revoke(struct fx *fx, const char *id)
{
	struct credential_change *ch = credential_begin(fx->app.auth);
	struct tx *tx = tx_begin(fx->app.db);

	assert_int_equal(credential_revoke(ch, tx, auth_owner(fx->app.auth),
			     id),
	    0);
	tx_commit(tx, credential_done, ch);
	db_settle(fx->app.db);
}

struct http_req *
fx_req(enum http_method m, const char *path, const char *const *headers)
{
	struct arena *a = arena_new();
	struct http_req *r = arena_alloc(a, sizeof(*r));

	r->arena = a;
	r->method = m;
	r->target = r->path = path;
	r->query = "";
	r->host = "localhost";
	r->body = "";
	r->peer_uid = 1000;
	r->conn_id = 1;
	r->started_us = clock_mono_us();
	(void)snprintf(r->id, sizeof(r->id), "test");
	r->headers = arena_alloc(a, 32 * sizeof(*r->headers));
	for (; headers != NULL && headers[0] != NULL; headers += 2)
		r->headers[r->nheaders++] =
		    (struct http_header){ headers[0], headers[1] };
	return r;
}

void
fx_req_free(struct http_req *r)
{
	arena_free(r->arena);
}

int
fx_judge(struct fx *fx, struct auth_need need, const char *const *headers,
    const char **code)
{
	struct http_req *r = fx_req(HTTP_M_GET, "/", headers);
	struct auth_refusal no = { .status = 0 };
	struct actor *actor = NULL;
	int status = 0;

	if (!auth_gate(fx->app.auth, r, &no) ||
	    !auth_identify(fx->app.auth, r, &need, &actor, &no))
		status = no.status;
	if (code != NULL)
		*code = no.code;
	fx_req_free(r);
	return status;
}
