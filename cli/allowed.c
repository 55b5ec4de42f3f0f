/* SPDX-License-Identifier: MIT */
/*
 * The hosts rdv is allowed to be called by, in nginx's syntax. rdvd has judged
 * them; they are judged again here, where they are written, since what is not a
 * host could be any directive.
 */
#include "cli/allowed.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* Twice in a map, with a backslash before each byte, and once as a name. */
#define ROOM ((size_t)ALLOWED_LEN * 6)

static bool
take_one(char *out, const char *s)
{
	if (s == NULL || !host_ok(s) || !str_copy(out, s, ALLOWED_LEN))
		return false;
	for (char *p = out; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	}
	return true;
}

bool
allowed_take(struct allowed *a, const struct js *list)
{
	size_t n = js_len(list);

	a->n = 0;
	a->hosts = xcalloc(n + 1, sizeof(*a->hosts));
	while (a->n < n && take_one(a->hosts[a->n], js_text(js_at(list, a->n))))
		a->n++;
	return a->n == n;
}

void
allowed_done(struct allowed *a)
{
	free(a->hosts);
	*a = (struct allowed){ NULL, 0 };
}

size_t
allowed_room(const struct allowed *a)
{
	return a->n * ROOM;
}

/* The whole value and nothing around it: nginx's own texts ignore case. */
static void
put_lines(const struct allowed *a, struct buf *out, const char *scheme)
{
	for (size_t i = 0; i < a->n; i++) {
		buf_printf(out, "%s\"~^%s", i > 0 ? "\n\t\t" : "", scheme);
		for (const char *p = a->hosts[i]; *p != '\0'; p++) {
			if (strchr(".[]", *p) != NULL)
				buf_put_u8(out, '\\');
			buf_put_u8(out, (uint8_t)*p);
		}
		buf_put_text(out, "$\" 1;");
	}
}

void
allowed_put_hosts(const struct allowed *a, struct buf *out)
{
	put_lines(a, out, "");
}

/* Whoever stands in front of us may speak TLS to the browser. */
void
allowed_put_origins(const struct allowed *a, struct buf *out)
{
	put_lines(a, out, "https?://");
}

static bool
same_name(const char *a, const char *b)
{
	size_t len = host_name_len(a);

	return host_name_len(b) == len && memcmp(a, b, len) == 0;
}

/* With another port, or as one of those the template has. */
static bool
is_named(const struct allowed *a, size_t i)
{
	const char *host = a->hosts[i];
	bool named =
	    same_name(host, "127.0.0.1") || same_name(host, "localhost");

	for (size_t k = 0; k < i && !named; k++)
		named = same_name(host, a->hosts[k]);
	return named;
}

/* nginx complains about a name that stands twice. */
void
allowed_put_names(const struct allowed *a, struct buf *out)
{
	for (size_t i = 0; i < a->n; i++) {
		if (!is_named(a, i))
			buf_printf(out, " %.*s",
			    (int)host_name_len(a->hosts[i]), a->hosts[i]);
	}
}
