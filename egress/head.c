/* SPDX-License-Identifier: MIT */
/*
 * The head of the one request of a connection. Everything that decides where it
 * goes is taken from its first line; the Host that the other side gets is made
 * of that, whatever was said. Headers that are about this connection alone stop
 * here, so that the other side closes after its answer and nothing can follow
 * the request (abuse I11).
 */
#include "egress/head.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/str.h"

#define HEADERS_MAX 100
#define METHOD_MAX  32
#define DIGITS	    "0123456789"
#define LETTERS	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN	    DIGITS LETTERS "!#$%&'*+-.^_`|~"

/* A piece of the head. */
struct span {
	const char *p;
	size_t n;
};

struct header {
	struct span name, value;
};

struct parse {
	struct head *h;
	struct span method, target, version;
	struct header headers[HEADERS_MAX];
	size_t n;
	const char *why;
};

static int
no(struct parse *s, int status, const char *why)
{
	s->why = why;
	return -status;
}

/* Bytes up to the empty line with it, or 0. */
static size_t
end_of(const char *p, size_t len)
{
	const char *end = memmem(p, len, "\r\n\r\n", 4);

	return end != NULL ? (size_t)(end - p) + 4 : 0;
}

static size_t
run_of(const char *set, struct span s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(set, s.p[i]) == NULL)
			break;
	return i;
}

/* The line that `rest` begins with, without its end; and `rest` after it. */
static struct span
take_line(struct span *rest)
{
	const char *end = memmem(rest->p, rest->n, "\r\n", 2);
	const struct span line = { rest->p, (size_t)(end - rest->p) };

	rest->p = end + 2;
	rest->n -= line.n + 2;
	return line;
}

static struct span
take_word(struct span *rest)
{
	const char *end = memchr(rest->p, ' ', rest->n);
	struct span word = *rest;

	if (end != NULL)
		word.n = (size_t)(end - rest->p);
	rest->p += word.n + (end != NULL);
	rest->n -= word.n + (end != NULL);
	return word;
}

/* One blank between each two of three words, and nothing that is not seen. */
static bool
first_line(struct parse *s, struct span line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f)
			return false;
	s->method = take_word(&line);
	s->target = take_word(&line);
	s->version = line;
	return s->method.n > 0 && s->method.n <= METHOD_MAX &&
	       run_of(TOKEN, s->method) == s->method.n && s->target.n > 0 &&
	       line.n == 8 && memcmp(line.p, "HTTP/1.", 7) == 0 &&
	       (line.p[7] == '0' || line.p[7] == '1');
}

/* A line that begins with a blank would be part of the one before to some. */
static bool
add_header(struct parse *s, struct span line)
{
	struct header *h = &s->headers[s->n];
	const size_t n = run_of(TOKEN, line);

	if (s->n == HEADERS_MAX || n == 0 || n == line.n || line.p[n] != ':')
		return false;
	h->name = (struct span){ line.p, n };
	h->value = (struct span){ line.p + n + 1, line.n - n - 1 };
	while (h->value.n > 0 && strchr(" \t", h->value.p[0]) != NULL) {
		h->value.p++;
		h->value.n--;
	}
	while (h->value.n > 0 &&
	       strchr(" \t", h->value.p[h->value.n - 1]) != NULL)
		h->value.n--;
	for (size_t i = 0; i < h->value.n; i++)
		if (((unsigned char)h->value.p[i] < 0x20 &&
			h->value.p[i] != '\t') ||
		    h->value.p[i] == 0x7f)
			return false;
	s->n++;
	return true;
}

static bool
is(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* Whether a comma list has the word. */
static bool
lists(struct span list, struct span word)
{
	while (list.n > 0) {
		struct span one = { list.p, 0 };

		while (one.n < list.n && list.p[one.n] != ',')
			one.n++;
		list.p += one.n + (one.n < list.n);
		list.n -= one.n + (one.n < list.n);
		while (one.n > 0 && strchr(" \t", one.p[0]) != NULL) {
			one.p++;
			one.n--;
		}
		while (one.n > 0 && strchr(" \t", one.p[one.n - 1]) != NULL)
			one.n--;
		if (one.n == word.n && strncasecmp(one.p, word.p, word.n) == 0)
			return true;
	}
	return false;
}

static int
content_length(struct parse *s, struct span v)
{
	char text[24];

	if (v.n == 0 || v.n >= sizeof(text) || run_of(DIGITS, v) != v.n)
		return no(s, 400, "Content-Length is no number");
	memcpy(text, v.p, v.n);
	text[v.n] = '\0';
	if (!str_to_u64(text, 0, INT64_MAX, &s->h->length))
		return no(s, 400, "Content-Length is no number");
	s->h->body = s->h->length > 0 ? BODY_LENGTH : BODY_NONE;
	return 0;
}

/* Two ways to say how long a body is are two lengths to somebody. */
static int
judge_body(struct parse *s)
{
	unsigned said = 0;
	int err = 0;

	for (size_t i = 0; i < s->n && err == 0; i++) {
		const struct header *h = &s->headers[i];

		if (is(h->name, "content-length")) {
			said++;
			err = content_length(s, h->value);
		} else if (is(h->name, "transfer-encoding")) {
			said++;
			s->h->body = BODY_CHUNKED;
			if (!is(h->value, "chunked"))
				err = no(s, 501,
				    "a Transfer-Encoding but chunked");
		}
	}
	if (err == 0 && said > 1)
		err = no(s, 400, "the length of the body is said twice");
	/* Before 1.1 chunks are not known, and to some the next request. */
	if (err == 0 && s->h->body == BODY_CHUNKED && s->version.p[7] == '0')
		err = no(s, 400, "chunks in HTTP/1.0");
	if (err == 0 && s->h->connect && s->h->body != BODY_NONE)
		err = no(s, 400, "CONNECT with a body");
	return err;
}

/* HOST:PORT, with `port` where none is said. */
static bool
set_target(struct head *h, struct span s, const char *port)
{
	const char *colon = memrchr(s.p, ':', s.n);
	const bool said =
	    colon != NULL &&
	    memchr(colon, ']', s.n - (size_t)(colon - s.p)) == NULL;
	int n;

	if (s.n >= sizeof(h->shown) || memchr(s.p, '\0', s.n) != NULL ||
	    (!said && port == NULL))
		return false;
	n = snprintf(h->shown, sizeof(h->shown), "%.*s%s%s", (int)s.n, s.p,
	    said ? "" : ":", said ? "" : port);
	return n > 0 && (size_t)n < sizeof(h->shown) &&
	       target_parse(h->shown, &h->target);
}

static bool
put(struct head *h, const char *p, size_t n)
{
	if (n > sizeof(h->out) - h->outlen)
		return false;
	memcpy(h->out + h->outlen, p, n);
	h->outlen += n;
	return true;
}

static bool
put_text(struct head *h, const char *text)
{
	return put(h, text, strlen(text));
}

static bool
stops_here(const struct parse *s, struct span name)
{
	static const char *const own[] = { "host", "connection",
		"proxy-connection", "proxy-authorization", "keep-alive", "te",
		"upgrade" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (is(name, own[i]))
			return true;
	/* How long the body is may not be taken away by naming it there. */
	if (is(name, "content-length") || is(name, "transfer-encoding"))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (is(s->headers[i].name, "connection") &&
		    lists(s->headers[i].value, name))
			return true;
	return false;
}

static bool
put_headers(struct parse *s)
{
	bool fits = true;

	for (size_t i = 0; i < s->n && fits; i++) {
		const struct header *h = &s->headers[i];

		if (!stops_here(s, h->name))
			fits = put(s->h, h->name.p, h->name.n) &&
			       put_text(s->h, ": ") &&
			       put(s->h, h->value.p, h->value.n) &&
			       put_text(s->h, "\r\n");
	}
	return fits;
}

/*
 * "http://HOST[:PORT][/PATH][?QUERY]"; what is asked for is only put through.
 */
static int
absolute(struct parse *s)
{
	static const char scheme[] = "http://";
	struct span t = s->target, host;
	const size_t n = sizeof(scheme) - 1;

	if (t.n <= n || strncasecmp(t.p, scheme, n) != 0)
		return no(s, 400,
		    "this is a proxy: CONNECT HOST:PORT, or http://HOST/");
	t.p += n;
	t.n -= n;
	for (host = (struct span){ t.p, 0 };
	     host.n < t.n && strchr("/?#", t.p[host.n]) == NULL; host.n++)
		continue;
	t.p += host.n;
	t.n -= host.n;
	if (!set_target(s->h, host, "80"))
		return no(s, 400, "the target names no host");
	if (memchr(t.p, '#', t.n) != NULL)
		return no(s, 400, "the target has a fragment");
	if (!put(s->h, s->method.p, s->method.n) ||
	    !put_text(s->h, t.n > 0 && t.p[0] == '/' ? " " : " /") ||
	    !put(s->h, t.p, t.n) || !put_text(s->h, " ") ||
	    !put(s->h, s->version.p, s->version.n) ||
	    !put_text(s->h, "\r\nHost: ") || !put(s->h, host.p, host.n) ||
	    !put_text(s->h, "\r\n") || !put_headers(s) ||
	    !put_text(s->h, "Connection: close\r\n\r\n"))
		return no(s, 431, "the head is too long");
	return 0;
}

static int
judge(struct parse *s)
{
	int err;

	s->h->connect =
	    s->method.n == 7 && memcmp(s->method.p, "CONNECT", 7) == 0;
	err = judge_body(s);
	if (err != 0)
		return err;
	if (!s->h->connect)
		return absolute(s);
	if (!set_target(s->h, s->target, NULL))
		return no(s, 400, "CONNECT names no HOST:PORT");
	return 0;
}

int
head_parse(const char *p, size_t len, struct head *h, const char **why)
{
	const size_t n = end_of(p, len);
	struct span rest = { p, n };
	struct parse s = { .h = h };
	int err = 0;

	memset(h, 0, sizeof(*h));
	if (n == 0 && len < HEAD_MAX)
		return 0;
	if (n == 0 || n > HEAD_MAX)
		err = no(&s, 431, "the head is too long");
	else if (!first_line(&s, take_line(&rest)))
		err = no(&s, 400, "the first line is none of HTTP/1.1");
	while (err == 0 && rest.n > 2)
		if (!add_header(&s, take_line(&rest)))
			err = no(&s, 400, "a header that is none");
	if (err == 0)
		err = judge(&s);
	*why = s.why;
	return err != 0 ? err : (int)n;
}
