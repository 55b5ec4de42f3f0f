/* SPDX-License-Identifier: MIT */
/*
 * The strict gate in front of the parser (abuse B06, D02). The parser library
 * forgives what proxies and clients read in two ways: bare line feeds, folded
 * lines, blanks before colons, two lengths. Each such request is refused here
 * and its connection closed, so what follows it is never taken for a request.
 *
 * Everything in this file is a pure function of the bytes it is given.
 */
#include "daemon/http/gate.h"

#include <string.h>
#include <strings.h>

#include "daemon/http/target.h"

#define LENGTH_DIGITS 18 /* below 2^63 without looking */

#define BAD 400, "BAD_REQUEST"

/* Clients that find none tend to come again at once. */
#define LATER "Retry-After: 1\r\n"

static const struct gate_row rows[GATE_MAX] = {
	[GATE_OK] = { 200, "OK", "", NULL },
	[GATE_BYTE] = { BAD,
	    "control byte or bare line ending in the request head", NULL },
	[GATE_LINE] = { BAD, "malformed request line", NULL },
	[GATE_METHOD] = { 501, "UNKNOWN_METHOD", "unknown request method",
	    NULL },
	[GATE_TARGET] = { 400, "INVALID_PATH",
	    "malformed or ambiguous request target", NULL },
	[GATE_VERSION] = { 505, "HTTP_VERSION", "only HTTP/1.1 is spoken",
	    NULL },
	[GATE_LINE_LONG] = { 414, "URI_TOO_LONG", "request line too long",
	    NULL },
	[GATE_HEAD_LONG] = { 431, "HEADERS_TOO_LARGE",
	    "request headers too large", NULL },
	[GATE_MANY] = { 431, "HEADERS_TOO_LARGE", "too many request headers",
	    NULL },
	[GATE_FOLD] = { BAD, "folded header line", NULL },
	[GATE_NAME] = { BAD, "malformed header name", NULL },
	[GATE_HOST_NONE] = { BAD, "no Host header", NULL },
	[GATE_HOST_TWO] = { BAD, "more than one Host header", NULL },
	[GATE_HOST] = { BAD, "malformed Host, or not the host of the target",
	    NULL },
	[GATE_LENGTH] = { BAD, "malformed or repeated Content-Length", NULL },
	[GATE_CODING] = { BAD, "the only Transfer-Encoding is chunked", NULL },
	[GATE_BOTH] = { BAD, "both Content-Length and Transfer-Encoding",
	    NULL },
	[GATE_BODY_LONG] = { 413, "BODY_TOO_LARGE", "request body too large",
	    NULL },
	[GATE_CHUNK] = { BAD, "malformed chunked body", NULL },
	[GATE_EXPECT] = { 417, "EXPECTATION_FAILED",
	    "the only expectation is 100-continue", NULL },
	[GATE_UPGRADE] = { 400, "BAD_UPGRADE",
	    "the only upgrade is a well-formed WebSocket handshake", NULL },
	[GATE_WS_VERSION] = { 426, "BAD_UPGRADE",
	    "the only WebSocket version is 13",
	    "Sec-WebSocket-Version: 13\r\n" },
	[GATE_HEAD_SLOW] = { 408, "TIMEOUT", "request head took too long",
	    NULL },
	[GATE_BODY_SLOW] = { 408, "TIMEOUT", "request body took too long",
	    NULL },
	[GATE_PEER] = { 403, "OTHER_ACCOUNT",
	    "this socket is for the account it belongs to", NULL },
	[GATE_CONNS] = { 503, "TOO_MANY_CONNECTIONS", "too many connections",
	    LATER },
	[GATE_DRAIN] = { 503, "SHUTTING_DOWN", "the server is shutting down",
	    LATER },
};

const struct gate_row *
gate_row(enum gate_why why)
{
	return &rows[why];
}

enum gate_why
gate_scan(const char *p, size_t len, size_t *seen, size_t *end,
    const struct http_limits *lim)
{
	/*
	 * A head that comes in drips is not looked at from its start each time,
	 * which would cost the square of its length.
	 */
	size_t i = *seen;

	for (; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		/* A CR is judged by what follows it. */
		if (i > 0 && p[i - 1] == '\r' && c != '\n')
			return GATE_BYTE;
		/*
		 * From 0x80 on too: RFC 9110 section 5.5 allows it in values,
		 * and whoever compares a value compares bytes.
		 */
		if (c >= 0x20 && c != 0x7f)
			continue;
		if (c == '\n') {
			if (i == 0 || p[i - 1] != '\r')
				return GATE_BYTE;
			if (i >= 3 && p[i - 2] == '\n') {
				*end = i + 1;
				break;
			}
		} else if (c != '\r' && c != '\t') {
			return GATE_BYTE;
		}
	}
	*seen = i;
	/* The line first: who sends a long target hears 414 and not 431. */
	if (i > lim->line && memchr(p, '\n', lim->line) == NULL)
		return GATE_LINE_LONG;
	return i > lim->header ? GATE_HEAD_LONG : GATE_OK;
}

/* RFC 9110 section 5.6.2 */
static bool
token_byte(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z'))
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static size_t
token_len(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && token_byte((unsigned char)*q))
		q++;
	return (size_t)(q - p);
}

/* Case counts (RFC 9110 section 9.1). */
static bool
method_find(const char *s, size_t len, enum http_method *out)
{
	for (int m = 0; m < HTTP_M_MAX; m++) {
		const char *name = http_method_name(m);

		if (strlen(name) == len && memcmp(name, s, len) == 0) {
			*out = m;
			return true;
		}
	}
	return false;
}

static bool
version_like(const char *s, size_t len)
{
	return len == 8 && memcmp(s, "HTTP/", 5) == 0 && s[5] >= '0' &&
	       s[5] <= '9' && s[6] == '.' && s[7] >= '0' && s[7] <= '9';
}

/* `end` is the CR of the line. */
static enum gate_why
request_line(const char *p, const char *end, struct gate_head *out)
{
	size_t method = token_len(p, end);
	const char *target = p + method + 1, *sp;

	if (method == 0 || target >= end || p[method] != ' ')
		return GATE_LINE;
	sp = memchr(target, ' ', (size_t)(end - target));
	if (sp == NULL || sp == target)
		return GATE_LINE;
	if (!version_like(sp + 1, (size_t)(end - sp - 1)))
		return GATE_LINE;
	/* 1.0 knows no Host and no chunks; nginx is told to speak 1.1 to us. */
	if (memcmp(sp + 1, "HTTP/1.1", 8) != 0)
		return GATE_VERSION;
	/* Last, so that 501 is never the answer to what is no request line. */
	if (!method_find(p, method, &out->method))
		return GATE_METHOD;
	out->target = target;
	out->target_len = (size_t)(sp - target);
	return GATE_OK;
}

static enum gate_why
on_host(struct gate_head *h, const char *v, size_t len)
{
	if (h->host != NULL)
		return GATE_HOST_TWO;
	h->host = v;
	h->host_len = len;
	return target_host_valid(v, len) ? GATE_OK : GATE_HOST;
}

static enum gate_why
on_length(struct gate_head *h, const char *v, size_t len)
{
	uint64_t n = 0;

	if (h->has_length || len == 0 || len > LENGTH_DIGITS)
		return GATE_LENGTH;
	for (size_t i = 0; i < len; i++) {
		if (v[i] < '0' || v[i] > '9')
			return GATE_LENGTH;
		n = n * 10 + (uint64_t)(v[i] - '0');
	}
	h->has_length = true;
	h->length = n;
	return GATE_OK;
}

static enum gate_why
on_coding(struct gate_head *h, const char *v, size_t len)
{
	/*
	 * "chunked" alone, once: a list, or a second line, is where two readers
	 * begin to differ on where the body ends.
	 */
	if (h->chunked || len != 7 || strncasecmp(v, "chunked", 7) != 0)
		return GATE_CODING;
	h->chunked = true;
	return GATE_OK;
}

/*
 * The lines that say where a request ends and whom it is for. All others are
 * left to whoever asks for them.
 */
static const struct special {
	const char *name;
	enum gate_why (*fn)(struct gate_head *h, const char *v, size_t len);
} specials[] = {
	{ "host", on_host },
	{ "content-length", on_length },
	{ "transfer-encoding", on_coding },
};

static enum gate_why
header_line(const char *p, const char *end, struct gate_head *h)
{
	size_t name = token_len(p, end);
	const char *v = p + name + 1;

	if (*p == ' ' || *p == '\t')
		return GATE_FOLD;
	if (name == 0 || p + name == end || p[name] != ':')
		return GATE_NAME;
	/* Blanks around a value are not part of it (RFC 9112 section 5.1). */
	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++)
		if (strlen(specials[i].name) == name &&
		    strncasecmp(specials[i].name, p, name) == 0)
			return specials[i].fn(h, v, (size_t)(end - v));
	return GATE_OK;
}

/* What can only be said once all lines are known. */
static enum gate_why
whole_head(const struct gate_head *h)
{
	struct target t;

	if (h->host == NULL)
		return GATE_HOST_NONE;
	if (h->chunked && h->has_length)
		return GATE_BOTH;
	if (!target_split(h->target, h->target_len, &t))
		return GATE_TARGET;
	/* Comparing with Host also refuses "http://user@host/". */
	if (t.authority != NULL &&
	    (t.authority_len != h->host_len ||
		strncasecmp(t.authority, h->host, h->host_len) != 0))
		return GATE_HOST;
	return GATE_OK;
}

enum gate_why
gate_head(const char *head, size_t len, const struct http_limits *lim,
    struct gate_head *out)
{
	struct gate_head h = { 0 };
	/* The last two bytes are the empty line. */
	const char *p = head, *stop = head + len - 2;
	const char *cr = memchr(p, '\r', len);
	enum gate_why why = request_line(p, cr, &h);

	while (why == GATE_OK && (p = cr + 2) < stop) {
		cr = memchr(p, '\r', (size_t)(stop - p));
		if (++h.nheaders > lim->nheaders)
			why = GATE_MANY;
		else
			why = header_line(p, cr, &h);
	}
	if (why == GATE_OK)
		why = whole_head(&h);
	if (why == GATE_OK)
		*out = h;
	return why;
}
