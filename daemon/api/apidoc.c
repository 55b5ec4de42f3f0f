/* SPDX-License-Identifier: MIT */
/*
 * docs/http-api.md from the route rows. The rules every route shares are text
 * here; whatever differs between routes comes from their rows.
 */
#include "daemon/api/apidoc.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/error.h"
#include "daemon/auth/scope.h"
#include "daemon/conf.h"
#include "daemon/http/gate.h"
#include "lib/err.h"

static const char intro[] =
    "# The HTTP API of rdv\n"
    "\n"
    "Written by `make docs` from the route rows in `daemon/api/`; a test "
    "compares.\n"
    "\n"
    "HTTP/1.1 over the Unix sockets `api.sock` and `terminal.sock`, or "
    "through the\n"
    "reverse proxy. JSON in and out, snake_case, times in ms since 1970, ids "
    "as text.\n"
    "\n"
    "* **Host** must be `localhost`, `rdv`, an address of the proxy or one "
    "of\n"
    "  `auth.allowed_hosts`; anything else is 421 before the path is looked "
    "at.\n"
    "* **Credentials**: `Authorization: Bearer <token>`; or "
    "`X-RDV-Service-Token` with\n"
    "  `X-RDV-User-ID`; or the cookie `rdv_session` with "
    "the `page_key`\n"
    "  of the same login in `X-RDV-Page-Key` or, for a WebSocket, as "
    "subprotocol\n"
    "  `rdv.page.<key>`. With a cookie, changes and WebSockets need the "
    "page's `Origin`,\n"
    "  and a GET needs that or `Sec-Fetch-Site: same-origin`. A terminal "
    "opens by a\n"
    "  ticket too, `?token=` (docs/stream.md); in the query of another path "
    "nothing is a\n"
    "  credential.\n"
    "* **Bodies** are `application/json`; unknown fields and parameters are "
    "refused.\n"
    "  camelCase spellings are understood where the older API had them. "
    "Host, path,\n"
    "  credential and announced length are judged before a body is taken "
    "in: a refusal\n"
    "  may come, and the connection end, while it is still being sent.\n"
    "* **Idempotency-Key** on a POST (1 to 255 printable bytes): a "
    "repetition gets the\n"
    "  first answer with `Idempotency-Replayed: true`; secrets in it are "
    "then null.\n"
    "  409 `IDEMPOTENCY_IN_FLIGHT` while the first is under way; 409\n"
    "  `IDEMPOTENCY_UNKNOWN` when rdvd ended before the answer of the first "
    "was kept:\n"
    "  whether it was done cannot be told, and it is not done again. A first "
    "that was\n"
    "  refused leaves the key free.\n"
    "* **Acknowledged means durable**: an answer to a change leaves after "
    "the disk has\n"
    "  it.\n"
    "* **Errors** are `{\"error\", \"code\", \"details\"?, "
    "\"request_id\"}`.\n";

/* Words of which one is enough. */
static void
print_scope(uint32_t scope, FILE *out)
{
	const char *sep = "";

	if (scope == SCOPE_NONE)
		(void)fputs("none", out);
	else if (scope == SCOPE_ANY)
		(void)fputs("any", out);
	else
		for (const struct scope_word *w = scope_words; w->name != NULL;
		     w++) {
			if ((w->bits & scope) == 0)
				continue;
			(void)fprintf(out, "%s%s", sep, w->name);
			sep = "/";
		}
}

static void
print_bounds(const struct js_field *f, FILE *out)
{
	switch (f->kind) {
	case JS_TEXT:
		(void)fprintf(out, "text, at most %" PRId64 " bytes", f->max);
		break;
	case JS_INT:
		(void)fprintf(out, "integer, %" PRId64 "..%" PRId64, f->min,
		    f->max);
		break;
	case JS_BOOL:
		(void)fputs("boolean", out);
		break;
	case JS_TEXTS:
		(void)fprintf(out, "array of at most %" PRId64 " texts",
		    f->max);
		break;
	case JS_PAIRS:
		(void)fprintf(out, "object of at most %" PRId64 " texts",
		    f->max);
		break;
	case JS_JSON:
		(void)fprintf(out, "object or array, at most %" PRId64 " bytes",
		    f->max);
		break;
	case JS_ONE_OF:
		(void)fprintf(out, "one of %s", f->words);
		break;
	}
	(void)fputs(f->nullable ? " or null" : "", out);
}

static void
print_fields(const char *where, const struct js_field *f, FILE *out)
{
	for (; f != NULL && f->name != NULL; f++) {
		(void)fprintf(out, "* %s `%s`%s: ", where, f->name,
		    f->required ? " (required)" : "");
		print_bounds(f, out);
		if (f->help != NULL)
			(void)fprintf(out, "; %s", f->help);
		(void)fputc('\n', out);
	}
}

static void
print_row(const struct api_route *row, FILE *out)
{
	static const char *const kinds[] = {
		[API_PLAIN] = "",
		[API_STREAM] = ", stream",
		[API_WEBSOCKET] = ", WebSocket",
	};

	(void)fprintf(out, "\n### %s %s\n\n%s. Scope ",
	    http_method_name(row->method), row->pattern, row->doc);
	print_scope(row->scope, out);
	(void)fprintf(out, "; answers %d%s.\n", row->success, kinds[row->kind]);
	if (row->body != NULL || row->query != NULL)
		(void)fputc('\n', out);
	print_fields("body", row->body, out);
	print_fields("query", row->query, out);
}

/* Three tables: outcomes of the core, what the gate refuses, and the rest. */
static void
print_errors(FILE *out)
{
	(void)fputs("\n## Error codes\n\n| Status | Code | When |\n"
		    "|--|--|--|\n",
	    out);
	for (int err = 1; err < RDV_E_MAX; err++) {
		const struct api_error *e = api_error_of(err);

		(void)fprintf(out, "| %d | `%s` | %s |\n", e->status, e->code,
		    e->sentence);
	}
	for (enum gate_why why = GATE_OK + 1; why < GATE_MAX; why++) {
		const struct gate_row *e = gate_row(why);

		(void)fprintf(out, "| %d | `%s` | %s |\n", e->status, e->code,
		    e->sentence);
	}
	for (const struct api_code *e = api_codes; e->code != NULL; e++)
		(void)fprintf(out, "| %d | `%s` | %s |\n", e->status, e->code,
		    e->help);
}

static void
print_scopes(FILE *out)
{
	(void)fputs("\n## Scopes\n\n", out);
	for (const struct scope_word *w = scope_words; w->name != NULL; w++)
		(void)fprintf(out, "* `%s`: %s\n", w->name, w->help);
}

/* What can be set, and below it what cannot. */
static void
print_bounds_all(FILE *out)
{
	(void)fputs("\n## Bounds\n\n| Setting | Default | Means |\n"
		    "|--|--|--|\n",
	    out);
	for (const struct conf_row *row = conf_rows; row->key != NULL; row++) {
		if (row->type == CONF_INT)
			(void)fprintf(out, "| `%s` | %s | %s |\n", row->key,
			    row->value, row->help);
	}
	(void)fputs("\nFixed: a request line of 8 KiB (414), 32 KiB and 64 "
		    "lines of headers (431),\nJSON 64 levels deep (400).\n",
	    out);
}

/* In the order of the tables, so that the document changes where rows do. */
void
apidoc_print(const struct api_route *const *tables, FILE *out)
{
	(void)fputs(intro, out);
	print_scopes(out);
	(void)fputs("\n## Routes\n", out);
	for (; *tables != NULL; tables++) {
		for (const struct api_route *row = *tables;
		     row->pattern != NULL; row++)
			print_row(row, out);
	}
	print_bounds_all(out);
	print_errors(out);
}
