/* SPDX-License-Identifier: MIT */
/*
 * Doors of runs: the listening socket of each and the token that counts there.
 * Invariant: both are there only while the run is, as the helper tells of it,
 * and the token is nowhere but in the run; a row has its digest, so that the
 * next rdvd serves the same door to the same token.
 */
#include "daemon/core/rundoor.h"

#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/auth/token.h"
#include "daemon/core/runstate.h"
#include "daemon/http/http.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/privproto.h"
#include "lib/str.h"

void
run_door_wish(struct run *run, struct priv_spawn *m)
{
	uint8_t digest[DIGEST_LEN];
	char text[TOKEN_TEXT];

	if (run->session_id[0] == '\0' ||
	    strcmp(m->profile, PRIV_DOOR_PROFILE) != 0)
		return;
	token_text(TOKEN_DOOR, text, digest);
	(void)str_copy(m->token, text, sizeof(m->token));
	str_hex(run->door_digest, digest, sizeof(digest));
	secret_wipe(text, sizeof(text));
}

void
run_door_take(struct run *run, uint32_t guards, struct seqpkt_fds *fds)
{
	if ((guards & PRIV_G_DOOR) != 0)
		run->door = fds->fd[--fds->n];
}

/* What goes by the id of a run is no row of tokens. */
static void
admit(struct run *run, const uint8_t digest[DIGEST_LEN])
{
	struct token t = { .kind = TOKEN_DOOR,
		.scopes = SCOPE_RUN,
		.expires_at = -1,
		.created_at = clock_wall_ms(),
		.stored_use = -1,
		.used = -1 };

	(void)str_copy(t.id, run->id, sizeof(t.id));
	(void)str_copy(t.user_id, run->user_id, sizeof(t.user_id));
	(void)str_copy(t.session_id, run->session_id, sizeof(t.session_id));
	memcpy(t.digest, digest, sizeof(t.digest));
	auth_admit(run->runs->app->auth, &t);
}

void
run_door_open(struct run *run, const char *digest)
{
	const struct app *app = run->runs->app;
	uint8_t bytes[DIGEST_LEN];
	int err;

	if (run->door < 0)
		return;
	/* Not bound to a session it would be good for each of the user's. */
	if (run->session_id[0] == '\0' || digest == NULL ||
	    !str_unhex(bytes, sizeof(bytes), digest)) {
		run_door_shut(run);
		return;
	}
	err =
	    http_server_listen_door(app->server, run->door, run->uid, run->id);
	if (err == 0) {
		admit(run, bytes);
	} else {
		log_warnx("run", "run=%s has no door: %s", run->id,
		    strerror(-err));
		run_door_shut(run);
	}
}

void
run_door_shut(struct run *run)
{
	const struct app *app = run->runs->app;

	if (run->door < 0)
		return;
	if (app->server != NULL) {
		auth_forget(app->auth, run->id);
		http_server_close_door(app->server, run->id);
	}
	(void)close(run->door);
	run->door = -1;
}
