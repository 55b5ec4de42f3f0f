/* SPDX-License-Identifier: MIT */
/*
 * The one table that knows which HTTP status an outcome has. Negative errors
 * are not in it, with the exception of what a full or broken disk gives: the
 * client can do something about that later, so it is a 503.
 */
#include "daemon/api/error.h"

#include <errno.h>
#include <stddef.h>

#include "lib/err.h"

static const struct api_error internal = { 500, "INTERNAL",
	"something went wrong; the log has it under this request id" };
static const struct api_error storage = { 503, "DATABASE_UNAVAILABLE",
	"the change could not be stored and was not made" };

/*
 * 404 is also the answer for what is somebody else's (C14); 409 says that the
 * same request may succeed when something has changed; 503 that it may succeed
 * without anything having changed.
 */
static const struct api_error outcomes[RDV_E_MAX] = {
	[RDV_E_INVALID] = { 400, "INVALID_ARGUMENT",
	    "an argument breaks its rule" },
	[RDV_E_NOT_FOUND] = { 404, "NOT_FOUND", "there is no such thing" },
	[RDV_E_EXISTS] = { 409, "ALREADY_EXISTS", "it exists already" },
	[RDV_E_STATE] = { 409, "INVALID_STATE",
	    "not possible in its present state" },
	[RDV_E_DENIED] = { 403, "ACCESS_DENIED", "that is not allowed" },
	[RDV_E_TOO_BIG] = { 413, "TOO_LARGE", "that is over a bound" },
	[RDV_E_BUSY] = { 409, "BUSY", "something else holds it" },
	[RDV_E_DIRTY] = { 409, "HAS_UNCOMMITTED_CHANGES",
	    "there is uncommitted work" },
	[RDV_E_UNPUSHED] = { 409, "HAS_UNPUSHED_COMMITS",
	    "there are commits that stand nowhere else" },
	[RDV_E_LOCKED] = { 409, "WORKTREE_LOCKED", "the worktree is locked" },
	[RDV_E_MIDWAY] = { 409, "OPERATION_IN_PROGRESS",
	    "a git operation is under way" },
	[RDV_E_UNAVAILABLE] = { 503, "UNAVAILABLE",
	    "a part of rdv cannot answer now" },
	[RDV_E_SPAWN] = { 422, "SPAWN_FAILED",
	    "the process could not be started" },
	[RDV_E_TIMEOUT] = { 504, "TIMEOUT", "it took too long" },
	[RDV_E_FULL] = { 503, "FULL", "a bound is reached or space is out" },
	[RDV_E_NEWER] = { 503, "DATABASE_UNAVAILABLE",
	    "the database was written by a newer rdv" },
	[RDV_E_CORRUPT] = { 503, "DATABASE_UNAVAILABLE",
	    "the database fails its own checks" },
	[RDV_E_MALFORMED] = { 400, "INVALID_ARGUMENT",
	    "that is not what it claims to be" },
	[RDV_E_REVOKED] = { 401, "INVALID_TOKEN",
	    "wrong, revoked or unknown credential" },
};

/* What dispatch and handlers say themselves; http/gate.c has a third table. */
const struct api_code api_codes[] = {
	{ 400, "INVALID_JSON", "the body is no JSON, or no object" },
	{ 401, "MISSING_TOKEN", "no credential" },
	{ 401, "EXPIRED_TOKEN", "the credential is past its end" },
	{ 401, "PAGE_KEY_REQUIRED", "no session cookie with its page key" },
	{ 401, "MISSING_USER_ID", "service token without X-RDV-User-ID" },
	{ 403, "UNKNOWN_USER", "X-RDV-User-ID names nobody" },
	{ 403, "ORIGIN_REFUSED", "a foreign Origin or Sec-Fetch-Site" },
	{ 403, "ORIGIN_REQUIRED", "a cookie without proof of our own page" },
	{ 405, "METHOD_NOT_ALLOWED", "see the Allow header" },
	{ 409, "ALREADY_DECIDED",
	    "it was decided, or is over; this decision counts for nothing" },
	{ 409, "ALREADY_TOLD",
	    "the outcome was told before, and is no leave any more" },
	{ 409, "DIGEST_MISMATCH", "what is decided is not what is asked" },
	{ 409, "IDEMPOTENCY_IN_FLIGHT", "the first such request still runs" },
	{ 409, "IDEMPOTENCY_UNKNOWN",
	    "whether the first such request was done cannot be told" },
	{ 413, "BODY_TOO_LARGE", "the body is over its bound" },
	{ 415, "UNSUPPORTED_MEDIA_TYPE", "the body is not application/json" },
	{ 421, "MISDIRECTED_REQUEST", "a Host that rdv does not answer to" },
	{ 422, "MISSING_FIELD", "a required field is absent" },
	{ 422, "WRONG_TYPE", "a field has another type" },
	{ 422, "UNKNOWN_FIELD", "a field that this route does not have" },
	{ 422, "DUPLICATE_FIELD", "a field stands more than once" },
	{ 422, "OUT_OF_RANGE", "a field breaks its bounds or its rule" },
	{ 422, "IDEMPOTENCY_MISMATCH", "the key was used for something else" },
	{ 426, "UPGRADE_REQUIRED", "this is a WebSocket" },
	{ 429, "RATE_LIMITED", "see Retry-After" },
	{ 429, "TOO_MANY", "a bound on how many there may be" },
	{ 429, "OVER_QUOTA", "worktrees and trash take what they may already" },
	{ 503, "TMUX_UNAVAILABLE", "tmux did not answer, or is not there" },
	{ 0, NULL, NULL },
};

const struct api_error *
api_error_of(int err)
{
	switch (err) {
	/* SQLite's results arrive as these; store/stmt.c has the table. */
	case -ENOSPC:
	case -EDQUOT:
	case -EROFS:
	case -EIO:
		return &storage;
	case -EBUSY:
		/* A backup or somebody's sqlite3 holds the database. */
		return &outcomes[RDV_E_UNAVAILABLE];
	}
	if (err <= 0 || err >= RDV_E_MAX || outcomes[err].code == NULL)
		return &internal;
	return &outcomes[err];
}
