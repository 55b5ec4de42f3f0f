/* SPDX-License-Identifier: MIT */
/*
 * Responses by http-parser. Of the headers only those named in the table are
 * kept, each up to a bound, so that a broken server cannot make us hold more
 * than the body function chooses to.
 */
#include "cli/http.h"

#include <http_parser.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/xalloc.h"

#define VALUE_MAX 512

static const char *const kept[] = { "content-type", "retry-after",
	"sec-websocket-accept", "sec-websocket-protocol",
	"idempotency-replayed" };
#define KEPT (sizeof(kept) / sizeof(kept[0]))

struct http {
	http_parser parser;
	http_body_fn *body;
	void *arg;
	char value[KEPT][VALUE_MAX];
	char field[64];
	size_t field_len;
	bool in_value;
	bool head_done, done, stopped;
};

/* The library calls this once per piece; a value in between ends the name. */
static int
header_field_cb(http_parser *p, const char *at, size_t len)
{
	struct http *h = p->data;

	if (h->in_value)
		h->field_len = 0;
	h->in_value = false;
	/* A name that was cut is none that we keep. */
	if (len >= sizeof(h->field) - h->field_len)
		len = sizeof(h->field) - h->field_len - 1;
	memcpy(h->field + h->field_len, at, len);
	h->field_len += len;
	h->field[h->field_len] = '\0';
	return 0;
}

/* Too long a value ends the parsing: better no answer than half of one. */
static int
header_value_cb(http_parser *p, const char *at, size_t len)
{
	struct http *h = p->data;
	size_t i, n;

	h->in_value = true;
	for (i = 0; i < KEPT; i++) {
		if (strcasecmp(kept[i], h->field) != 0)
			continue;
		n = strlen(h->value[i]);
		if (len >= VALUE_MAX - n)
			return 1;
		memcpy(h->value[i] + n, at, len);
		h->value[i][n + len] = '\0';
	}
	return 0;
}

/* 100 Continue and its like are skipped: the real head follows. */
static int
headers_complete_cb(http_parser *p)
{
	struct http *h = p->data;

	h->head_done = p->status_code >= 200 || p->status_code == 101;
	return 0;
}

static int
body_cb(http_parser *p, const char *at, size_t len)
{
	struct http *h = p->data;

	if (h->body == NULL || h->body(at, len, h->arg))
		return 0;
	h->stopped = true;
	return 1;
}

static int
message_complete_cb(http_parser *p)
{
	struct http *h = p->data;

	if (!h->head_done)
		return 0;
	h->done = true;
	/* Stops here: what follows is not ours. */
	http_parser_pause(p, 1);
	return 0;
}

static const http_parser_settings settings = {
	.on_header_field = header_field_cb,
	.on_header_value = header_value_cb,
	.on_headers_complete = headers_complete_cb,
	.on_body = body_cb,
	.on_message_complete = message_complete_cb,
};

struct http *
http_new(http_body_fn *body, void *arg)
{
	struct http *h = xcalloc(1, sizeof(*h));

	http_parser_init(&h->parser, HTTP_RESPONSE);
	h->parser.data = h;
	h->body = body;
	h->arg = arg;
	return h;
}

void
http_free(struct http *h)
{
	free(h);
}

/* End of file completes a body without length, and nothing else. */
int
http_feed(struct http *h, const char *p, size_t len, size_t *used)
{
	if (h->done)
		return RDV_E_EXISTS;
	*used = http_parser_execute(&h->parser, &settings, p, len);
	if (h->stopped)
		return RDV_E_STATE;
	if (h->done)
		return RDV_E_EXISTS;
	if (HTTP_PARSER_ERRNO(&h->parser) != HPE_OK || len == 0)
		return RDV_E_MALFORMED;
	return 0;
}

int
http_status(const struct http *h)
{
	return h->head_done ? (int)h->parser.status_code : 0;
}

const char *
http_header(const struct http *h, const char *name)
{
	size_t i;

	for (i = 0; i < KEPT; i++) {
		if (strcasecmp(kept[i], name) == 0)
			return h->value[i];
	}
	return "";
}

/* All but the unreserved characters of RFC 3986 section 2.3. */
void
http_put_escaped(struct buf *b, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL)
			buf_put_u8(b, (uint8_t)*text);
		else
			buf_printf(b, "%%%02X", (unsigned)(uint8_t)*text);
	}
}
