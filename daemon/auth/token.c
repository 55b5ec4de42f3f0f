/* SPDX-License-Identifier: MIT */
/*
 * All live credentials, found by the SHA-256 of their text. The first digest
 * bytes choose the bucket and the whole digest is compared in constant time: a
 * caller cannot steer a digest, so the bucket tells it nothing.
 */
#include "daemon/auth/token.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/auth/auth.h"
#include "daemon/auth/scope.h"
#include "daemon/store/tokens.h"
#include "lib/idmap.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define RANDOM_LEN 32

static const char *const kind_names[TOKEN_KIND_MAX] = {
	[TOKEN_CLI] = "cli",
	[TOKEN_COOKIE] = "cookie",
	[TOKEN_CODE] = "code",
	[TOKEN_LINK] = "link",
	[TOKEN_DOOR] = "door",
};

struct tokens {
	struct idmap buckets;
	struct token_list all;
	unsigned n;
};

struct tokens *
tokens_new(void)
{
	struct tokens *t = xcalloc(1, sizeof(*t));

	idmap_init(&t->buckets);
	TAILQ_INIT(&t->all);
	return t;
}

void
tokens_free(struct tokens *t)
{
	struct token *token;

	if (t == NULL)
		return;
	while ((token = TAILQ_FIRST(&t->all)) != NULL)
		tokens_del(t, token);
	idmap_done(&t->buckets);
	free(t);
}

static uint64_t
bucket_of(const uint8_t digest[DIGEST_LEN])
{
	uint64_t key;

	memcpy(&key, digest, sizeof(key));
	return key != 0 ? key : 1; /* 0 is no id for an idmap */
}

void
tokens_add(struct tokens *t, const struct token *token)
{
	struct token *copy = xmemdup(token, sizeof(*token));
	uint64_t key = bucket_of(copy->digest);

	copy->same = idmap_find(&t->buckets, key);
	idmap_put(&t->buckets, key, copy);
	TAILQ_INSERT_TAIL(&t->all, copy, link);
	t->n++;
}

/* Out of its bucket, which may hold others by accident of the first bytes. */
void
tokens_del(struct tokens *t, struct token *token)
{
	uint64_t key = bucket_of(token->digest);
	struct token *head = idmap_find(&t->buckets, key), **pp = &head;

	while (*pp != NULL && *pp != token)
		pp = &(*pp)->same;
	if (*pp != NULL)
		*pp = token->same;
	if (head != NULL)
		idmap_put(&t->buckets, key, head);
	else
		(void)idmap_del(&t->buckets, key);
	TAILQ_REMOVE(&t->all, token, link);
	t->n--;
	secret_free(token, sizeof(*token));
}

struct token *
tokens_find(const struct tokens *t, const uint8_t digest[DIGEST_LEN])
{
	struct token *token = idmap_find(&t->buckets, bucket_of(digest));

	for (; token != NULL; token = token->same) {
		if (secret_equal(token->digest, digest, DIGEST_LEN))
			return token;
	}
	return NULL;
}

struct token *
tokens_find_id(const struct tokens *t, const char *id)
{
	struct token *token;

	/* Some hundreds at most (core/credential.h). */
	TAILQ_FOREACH (token, &t->all, link) {
		if (strcmp(token->id, id) == 0)
			return token;
	}
	return NULL;
}

struct token_list *
tokens_all(struct tokens *t)
{
	return &t->all;
}

unsigned
tokens_count(const struct tokens *t)
{
	return t->n;
}

static bool
kind_parse(const char *name, enum token_kind *out)
{
	for (enum token_kind k = 0; k < TOKEN_KIND_MAX; k++) {
		if (strcmp(kind_names[k], name) == 0) {
			*out = k;
			return true;
		}
	}
	return false;
}

/* What is compared with digests of what callers say. */
static bool
digests_parse(const struct store_token *row, struct token *t)
{
	if (!str_unhex(t->digest, sizeof(t->digest), row->hash))
		return false;
	return t->kind != TOKEN_COOKIE ||
	       (row->page_hash != NULL &&
		   str_unhex(t->page, sizeof(t->page), row->page_hash));
}

/* For one session, to look at it or to act in it as well. */
static bool
link_parse(const struct store_token *row, struct token *t)
{
	t->scopes = scope_parse(row->scopes);
	t->uses = t->stored_uses = row->uses;
	t->history = row->history;
	return (t->scopes == SCOPE_READ || t->scopes == SCOPE_RUN) &&
	       row->session_id != NULL && row->expires_at >= 0 &&
	       str_copy(t->session_id, row->session_id,
		   sizeof(t->session_id)) &&
	       str_copy(t->label, row->name, sizeof(t->label));
}

/*
 * Run is bound to a session and stands alone, or it is none: a row of a time
 * when it was not bound gives less, never more.
 */
static bool
scopes_parse(const struct store_token *row, struct token *t)
{
	bool run;

	if (t->kind == TOKEN_LINK)
		return link_parse(row, t);
	t->scopes = scope_parse(row->scopes);
	run = scope_is_run(t->scopes);
	if (row->session_id != NULL)
		return run && t->scopes == SCOPE_RUN &&
		       str_copy(t->session_id, row->session_id,
			   sizeof(t->session_id));
	if (run)
		t->scopes &= ~SCOPE_RUN;
	return true;
}

static bool
tokens_load_cb(const struct store_token *row, void *arg)
{
	struct token token = { .expires_at = row->expires_at };

	/* A row that cannot be understood authenticates nobody. */
	if (!kind_parse(row->kind, &token.kind) ||
	    !digests_parse(row, &token) ||
	    !str_copy(token.id, row->id, sizeof(token.id)) ||
	    !str_copy(token.user_id, row->user_id, sizeof(token.user_id)) ||
	    !scopes_parse(row, &token))
		return true;
	token.created_at = row->created_at;
	token.stored_use = token.used = row->last_used_at;
	tokens_add(arg, &token);
	return true;
}

int
tokens_load(struct tokens *t, struct db *db, const char *user_id, int64_t now)
{
	return store_tokens_live(db, user_id, now, tokens_load_cb, t);
}

/*
 * The ends of tokens are dates, which outlast a start, and move with the clock.
 * A code is good for minutes and a link for as long as was meant for others: a
 * clock that was set back to long before it was made would keep it for hours,
 * and ends it instead.
 */
bool
token_ended(const struct token *t, int64_t now)
{
	int64_t length = t->expires_at - t->created_at;

	if ((t->kind == TOKEN_CODE || t->kind == TOKEN_LINK) &&
	    now < t->created_at - length)
		return true;
	return t->expires_at >= 0 && t->expires_at <= now;
}

const char *
token_kind_name(enum token_kind kind)
{
	return kind_names[kind];
}

/*
 * 256 bits of kernel randomness. The prefix lets scanners of public code find a
 * token that was committed by mistake; the others need none.
 */
void
token_text(enum token_kind kind, char text[TOKEN_TEXT],
    uint8_t digest[DIGEST_LEN])
{
	const char *head =
	    kind == TOKEN_CLI || kind == TOKEN_DOOR ? "rdv_" : "";
	uint8_t raw[RANDOM_LEN];
	size_t n = strlen(head);

	secret_random(raw, sizeof(raw));
	memcpy(text, head, n);
	str_base64url(text + n, raw, sizeof(raw));
	digest_of(text, strlen(text), digest);
	secret_wipe(raw, sizeof(raw));
}
