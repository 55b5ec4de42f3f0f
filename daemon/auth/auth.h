/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTH_H
#define RDV_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/auth/digest.h"
#include "lib/secret.h"

struct app;
struct auth;
struct http_req;

#define AUTH_COOKIE_NAME "rdv_session"
/*
 * So many of that name are looked at. Others on this host can set it for
 * longer paths, and no path of ours has as many parts.
 */
#define AUTH_COOKIES_MAX 16

/* How a caller proved who it is. */
enum auth_via {
	AUTH_SERVICE,
	AUTH_TOKEN,
	AUTH_COOKIE,
	AUTH_TICKET,
	AUTH_LINK,
	AUTH_VIA_MAX
};

/*
 * What a caller may do; a route row names the rights of which one is needed.
 * The words that tokens have are sets of these (auth/scope.h).
 */
#define SCOPE_NONE    0x00u /* no credential needed */
#define SCOPE_READ    0x01u
#define SCOPE_RUN     0x02u /* look at and act on a session that is named */
#define SCOPE_WRITE   0x04u /* create, change, delete */
#define SCOPE_APPROVE 0x08u
#define SCOPE_TOKENS  0x10u /* make and revoke tokens */
#define SCOPE_SERVICE 0x20u /* service operations: sign-in codes */
#define SCOPE_FULL \
	(SCOPE_READ | SCOPE_RUN | SCOPE_WRITE | SCOPE_APPROVE | SCOPE_TOKENS)
/* Any credential at all will do. */
#define SCOPE_ANY (SCOPE_FULL | SCOPE_SERVICE)
/* The service token acting for a user: what a proxy does, never a decision. */
#define SCOPE_ACT_AS (SCOPE_READ | SCOPE_RUN | SCOPE_WRITE | SCOPE_SERVICE)

/* Below this line nobody looks at a header. Lives in the request's arena. */
struct actor {
	char user_id[UUID_TEXT]; /* "" for the service token by itself */
	uid_t uid;
	enum auth_via via;
	uint32_t scopes;
	/* The only session it may look at and act on; "": all of the user. */
	char session_id[UUID_TEXT];
	/* Of token or cookie, a ticket's too; in logs and audit. */
	char token_id[UUID_TEXT];
	/*
	 * The text that shows the helper whom this is, in the request: the
	 * token's own, or the reverse proxy's; NULL when there is neither.
	 */
	const char *proof;
};

/* Why a request is turned away, ready for the error body. */
struct auth_refusal {
	int status;
	const char *code;
	const char *sentence;
	int64_t retry_after; /* seconds; 0: no such header */
	/* Close code of a WebSocket that is opened to tell it; 0: by HTTP. */
	unsigned close;
};

/* What a route asks of its caller. */
struct auth_need {
	uint32_t scope;
	bool changes; /* neither GET nor HEAD */
	bool stream;  /* SSE, NDJSON */
	bool websocket;
	const char *session_id; /* whose ticket will do as well; NULL: none */
};

/*
 * Loads users, tokens and the service token. 0, or an error with a sentence in
 * `why`. Before the daemon confines itself: it creates files in base/server.
 */
int auth_new(struct auth **out, struct app *app, char *why, size_t whysize);
void auth_free(struct auth *a);

/*
 * Judged before the path is: Host (421), Sec-Fetch-Site and a present Origin
 * (403). True when the request may go on.
 */
bool
auth_gate(struct auth *a, const struct http_req *r, struct auth_refusal *no);
/*
 * Who is asking, and may it: credential (400, 401, 429), the rules for cookie
 * callers and the scope (403). On true `*out` is set, NULL for SCOPE_NONE.
 */
bool auth_identify(struct auth *a, struct http_req *r,
    const struct auth_need *need, struct actor **out, struct auth_refusal *no);

/*
 * `cb` runs at most once, from the loop, when the credential behind `actor` is
 * revoked or expires: whatever lives longer than a request ends then (abuse
 * C13). The watch stays the caller's until auth_unwatch(), before or after
 * that; NULL is fine there.
 */
struct auth_watch;
struct auth_watch *auth_on_revoke(struct auth *a, const struct actor *actor,
    void (*cb)(void *), void *arg);
void auth_unwatch(struct auth_watch *w);
/*
 * Whether that credential of the user still counts, for what a request does
 * once it has waited. "": there is none, as what rdv does by itself needs none.
 */
bool auth_holds(struct auth *a, const char *user_id, const char *token_id);

/*
 * System mode, where [main] says who is served. The first makes the user's row
 * when there is none, and gives it the account's present name; without `by_web`
 * its credentials count on its own socket alone; 0, or an error
 * after which that user is not served. The second ends what lives by the
 * user's credentials; they count again when it is served again.
 */
int auth_serve(struct auth *a, uid_t uid, const char *name, bool by_web);
void auth_serve_no_more(struct auth *a, uid_t uid);
/*
 * The service token, as [main] brings it, and which one is honoured beside it
 * until when (auth/service.h). What lives by another ends. False: it is none.
 */
bool auth_service(struct auth *a, const char *text, size_t len,
    const uint8_t previous[32], int64_t until);
/*
 * Whether credentials of that user count in this request: the user is served,
 * and the socket is not another person's.
 */
bool auth_counts(const struct auth *a, const struct http_req *r,
    const char *user_id);

/* The user whose uid the daemon runs as; user mode has no other. */
const char *auth_owner(const struct auth *a);
const char *auth_user_name(const struct auth *a, const char *user_id);
/* Of the user of that uid, while it is served; NULL otherwise. */
const char *auth_user_id(const struct auth *a, uid_t uid);

struct audit_entry;
struct token;

/* A live, unexpired credential by its text, or NULL. Counts nothing. */
const struct token *auth_find(struct auth *a, const char *text);
const struct token *auth_find_id(struct auth *a, const char *id);
/*
 * Credentials of a user and kind (enum token_kind) that are not revoked; in
 * *old the one to go first: one that has expired, else the oldest.
 */
unsigned auth_count(struct auth *a, const char *user_id, int kind,
    const struct token **old);
/* From now on it counts; after its row is durable. Takes a copy. */
void auth_admit(struct auth *a, const struct token *token);
/* It counts no more, and what lives by it ends. */
void auth_forget(struct auth *a, const char *token_id);
/* Told of each CLI token that ends so: whose, and the hash of its text. */
typedef void
auth_gone_fn(uid_t uid, const uint8_t digest[DIGEST_LEN], void *arg);
/* The same for all that are bound to a session. */
void auth_forget_session(struct auth *a, const char *session_id,
    auth_gone_fn *gone, void *arg);
/*
 * A credential presented in a body was wrong: counted and audited like one in
 * a header; `no` becomes the 401 or 429.
 */
void
auth_failed(struct auth *a, const struct http_req *r, struct auth_refusal *no);
/* The same about a link: like one that is not there, 404. */
void auth_link_failed(struct auth *a, const struct http_req *r,
    struct auth_refusal *no);
/* For the record: `by` asked for what its credential does not reach. */
void auth_out_of_reach(struct auth *a, const struct http_req *r,
    const struct actor *by);
/*
 * Writes to the audit log for the person behind `r`. False when that failed:
 * what the line was to record must then not be done.
 */
bool auth_audit(struct auth *a, const struct http_req *r, const char *event,
    const struct actor *by, const char *subject);
/* The same of what rdvd does by the leave of `token_id`, with no request. */
bool auth_audit_leave(struct auth *a, const char *event, const char *user_id,
    const char *token_id, const char *subject);
/*
 * The same for what whoever may look may do as often as he likes: lines over
 * the rate of attempts are left out and counted, which is no failure.
 */
bool auth_audit_often(struct auth *a, const struct http_req *r,
    const char *event, const struct actor *by, const char *subject);
/*
 * A new service token; the one before is honoured for the grace of the
 * settings. 0 and what is shown of it, or -errno: then nothing has changed.
 */
struct auth_service {
	char id[UUID_TEXT];
	int64_t created_at, previous_until; /* ms */
};
int auth_rotate_service(struct auth *a, struct auth_service *out);
/* After SIGHUP: the allowed hosts of the configuration. */
void auth_reload(struct auth *a);

struct auth_stats {
	uint64_t failures, limited, refused_hosts, refused_origins,
	    audit_errors, audit_left_out;
	unsigned tokens, watches;
};
void auth_stats(const struct auth *a, struct auth_stats *out);

#endif
