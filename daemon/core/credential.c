/* SPDX-License-Identifier: MIT */
/*
 * How credentials come and go. Nothing in memory changes before the rows are
 * durable: a token told to somebody exists after a crash, and a revocation
 * that was answered for is not forgotten by one.
 */
#include "daemon/core/credential.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "daemon/auth/scope.h"
#include "daemon/event/event.h"
#include "daemon/store/tokens.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A login: the code, old cookies, the oldest cookie. */
#define REVOKED_MAX (AUTH_COOKIES_MAX + 2)

struct credential_change {
	struct auth *auth;
	bool issued;
	struct token token;
	unsigned nrevoked;
	char revoked[REVOKED_MAX][UUID_TEXT];
};

static const unsigned bounds[TOKEN_KIND_MAX] = {
	[TOKEN_CLI] = CREDENTIAL_CLI_MAX,
	[TOKEN_COOKIE] = CREDENTIAL_COOKIE_MAX,
	[TOKEN_CODE] = CREDENTIAL_CODE_MAX,
	[TOKEN_LINK] = CREDENTIAL_LINK_MAX,
};

struct credential_change *
credential_begin(struct auth *a)
{
	struct credential_change *ch = xcalloc(1, sizeof(*ch));

	ch->auth = a;
	return ch;
}

static void
emit(struct tx *tx, enum event_kind kind, const char *user_id, const char *id,
    const char *what)
{
	struct js *body = js_object();

	js_add_str(body, "id", id);
	js_add_str(body, "kind", what);
	event_emit(tx, kind, user_id, id, body);
}

int
credential_revoke(struct credential_change *ch, struct tx *tx,
    const char *user_id, const char *id)
{
	const struct token *t = auth_find_id(ch->auth, id);
	int err;

	/* A mistake of ours: counted above are all that one change can need. */
	if (ch->nrevoked == REVOKED_MAX)
		return -ENOBUFS;
	err = store_token_revoke(tx, id, clock_wall_ms());
	if (err != 0)
		return err;
	(void)str_copy(ch->revoked[ch->nrevoked++], id, UUID_TEXT);
	emit(tx, EV_TOKEN_REVOKED, user_id, id,
	    t != NULL ? token_kind_name(t->kind) : NULL);
	return 0;
}

/* Rows cannot be changed while they are read. */
struct bound {
	size_t n;
	struct {
		char id[UUID_TEXT], user_id[UUID_TEXT], kind[8];
	} * list;
};

static bool
credential_bound_cb(const struct store_token *t, void *arg)
{
	struct bound *b = arg;

	b->list = xreallocarray(b->list, b->n + 1, sizeof(*b->list));
	(void)str_copy(b->list[b->n].id, t->id, UUID_TEXT);
	(void)str_copy(b->list[b->n].user_id, t->user_id, UUID_TEXT);
	(void)str_copy(b->list[b->n++].kind, t->kind, sizeof(b->list->kind));
	return true;
}

/*
 * From the rows, not from memory: one that is not durable yet is among them,
 * and becomes known to memory before this change does.
 */
int
credential_session_ends(struct db *db, struct tx *tx, const char *session_id)
{
	struct bound b = { 0, NULL };
	int err;

	err = store_tokens_bound(db, session_id, credential_bound_cb, &b);
	for (size_t i = 0; i < b.n && err == 0; i++) {
		err = store_token_revoke(tx, b.list[i].id, clock_wall_ms());
		emit(tx, EV_TOKEN_REVOKED, b.list[i].user_id, b.list[i].id,
		    b.list[i].kind);
	}
	free(b.list);
	return err;
}

static bool
link_ok(const struct credential_spec *spec)
{
	if (spec->session_id == NULL || spec->expires_at < 0)
		return false;
	return spec->scopes == SCOPE_READ || spec->scopes == SCOPE_RUN;
}

/*
 * Of tokens run is for one session, and nothing else is (auth/scope.h); a link
 * is for one session, whatever it may do there, and has an end.
 */
static bool
goes_together(const struct credential_spec *spec)
{
	if (spec->kind == TOKEN_LINK)
		return link_ok(spec);
	return spec->session_id != NULL ? spec->scopes == SCOPE_RUN
					: !scope_is_run(spec->scopes);
}

/* Its owner sees it in a list, and revokes what is too much. */
static bool
is_listed(enum token_kind kind)
{
	return kind == TOKEN_CLI || kind == TOKEN_LINK;
}

/* Keeps a user within the bound of a kind. */
static int
make_room(struct credential_change *ch, struct tx *tx,
    const struct credential_spec *spec)
{
	const struct token *old = NULL;
	int err;

	if (auth_count(ch->auth, spec->user_id, spec->kind, &old) <
	    bounds[spec->kind])
		return 0;
	/* Nobody loses a token that still counts without being asked. */
	if (is_listed(spec->kind) && !token_ended(old, clock_wall_ms()))
		return RDV_E_FULL;
	err = credential_revoke(ch, tx, spec->user_id, old->id);
	/* Its row may be on the way out with a change not yet durable. */
	return err == RDV_E_NOT_FOUND ? 0 : err;
}

/* The id is what logs and events name it by; it tells nothing of the text. */
static void
token_fill(struct token *t, const struct credential_spec *spec)
{
	uuid_v7(t->id);
	(void)str_copy(t->user_id, spec->user_id, sizeof(t->user_id));
	t->kind = spec->kind;
	t->scopes = spec->scopes;
	(void)str_copy(t->session_id,
	    spec->session_id != NULL ? spec->session_id : "",
	    sizeof(t->session_id));
	t->expires_at = spec->expires_at;
	t->created_at = clock_wall_ms();
	t->stored_use = t->used = -1;
	if (spec->kind != TOKEN_LINK)
		return;
	(void)str_copy(t->label, spec->name, sizeof(t->label));
	t->history = spec->history;
}

/*
 * The row holds the digest, so that who reads the database has nothing (C11).
 */
static int
insert(struct credential_change *ch, struct tx *tx,
    const struct credential_spec *spec, const char *prefix, const char *page)
{
	char hash[DIGEST_TEXT], scopes[SCOPE_TEXT];
	const struct token *t = &ch->token;
	struct store_token row;
	int err;

	str_hex(hash, t->digest, DIGEST_LEN);
	scope_format(t->scopes, scopes);
	row = (struct store_token){ t->id, t->user_id, spec->name,
		token_kind_name(t->kind), prefix, hash, page, scopes,
		spec->session_id, t->expires_at, -1, t->created_at, 0,
		t->history };
	err = store_token_insert(tx, &row);
	if (err != 0)
		return err;
	emit(tx, EV_TOKEN_CREATED, t->user_id, t->id, token_kind_name(t->kind));
	ch->issued = true;
	return 0;
}

int
credential_issue(struct credential_change *ch, struct tx *tx,
    const struct credential_spec *spec, char id[UUID_TEXT],
    char text[TOKEN_TEXT], char page_key[TOKEN_TEXT])
{
	char page[DIGEST_TEXT] = "", prefix[TOKEN_PREFIX] = "";
	struct token *t = &ch->token;
	int err;

	if (!goes_together(spec))
		return RDV_E_INVALID;
	err = make_room(ch, tx, spec);
	if (err != 0)
		return err;
	token_fill(t, spec);
	token_text(spec->kind, text, t->digest);
	if (page_key != NULL) {
		token_text(spec->kind, page_key, t->page);
		str_hex(page, t->page, DIGEST_LEN);
	}
	/* Only what people look at in lists has its first characters kept. */
	if (spec->kind == TOKEN_CLI)
		memcpy(prefix, text, TOKEN_PREFIX - 1);
	err = insert(ch, tx, spec, prefix, page_key != NULL ? page : NULL);
	if (err == 0)
		memcpy(id, t->id, UUID_TEXT);
	return err;
}

int
credential_enroll(struct credential_change *ch, struct tx *tx,
    const struct credential_spec *spec, const uint8_t digest[DIGEST_LEN],
    char id[UUID_TEXT])
{
	struct token *t = &ch->token;
	int err;

	if (!goes_together(spec))
		return RDV_E_INVALID;
	err = make_room(ch, tx, spec);
	if (err != 0)
		return err;
	token_fill(t, spec);
	memcpy(t->digest, digest, DIGEST_LEN);
	err = insert(ch, tx, spec, "", NULL);
	if (err == 0)
		memcpy(id, t->id, UUID_TEXT);
	return err == -EEXIST ? RDV_E_EXISTS : err;
}

/* Revocations first: a login must not be seen beside what it replaces. */
void
credential_done(int err, void *arg)
{
	struct credential_change *ch = arg;

	if (err == 0) {
		for (unsigned i = 0; i < ch->nrevoked; i++)
			auth_forget(ch->auth, ch->revoked[i]);
		if (ch->issued)
			auth_admit(ch->auth, &ch->token);
	}
	secret_free(ch, sizeof(*ch));
}
