/* SPDX-License-Identifier: MIT */
/*
 * Sign-in URLs. The code stands behind the '#', which browsers send to nobody:
 * it is in no log and no Referer (abuse A13), and it works once.
 */
#include "cli/signin.h"

#include <stdbool.h>
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/loopback.h"
#include "cli/out.h"
#include "cli/portowner.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Of this host, the port of its page is nobody else's. */
static bool
is_safe(const struct cli *cli, const char *page)
{
	struct loopback at;
	const char *rest;
	char why[512];

	if (loopback_parse(&at, page, &rest, why, sizeof(why)) != 0 ||
	    portowner_judge(&at, why, sizeof(why)) != RDV_E_DENIED)
		return true;
	out_error(cli, "REFUSED", "%s", why);
	return false;
}

static int
ask_url(const struct cmd_call *c, const char *page, char **url)
{
	struct js *v = NULL;
	const char *code;
	int rc;

	if (!is_safe(c->cli, page))
		return CMD_FAILED;
	rc = api_send(c, "POST", "/api/auth/code", NULL, &v);
	if (rc != CMD_OK)
		return rc;
	code = js_str(v, "code", NULL);
	if (code == NULL) {
		out_error(c->cli, "BAD_ANSWER", "rdvd gave no sign-in code");
		rc = CMD_FAILED;
	} else {
		*url = xasprintf("%s/#code=%s", page, code);
	}
	js_free(v);
	return rc;
}

int
signin_url(const struct cmd_call *c, const char *origin, char **url)
{
	char *page = xasprintf("%s%s",
	    str_starts(origin, "http") ? "" : "http://", origin);
	int rc = ask_url(c, page, url);

	free(page);
	return rc;
}

int
signin_origin(const struct cmd_call *c, char **origin)
{
	const char *first;
	struct js *v;
	int rc;

	rc = api_get(c, "/api/status", &v);
	if (rc != CMD_OK)
		return rc;
	first = js_text(js_at(js_get(v, "web"), 0));
	*origin = first != NULL ? xstrdup(first) : NULL;
	js_free(v);
	return CMD_OK;
}

int
signin_page(const struct cmd_call *c, char **origin)
{
	int rc = signin_origin(c, origin);

	if (rc != CMD_OK || *origin != NULL)
		return rc;
	out_error(c->cli, "NO_WEB",
	    "rdv was started without its page (--no-web)");
	return CMD_FAILED;
}
