/* SPDX-License-Identifier: MIT */
/*
 * The client's half of RFC 6455 written out by hand, so that the tests do not
 * share a library, and its opinions, with the server.
 */
#include "tests/unit/http/wsrig.h"

#include "tests/unit/check.h"

#include <string.h>

#include "daemon/http/server.h"

const char wsrig_handshake[] =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: other, rdv.v1\r\n\r\n";

static void
on_message(struct ws *ws, bool text, const uint8_t *p, size_t len, void *arg)
{
	struct wsrig *a = arg;

	a->messages++;
	a->text = text;
	a->len = len;
	memcpy(a->last, p, len);
	a->last[len] = '\0';
	if (a->pause)
		ws_pause(ws, true);
	if (a->echo && text)
		ws_text(ws, (const char *)p, len);
	else if (a->echo)
		ws_binary(ws, "head", 4, p, len);
}

static void
on_drained(struct ws *ws, void *arg)
{
	struct wsrig *a = arg;

	a->drained++;
	assert_true(ws_queued(ws) < WSRIG_LOW / 2);
}

static void
on_closed(struct ws *ws, unsigned code, void *arg)
{
	struct wsrig *a = arg;

	a->closed++;
	a->code = code;
	if (a->ws == ws)
		a->ws = NULL;
}

static const struct ws_ops ops = { on_message, on_drained, on_closed };

static void
dispatch(struct http_req *r, void *arg)
{
	struct wsrig *a = arg;
	const struct ws_conf conf = {
		.subprotocol = ws_offers(r, "rdv.v1") ? "rdv.v1" : NULL,
		.max = WSRIG_MAX,
		.low = WSRIG_LOW,
	};

	assert_true(r->websocket);
	assert_true(ws_offers(r, "other"));
	assert_false(ws_offers(r, "RDV.v1") || ws_offers(r, "rdv"));
	a->ws = ws_accept(r, &conf, &ops, a);
	assert_non_null(a->ws);
}

void
wsrig_start(struct wsrig *a)
{
	memset(a, 0, sizeof *a);
	a->echo = true;
	rig_start(&a->g, NULL, dispatch, a);
}

int
wsrig_open(struct wsrig *a)
{
	struct rig_answer r;
	int fd = rig_connect(&a->g);

	rig_text(&a->g, fd, wsrig_handshake);
	rig_get(&a->g, fd, &r);
	assert_int_equal(r.status, 101);
	assert_string_equal(rig_field(&r, "Sec-WebSocket-Accept"),
	    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_string_equal(rig_field(&r, "Upgrade"), "websocket");
	assert_string_equal(rig_field(&r, "Connection"), "Upgrade");
	assert_string_equal(rig_field(&r, "Sec-WebSocket-Protocol"), "rdv.v1");
	assert_null(rig_field(&r, "Content-Length"));
	return fd;
}

void
wsrig_put(struct wsrig *a, int fd, uint8_t first, const void *p, size_t len)
{
	static const uint8_t mask[4] = { 0x12, 0x34, 0x56, 0x78 };
	uint8_t out[WSRIG_MAX + 100], *q = out;
	const uint8_t *in = p;

	*q++ = first;
	if (len < 126) {
		*q++ = (uint8_t)(0x80 | len);
	} else if (len < 65536) {
		*q++ = 0x80 | 126;
		*q++ = (uint8_t)(len >> 8);
		*q++ = (uint8_t)len;
	} else {
		memcpy(q, "\xff\0\0\0\0\0", 6);
		q += 6;
		*q++ = (uint8_t)(len >> 16);
		*q++ = (uint8_t)(len >> 8);
		*q++ = (uint8_t)len;
	}
	memcpy(q, mask, 4);
	q += 4;
	for (size_t i = 0; i < len; i++)
		*q++ = in[i] ^ mask[i % 4];
	rig_send(&a->g, fd, out, (size_t)(q - out));
}

void
wsrig_text(struct wsrig *a, int fd, uint8_t first, const char *text)
{
	wsrig_put(a, fd, first, text, strlen(text));
}

bool
wsrig_get(struct wsrig *a, int fd, struct wsrig_frame *f)
{
	uint8_t h[2], l[8] = { 0 };
	unsigned n;

	if (!rig_read(&a->g, fd, h, 2))
		return false;
	f->first = h[0];
	assert_int_equal(h[1] & 0x80, 0); /* servers do not mask */
	n = h[1] == 126 ? 2 : h[1] == 127 ? 8 : 0;
	f->len = h[1];
	assert_true(rig_read(&a->g, fd, l, n));
	for (unsigned i = 0; i < n; i++)
		f->len = (i == 0 ? 0 : f->len << 8) | l[i];
	assert_true(f->len < sizeof f->data);
	assert_true(rig_read(&a->g, fd, f->data, f->len));
	f->data[f->len] = '\0';
	return true;
}

void
wsrig_expect(struct wsrig *a, int fd, const char *text)
{
	struct wsrig_frame f;

	assert_true(wsrig_get(a, fd, &f));
	assert_int_equal(f.first, 0x81);
	assert_string_equal(f.data, text);
}

bool
wsrig_all_closed(void *arg)
{
	struct wsrig *a = arg;

	return a->g.server->stats.websockets == a->keep;
}

void
wsrig_expect_close(struct wsrig *a, int fd, unsigned code)
{
	struct wsrig_frame f;

	assert_true(wsrig_get(a, fd, &f));
	assert_int_equal(f.first, 0x88);
	assert_true(f.len >= 2);
	assert_int_equal((uint8_t)f.data[0] << 8 | (uint8_t)f.data[1], code);
	rig_expect_end(&a->g, fd);
	rig_until(&a->g, wsrig_all_closed, a);
	assert_int_equal(a->code, code);
}
