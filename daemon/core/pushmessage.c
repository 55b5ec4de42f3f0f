/* SPDX-License-Identifier: MIT */
/*
 * One push as a request: RFC 8030 with the authorization of RFC 8292. What a
 * push service sees of it is a length that is always the same, until when it
 * matters, and a topic by which a second one takes the place of the first.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/core/pushstate.h"
#include "daemon/core/pushurl.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"

#define SIGNED_S (12 * 3600) /* RFC 8292 allows a day */
#define PADDED	 128	     /* bytes that every text is made of */
#define TEXT_MAX 1024
#define BODY_MAX 1024

/* {"v", "kind", "approval"}: what it is about, and no word of it (K11). */
static void
put_text(struct buf *b, const struct push_letter *l)
{
	struct js *o = js_object();

	js_add_int(o, "v", 1);
	js_add_str(o, "kind", l->kind);
	js_add_str(o, "approval", l->approval_id);
	js_finish(o, b);
}

static bool
seal(const struct push_letter *l, struct buf *out)
{
	uint8_t salt[PUSH_SALT];
	struct push_reader to;
	struct push_key once;
	struct buf text;
	bool good;

	secret_random(salt, sizeof(salt));
	buf_init(&text, PADDED);
	put_text(&text, l);
	good = str_unbase64url(to.point, PUSH_POINT, l->p256dh) &&
	       str_unbase64url(to.auth, PUSH_AUTH, l->auth) &&
	       push_key_new(&once) && buf_ok(&text) &&
	       push_seal(&to, &once, salt, text.data, text.len, PADDED, out);
	secret_wipe(&once, sizeof(once));
	buf_done(&text);
	return good;
}

static void
put_json64(struct buf *out, struct js *o)
{
	char text[2 * TEXT_MAX];
	struct buf b;

	buf_init(&b, TEXT_MAX);
	js_finish(o, &b);
	str_base64url(text, b.data, b.len);
	buf_put_text(out, text);
	buf_done(&b);
}

/* RFC 7515, for that origin alone. */
static bool
put_token(const struct push_key *key, const struct push_letter *l,
    const char *origin, struct buf *out)
{
	struct js *head = js_object(), *claims = js_object();
	uint8_t signature[PUSH_SIGNATURE];
	char text[2 * PUSH_SIGNATURE];

	js_add_str(head, "typ", "JWT");
	js_add_str(head, "alg", "ES256");
	js_add_str(claims, "aud", origin);
	js_add_int(claims, "exp", l->now_ms / 1000 + SIGNED_S);
	/* Where somebody who is troubled finds us: it may be left out. */
	if (*l->contact != '\0')
		js_add_str(claims, "sub", l->contact);
	put_json64(out, head);
	buf_put_text(out, ".");
	put_json64(out, claims);
	if (!buf_ok(out) || !push_sign(key, buf_cstr(out), signature))
		return false;
	str_base64url(text, signature, sizeof(signature));
	buf_put_text(out, ".");
	buf_put_text(out, text);
	return buf_ok(out);
}

/* At most 32 characters of base64url: a UUID without its hyphens. */
static void
put_topic(struct buf *out, const char *approval_id)
{
	if (approval_id == NULL)
		return;
	buf_put_text(out, "Topic: ");
	for (; *approval_id != '\0'; approval_id++)
		if (*approval_id != '-')
			buf_put(out, approval_id, 1);
	buf_put_text(out, "\r\n");
}

static void
put_head(const struct push_key *key, const struct push_letter *l,
    const struct push_url *url, const char *token, size_t len, struct buf *out)
{
	char point[PUSH_KEY];

	str_base64url(point, key->point, PUSH_POINT);
	buf_printf(out, "POST %s HTTP/1.1\r\nHost: %s\r\n", url->path,
	    url->origin + strlen("https://"));
	buf_printf(out, "TTL: %lld\r\nUrgency: high\r\n", (long long)l->ttl_s);
	put_topic(out, l->approval_id);
	buf_printf(out, "Authorization: vapid t=%s, k=%s\r\n", token, point);
	buf_printf(out,
	    "Content-Type: application/octet-stream\r\n"
	    "Content-Encoding: aes128gcm\r\nContent-Length: %zu\r\n"
	    "Connection: close\r\n\r\n",
	    len);
}

bool
push_write(const struct push_key *key, const struct push_letter *l,
    struct buf *out)
{
	struct push_url url;
	struct buf token, body;
	bool good;

	buf_init(&token, 4 * TEXT_MAX);
	buf_init(&body, BODY_MAX);
	good = push_url_parse(l->endpoint, &url) && seal(l, &body) &&
	       put_token(key, l, url.origin, &token);
	if (good) {
		put_head(key, l, &url, buf_cstr(&token), body.len, out);
		buf_put(out, body.data, body.len);
	}
	buf_done(&token);
	buf_done(&body);
	return good && buf_ok(out);
}
