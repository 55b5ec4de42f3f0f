/* SPDX-License-Identifier: MIT */
/*
 * Links, by the door that a page takes: nginx, with the Origin of the page they
 * are addresses of. The secret is in memory that is wiped, in one request for
 * each connection, and nowhere else.
 */
#include "cli/link.h"

#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define PLACE	   "/s/#"
#define SECRET_MAX 128
#define SECRET_CHARS                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz" \
	"0123456789-_"

const char link_gone[] = "the link leads nowhere: it was revoked, its time is "
			 "over, or its session is closed";

bool
link_like(const char *word)
{
	return str_starts(word, "http://") || str_starts(word, "https://");
}

int
link_parse(struct link *l, const char *text, char *why, size_t whysize)
{
	struct loopback at;
	const char *rest;
	size_t n;
	int rc = loopback_parse(&at, text, &rest, why, whysize);

	if (rc != 0)
		return rc;
	if (!str_starts(rest, PLACE)) {
		(void)snprintf(why, whysize,
		    "it is no address of a link, http://HOST" PLACE "...");
		return RDV_E_INVALID;
	}
	rest += strlen(PLACE);
	n = strspn(rest, SECRET_CHARS);
	if (n == 0 || n > SECRET_MAX || rest[n] != '\0') {
		(void)snprintf(why, whysize,
		    "it is not whole: what stands behind # is no secret");
		return RDV_E_INVALID;
	}
	l->at = at;
	l->secret = xstrdup(rest);
	return 0;
}

void
link_done(struct link *l)
{
	if (l->secret != NULL)
		secret_free(l->secret, strlen(l->secret));
	l->secret = NULL;
}

/* Passing: too many at once, or nginx has no rdvd behind it. */
static int
judge(int status, const char *text, char *why, size_t whysize)
{
	static const int later[] = { 429, 500, 502, 503, 504 };
	size_t i;

	if (status == 404) {
		(void)snprintf(why, whysize, "%s", link_gone);
		return RDV_E_NOT_FOUND;
	}
	(void)snprintf(why, whysize, "%s (status %d)", text, status);
	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		if (later[i] == status)
			return RDV_E_UNAVAILABLE;
	}
	return RDV_E_DENIED;
}

static int
exchange(const struct client_request *rq, struct js **out, char *why,
    size_t whysize)
{
	struct client_reply reply;
	char ignored[160];
	struct js *v;
	int rc = client_do(rq, &reply, why, whysize);

	if (rc == 0) {
		v = js_parse((const char *)reply.body.data, reply.body.len,
		    ignored, sizeof(ignored));
		if (reply.status == 200 && js_str(v, "token", NULL) != NULL &&
		    js_str(v, "session_id", NULL) != NULL) {
			*out = v;
		} else {
			rc = judge(reply.status,
			    js_str(v, "error", "no answer of rdv's"), why,
			    whysize);
			js_free(v);
		}
	} else if (rc != RDV_E_DENIED) {
		rc = RDV_E_UNAVAILABLE;
	}
	client_reply_done(&reply);
	return rc;
}

int
link_open(const struct link *l, int64_t timeout_ms, struct js **out, char *why,
    size_t whysize)
{
	struct client_request rq = { .page = &l->at,
		.method = "POST",
		.target = "/api/links/open",
		.timeout_ms = timeout_ms };
	struct buf body;
	int rc;

	buf_init_secret(&body, SECRET_MAX + 64);
	buf_printf(&body, "{\"secret\":\"%s\"}", l->secret);
	rq.body = buf_cstr(&body);
	rc = exchange(&rq, out, why, whysize);
	buf_done(&body);
	return rc;
}
