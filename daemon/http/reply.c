/* SPDX-License-Identifier: MIT */
/*
 * Answers as bytes. Heads are put together in one buffer of the server by
 * copying, not by printf: this is a good part of what a small request costs.
 *
 * Invariant: no header of an answer contains a byte that could end its line,
 * wherever its text came from.
 */
#include "daemon/http/reply.h"

#include <string.h>
#include <time.h>

#include "daemon/http/conn.h"
#include "daemon/http/exchange.h"
#include "daemon/http/parse.h"
#include "daemon/http/request.h"
#include "daemon/http/server.h"
#include "lib/clock.h"
#include "lib/log.h"

#define WHOLE_MAX 16384 /* a body up to this is copied behind its head */

static const struct reason {
	int status;
	const char *phrase;
} reasons[] = {
	{ 200, "OK" },
	{ 101, "Switching Protocols" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
};

static const char *
phrase(int status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].phrase;
	return ""; /* the grammar allows an empty one */
}

/*
 * The Date line, made once a second. RFC 9110 section 6.6.1 asks for it;
 * IMF-fixdate in the C locale, in which rdvd stays.
 */
static void
put_date(struct http_server *s, struct buf *b)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	if (now != s->date_s && gmtime_r(&now, &tm) != NULL) {
		s->date_s = now;
		(void)strftime(s->date, sizeof s->date,
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
	}
	buf_put_text(b, s->date);
}

struct buf *
reply_start(struct http_server *s, int status, const char *id)
{
	struct buf *b = &s->head;

	buf_reset(b);
	buf_put_text(b, "HTTP/1.1 ");
	buf_put_dec(b, status);
	buf_put_text(b, " ");
	buf_put_text(b, phrase(status));
	buf_put_text(b, "\r\n");
	put_date(s, b);
	buf_put_text(b, "Cache-Control: no-store\r\n"
			"X-Content-Type-Options: nosniff\r\n"
			"X-Request-Id: ");
	buf_put_text(b, id);
	buf_put_text(b, "\r\n");
	return b;
}

void
reply_field(struct buf *b, const char *name, const char *value)
{
	buf_put_text(b, name);
	buf_put_text(b, ": ");
	buf_put_text(b, value);
	buf_put_text(b, "\r\n");
}

void
reply_send(struct buf *b, struct http_conn *c)
{
	buf_put_text(b, "\r\n");
	conn_write(c, b->data, b->len);
}

static void
put_length(struct buf *b, size_t len)
{
	buf_put_text(b, "Content-Length: ");
	buf_put_dec(b, (int64_t)len);
	buf_put_text(b, "\r\n");
}

/*
 * In one buffer of known length, without jansson and without memory of a
 * request: refusals are what an attacker gets most of.
 */
struct buf *
reply_refusal(struct http_server *s, enum gate_why why, const char *id)
{
	const struct gate_row *row = gate_row(why);
	struct buf *b = reply_start(s, row->status, id);
	static const char shape[] =
	    "{\"error\":\"\",\"code\":\"\",\"request_id\":\"\"}";

	if (row->field != NULL)
		buf_put_text(b, row->field);
	reply_field(b, "Connection", "close");
	reply_field(b, "Content-Type", "application/json");
	put_length(b, sizeof shape - 1 + strlen(row->sentence) +
			  strlen(row->code) + strlen(id));
	buf_printf(b,
	    "\r\n{\"error\":\"%s\",\"code\":\"%s\",\"request_id\":\"%s\"}",
	    row->sentence, row->code, id);
	return b;
}

static bool
value_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static bool
fields_ok(const struct http_reply *reply)
{
	const char *const *h = reply->headers;

	if (reply->type != NULL && !value_ok(reply->type))
		return false;
	for (; h != NULL && h[0] != NULL; h += 2)
		if (!value_ok(h[0]) || strchr(h[0], ':') != NULL ||
		    !value_ok(h[1]))
			return false;
	return true;
}

static void
write_reply(struct request *q, const struct http_reply *reply, bool close)
{
	struct http_conn *c = q->exchange->conn;
	struct buf *b = reply_start(q->server, reply->status, q->r.id);
	const char *const *h = reply->headers;
	bool body = reply->type != NULL;

	for (; h != NULL && h[0] != NULL; h += 2)
		reply_field(b, h[0], h[1]);
	if (close)
		reply_field(b, "Connection", "close");
	if (body)
		reply_field(b, "Content-Type", reply->type);
	/* A 204 has no length; "no body" of anything else is zero bytes. */
	if (reply->status != 204 && reply->status != 304)
		put_length(b, body ? reply->len : 0);
	buf_put_text(b, "\r\n");
	/*
	 * HEAD: the length GET would have, and no content (RFC 9110 section
	 * 9.3.2).
	 */
	if (!body || q->r.method == HTTP_M_HEAD) {
		conn_send(c, b->data, b->len);
	} else if (reply->len <= WHOLE_MAX) {
		buf_put(b, reply->body, reply->len);
		conn_send(c, b->data, b->len);
	} else {
		conn_write(c, b->data, b->len);
		conn_write(c, reply->body, reply->len);
	}
}

void
http_reply(struct http_req *r, const struct http_reply *reply)
{
	static const struct http_reply broken = { .status = 500,
		.close = true };
	struct request *q = (struct request *)r;
	struct exchange *x = q->exchange;
	bool close;

	/*
	 * A mistake of ours, so 500; to drop the one header would change what
	 * the answer means.
	 */
	if (!fields_ok(reply)) {
		log_errorx("http",
		    "reply header with control bytes, request=%s", r->id);
		reply = &broken;
	}
	r->replied = true;
	if (x != NULL) {
		/*
		 * After a handshake that was not accepted nobody can say what
		 * the next bytes are; before its end, they are a body's.
		 */
		close = reply->close || q->close || r->websocket ||
			!parse_done(q) || q->server->draining;
		write_reply(q, reply, close);
		exchange_answered(x, close);
	}
	request_free(q);
}
