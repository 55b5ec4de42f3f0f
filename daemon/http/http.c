/* SPDX-License-Identifier: MIT */
/*
 * What handlers ask a request: headers, query parameters, cookies. Where a
 * name stands more than once the caller learns it or gets nothing; picking one
 * of two answers is how two readers of one request come to differ.
 */
#include "daemon/http/http.h"

#include <string.h>
#include <strings.h>

#include "daemon/http/target.h"
#include "lib/arena.h"

const char *
http_method_name(enum http_method m)
{
	static const char *const names[HTTP_M_MAX] = {
		[HTTP_M_GET] = "GET",
		[HTTP_M_HEAD] = "HEAD",
		[HTTP_M_POST] = "POST",
		[HTTP_M_PUT] = "PUT",
		[HTTP_M_PATCH] = "PATCH",
		[HTTP_M_DELETE] = "DELETE",
		[HTTP_M_OPTIONS] = "OPTIONS",
	};

	return names[m];
}

/* Most names part at their first byte, and each request asks for twenty. */
static bool
is(const struct http_header *h, const char *name)
{
	return h->name[0] == name[0] && strcmp(h->name, name) == 0;
}

const char *
http_header(const struct http_req *r, const char *name)
{
	for (unsigned i = 0; i < r->nheaders; i++)
		if (is(&r->headers[i], name))
			return r->headers[i].value;
	return NULL;
}

unsigned
http_header_count(const struct http_req *r, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nheaders; i++)
		if (is(&r->headers[i], name))
			n++;
	return n;
}

const char *
http_list_next(const char **p, size_t *len)
{
	const char *s = *p + strspn(*p, ", \t");
	size_t n = strcspn(s, ",");

	if (*s == '\0')
		return NULL;
	*p = s + n;
	while (s[n - 1] == ' ' || s[n - 1] == '\t')
		n--;
	*len = n;
	return s;
}

static bool
list_has(const char *value, const char *token)
{
	size_t want = strlen(token), len;
	const char *s;

	while ((s = http_list_next(&value, &len)) != NULL)
		if (len == want && strncasecmp(s, token, len) == 0)
			return true;
	return false;
}

/*
 * Over all lines of that name: together they are one list (RFC 9110 section
 * 5.3).
 */
bool
http_list_has(const struct http_req *r, const char *name, const char *token)
{
	for (unsigned i = 0; i < r->nheaders; i++)
		if (is(&r->headers[i], name) &&
		    list_has(r->headers[i].value, token))
			return true;
	return false;
}

static char *
decode(struct http_req *r, const char *s, size_t len)
{
	char *out = arena_alloc(r->arena, len + 1);

	target_query_decode(s, len, out);
	return out;
}

const char *
http_query(struct http_req *r, const char *name, bool *dup)
{
	const char *found = NULL, *p = r->query;

	*dup = false;
	while (*p != '\0') {
		size_t pair = strcspn(p, "&"), key = strcspn(p, "=&");

		/*
		 * Names are compared decoded, or a second spelling would hide a
		 * second value from us and not from others.
		 */
		if (strcmp(decode(r, p, key), name) == 0) {
			*dup = found != NULL;
			if (found == NULL)
				found = key == pair ? ""
						    : decode(r, p + key + 1,
							  pair - key - 1);
		}
		p += pair;
		p += *p == '&';
	}
	return found;
}

/* Adds those of one header; `n` are there already. */
static unsigned
cookies_in(struct http_req *r, const char *p, const char *name,
    const char **out, unsigned n, unsigned max)
{
	size_t want = strlen(name);

	while (n < max && *(p += strspn(p, "; \t")) != '\0') {
		size_t len = strcspn(p, ";");

		if (len > want && p[want] == '=' && memcmp(p, name, want) == 0)
			out[n++] = arena_strndup(r->arena, p + want + 1,
			    len - want - 1);
		p += len;
	}
	return n;
}

/*
 * The value goes out as it came: nothing of ours needs quotes or escapes in it
 * (RFC 6265 section 4.1.1).
 */
unsigned
http_cookies(struct http_req *r, const char *name, const char **out,
    unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->nheaders; i++)
		if (is(&r->headers[i], "cookie"))
			n = cookies_in(r, r->headers[i].value, name, out, n,
			    max);
	return n;
}
