/* SPDX-License-Identifier: MIT */
/*
 * Tokens as the helper has them. rdvd keeps a row of its own beside, for names
 * and scopes; what the helper does not know opens nothing there.
 */
#include "daemon/core/enroll.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/grant.h"
#include "daemon/helper.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/xalloc.h"

struct enroll {
	struct app *app;
	uid_t uid;
	uint8_t digest[DIGEST_LEN];
	enroll_fn *cb;
	void *arg;
};

_Static_assert(DIGEST_LEN == PRIV_HASH_LEN, "one hash on both sides");

static struct enroll *
enroll_new(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN],
    enroll_fn *cb, void *arg)
{
	struct enroll *e = xcalloc(1, sizeof(*e));

	e->app = app;
	e->uid = uid;
	memcpy(e->digest, digest, DIGEST_LEN);
	e->cb = cb;
	e->arg = arg;
	return e;
}

static void
end(struct enroll *e, int err, const char *why)
{
	e->cb(err, why, e->arg);
	free(e);
}

static void
enroll_answer_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	struct enroll *e = arg;

	if (err != 0)
		end(e, err, "the helper is not there");
	else if (a->result == PRIV_DONE)
		end(e, 0, NULL);
	else
		end(e,
		    a->result == PRIV_DENIED ? RDV_E_DENIED : RDV_E_UNAVAILABLE,
		    a->why);
}

void
enroll_token(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN],
    int64_t expires_at, enroll_fn *cb, void *arg)
{
	struct priv_enroll m = { .uid = uid,
		.expires_ms = expires_at > 0 ? expires_at : 0 };

	memcpy(m.sha256, digest, sizeof(m.sha256));
	helper_enroll(app->helper, &m, enroll_answer_cb,
	    enroll_new(app, uid, digest, cb, arg));
}

static void
enroll_revoked_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	const struct priv_plain_answer gone = { .result = PRIV_DONE };
	struct enroll *e = arg;

	enroll_answer_cb(err, err == 0 && a->result == PRIV_NO_SUCH ? &gone : a,
	    e);
}

static void
enroll_grant_cb(int err, const struct grant *g, const char *why, void *arg)
{
	struct enroll *e = arg;
	struct grants *grants = e->app->grants;
	const uid_t uid = e->uid;
	struct priv_revoke m;

	if (err != 0) {
		end(e, err, why);
		return;
	}
	memcpy(m.grant, g->bytes, sizeof(m.grant));
	memcpy(m.sha256, e->digest, sizeof(m.sha256));
	helper_revoke(e->app->helper, &m, enroll_revoked_cb, e);
	/*
	 * A grant ends with the token it was given for. Not when that is
	 * answered: who asks meanwhile has to show a token of his own.
	 */
	grant_forget_of(grants, uid, m.sha256);
}

void
enroll_revoke(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN],
    enroll_fn *cb, void *arg)
{
	grant_get(app->grants, uid, enroll_grant_cb,
	    enroll_new(app, uid, digest, cb, arg));
}

static void
enroll_dropped_cb(int err, const char *why, void *arg)
{
	(void)arg;
	if (err != 0)
		log_errorx("tokens",
		    "a token has ended here, and the helper still has it: %s",
		    why);
}

void
enroll_drop(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN])
{
	enroll_revoke(app, uid, digest, enroll_dropped_cb, NULL);
}
