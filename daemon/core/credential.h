/* SPDX-License-Identifier: MIT */
#ifndef RDV_CREDENTIAL_H
#define RDV_CREDENTIAL_H

#include <stdint.h>

#include "daemon/auth/token.h"

struct auth;
struct db;
struct tx;

/* Per user; then an expired one is revoked, and without one RDV_E_FULL. */
#define CREDENTIAL_CLI_MAX    256
#define CREDENTIAL_COOKIE_MAX 64  /* then the oldest is signed out */
#define CREDENTIAL_CODE_MAX   16  /* then the oldest is void */
#define CREDENTIAL_LINK_MAX   128 /* as of tokens */

struct credential_spec {
	const char *user_id, *name;
	enum token_kind kind;
	uint32_t scopes;
	int64_t expires_at;	/* ms, -1: never */
	const char *session_id; /* the only one it is for; NULL: all */
	bool history;		/* of a link: what was before is shown too */
};

/*
 * Credentials made and revoked by one transaction. Rows are written at once,
 * what is believed of callers changes only when they are durable:
 *   begin; issue and revoke; commit with credential_done() as its end.
 */
struct credential_change;

struct credential_change *credential_begin(struct auth *a);
/*
 * At most one per change. The text is shown to its owner and kept nowhere; so
 * is the page key that a cookie gets, for which others pass NULL. Whoever has
 * shown them wipes them. 0, RDV_E_FULL, RDV_E_INVALID when scopes and session
 * do not go together, or -errno of the store; not 0: abort.
 */
int credential_issue(struct credential_change *ch, struct tx *tx,
    const struct credential_spec *spec, char id[UUID_TEXT],
    char text[TOKEN_TEXT], char page_key[TOKEN_TEXT]);
/*
 * The same for a token whose text is its owner's alone: a CLI token by its
 * digest, of which lists show no beginning. Also RDV_E_EXISTS: it is there.
 */
int credential_enroll(struct credential_change *ch, struct tx *tx,
    const struct credential_spec *spec, const uint8_t digest[DIGEST_LEN],
    char id[UUID_TEXT]);
/*
 * Whose it is was judged before: `user_id` only gets the event. RDV_E_NOT_FOUND
 * when it was revoked already.
 */
int credential_revoke(struct credential_change *ch, struct tx *tx,
    const char *user_id, const char *id);
/*
 * Revokes what is bound to a session, in the transaction that ends it. When
 * that is durable auth_forget_session() follows. 0 or -errno: then abort.
 */
int
credential_session_ends(struct db *db, struct tx *tx, const char *session_id);
/* tx_done_fn: `ch` is freed; also to be called after an abort. */
void credential_done(int err, void *ch);

#endif
