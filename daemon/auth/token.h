/* SPDX-License-Identifier: MIT */
#ifndef RDV_TOKEN_H
#define RDV_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "daemon/auth/digest.h"
#include "lib/secret.h"

struct db;

enum token_kind {
	TOKEN_CLI,
	TOKEN_COOKIE,
	TOKEN_CODE,
	TOKEN_LINK,
	TOKEN_DOOR, /* of a run, by whose id it goes; in no table of tokens */
	TOKEN_KIND_MAX
};

#define TOKEN_TEXT   48 /* "rdv_", 43 characters, NUL */
#define TOKEN_PREFIX 13 /* shown in lists, NUL; nothing is decided by it */
#define TOKEN_LABEL  65 /* of a link: 64 bytes of UTF-8, NUL */

/* When the audit log last told of its use, and by which process. */
struct token_note {
	int64_t at_ms; /* monotonic; 0: never */
	pid_t pid;
};

/* A live credential in memory, so that a request costs no statement. */
struct token {
	char id[UUID_TEXT], user_id[UUID_TEXT];
	enum token_kind kind;
	uint32_t scopes;
	char session_id[UUID_TEXT]; /* "": bound to none */
	int64_t expires_at;	    /* -1: never */
	int64_t created_at;
	int64_t stored_use;	   /* last_used_at as the row has it, or -1 */
	int64_t used;		   /* last use seen, or -1 */
	int64_t uses, stored_uses; /* of a link: how often it was opened */
	char label[TOKEN_LABEL];   /* of a link: who it is for; "": unsaid */
	bool history;		   /* of a link: the past is shown too */
	uint8_t digest[DIGEST_LEN];
	uint8_t page[DIGEST_LEN]; /* of a cookie's page key */
	struct token_note note;
	struct token *same; /* next with the same first digest bytes */
	TAILQ_ENTRY(token) link;
};
TAILQ_HEAD(token_list, token);

struct tokens;

struct tokens *tokens_new(void);
void tokens_free(struct tokens *t);
/* Reads every live row of a user. 0 or -errno. */
int
tokens_load(struct tokens *t, struct db *db, const char *user_id, int64_t now);
/* Takes a copy. */
void tokens_add(struct tokens *t, const struct token *token);
void tokens_del(struct tokens *t, struct token *token);
/* By the SHA-256 of its text; an expired one is found like any other. */
struct token *
tokens_find(const struct tokens *t, const uint8_t digest[DIGEST_LEN]);
struct token *tokens_find_id(const struct tokens *t, const char *id);
struct token_list *tokens_all(struct tokens *t);
unsigned tokens_count(const struct tokens *t);

bool token_ended(const struct token *t, int64_t now);
const char *token_kind_name(enum token_kind kind);
/* A fresh secret text of that kind and its digest. */
void token_text(enum token_kind kind, char text[TOKEN_TEXT],
    uint8_t digest[DIGEST_LEN]);

#endif
