/* SPDX-License-Identifier: MIT */
/*
 * A token of the own account, in system mode. rdvd cannot make one, and the
 * helper believes only what this account has written itself: a file whose name
 * and content are the token's hash, in the account's own directory.
 */
#include "cli/enroll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/sha256.h"
#include "lib/str.h"

#define RAW_LEN 32
#define PREFIX	"rdv_" /* scanners of public code know a lost token by it */

int64_t
enroll_age(const char *text)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 } };
	char number[16];
	size_t len = strlen(text), i;
	int64_t n;

	if (len < 2 || len > sizeof(number))
		return 0;
	memcpy(number, text, len - 1);
	number[len - 1] = '\0';
	if (!str_to_i64(number, 1, 100000, &n))
		return 0;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit == text[len - 1])
			return n * units[i].ms;
	}
	return 0;
}

static void
make_text(char text[ENROLL_TEXT], char hex[SHA256_TEXT])
{
	uint8_t raw[RAW_LEN], digest[SHA256_LEN];

	secret_random(raw, sizeof(raw));
	memcpy(text, PREFIX, strlen(PREFIX));
	str_base64url(text + strlen(PREFIX), raw, sizeof(raw));
	sha256(text, strlen(text), digest);
	str_hex(hex, digest, sizeof(digest));
	secret_wipe(raw, sizeof(raw));
}

/* The directory of proofs, which is ours and closed; -errno. */
static int
open_proofs(const struct cli *cli)
{
	int run, dir;

	run = open(cli->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run < 0)
		return -errno;
	dir = path_private_dir(run, "enroll");
	(void)close(run);
	return dir;
}

static struct js *
request(const struct cmd_call *c, const char *hex, const char *name,
    int64_t age, const char *session)
{
	struct js *body = js_object(), *scopes;
	const char *scope;
	unsigned i;

	js_add_str(body, "sha256", hex);
	js_add_str(body, "name", name);
	if (age > 0)
		js_add_int(body, "expires_in", age);
	if (cmd_flag(c, "scope")) {
		scopes = js_array();
		for (i = 0; (scope = cmd_nth(c, "scope", i)) != NULL; i++)
			js_push_str(scopes, scope);
		js_add(body, "scopes", scopes);
	}
	if (session != NULL)
		js_add_str(body, "session_id", session);
	return body;
}

int
enroll_token(const struct cmd_call *c, const char *name, int64_t age,
    const char *session, char text[ENROLL_TEXT], struct js **out)
{
	char hex[SHA256_TEXT], line[SHA256_TEXT + 1];
	int dir = open_proofs(c->cli), err = dir < 0 ? dir : 0, rc;

	make_text(text, hex);
	(void)snprintf(line, sizeof(line), "%s\n", hex);
	if (err == 0)
		err = path_write_private(dir, hex, line, strlen(line));
	if (err != 0) {
		out_error(c->cli, "INVALID_PATH", "%s/enroll: %s",
		    c->cli->run_dir, strerror(-err));
		rc = CMD_FAILED;
	} else {
		rc = api_open(c, "POST", "/api/login",
		    request(c, hex, name, age, session), out);
		/* The helper has used it up, or nobody ever shall. */
		(void)unlinkat(dir, hex, 0);
	}
	if (dir >= 0)
		(void)close(dir);
	return rc;
}
