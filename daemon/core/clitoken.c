/* SPDX-License-Identifier: MIT */
/*
 * The token the command line uses on this account's behalf: whoever can read
 * the 0600 file in the 0700 directory is this account already.
 */
#include "daemon/core/clitoken.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/conf.h"
#include "daemon/core/credential.h"
#include "daemon/store/db.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/secret.h"

#define FILE_NAME "cli-token"
#define FILE_MAX  4096

/*
 * Whether the file's token is live; a missing or foreign one is not. Too big is
 * foreign, too: nothing that rdv wrote there.
 */
static int
check(struct app *app, int dir, bool *live)
{
	const struct token *t;
	char *text;
	size_t len;
	int err;

	*live = false;
	err = path_read_private(dir, FILE_NAME, FILE_MAX, &text, &len);
	if (err == -ENOENT || err == RDV_E_TOO_BIG)
		return 0;
	if (err != 0)
		return err;
	text[strcspn(text, "\r\n")] = '\0';
	t = auth_find(app->auth, text);
	secret_free(text, len);
	*live = t != NULL && t->kind == TOKEN_CLI &&
		strcmp(t->user_id, auth_owner(app->auth)) == 0;
	return 0;
}

/*
 * File and row are not one transaction. The file is written before the commit:
 * a crash in between leaves a token that is not known, which the next start
 * replaces; the other order could leave one that is known and lost.
 */
static int
make(struct app *app, int dir)
{
	struct credential_change *ch = credential_begin(app->auth);
	struct credential_spec spec = { auth_owner(app->auth), "cli", TOKEN_CLI,
		SCOPE_FULL, -1, NULL, false };
	struct tx *tx = tx_begin(app->db);
	char id[UUID_TEXT], line[TOKEN_TEXT + 1];
	size_t len;
	int err;

	err = credential_issue(ch, tx, &spec, id, line, NULL);
	if (err == 0) {
		len = strlen(line);
		line[len] = '\n';
		err = path_write_private(dir, FILE_NAME, line, len + 1);
	}
	secret_wipe(line, sizeof(line));
	if (err != 0) {
		tx_abort(tx);
		credential_done(err, ch);
		return err;
	}
	tx_commit(tx, credential_done, ch);
	return 0;
}

static const char *
sentence(int err)
{
	if (err < 0)
		return strerror(-err);
	if (err == RDV_E_DENIED)
		return "others may read it or it is not yours; what it holds "
		       "is known to them: revoke that token and remove the "
		       "file";
	return "there are too many tokens";
}

int
clitoken_ensure(struct app *app, char *why, size_t whysize)
{
	const char *base = app->conf->base;
	bool live = false;
	int dir, err;

	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : check(app, dir, &live);
	/* A live one is kept: programs of the user have read it. */
	if (err == 0 && !live)
		err = make(app, dir);
	if (dir >= 0)
		(void)close(dir);
	if (err != 0)
		(void)snprintf(why, whysize, "%s/%s: %s", base, FILE_NAME,
		    sentence(err));
	return err;
}
