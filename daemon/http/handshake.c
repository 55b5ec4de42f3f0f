/* SPDX-License-Identifier: MIT */
/*
 * The opening of a WebSocket (RFC 6455 section 4). Unknown upgrades could be
 * ignored by the letter of HTTP; they are refused because a proxy that believes
 * in the upgrade would pass bytes through unseen from then on.
 */
#define OPENSSL_API_COMPAT 0x10100000L /* see handshake_accept() */
#include "daemon/http/handshake.h"

#include <string.h>
#include <strings.h>

#include <openssl/sha.h>

#include "lib/str.h"

/* All of these are of RFC 6455, sections 1.3 and 4.1. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY  16 /* bytes of a nonce */
#define TEXT 24 /* its base64 */

static bool
one_header(const struct http_req *r, const char *name)
{
	return http_header_count(r, name) == 1;
}

/*
 * The length is compared before decoding: 24 characters are exactly 16 bytes,
 * and nothing behind them is passed over.
 */
static bool
key_valid(const struct http_req *r)
{
	const char *key = http_header(r, "sec-websocket-key");
	uint8_t nonce[KEY];
	size_t len;

	return one_header(r, "sec-websocket-key") && strlen(key) == TEXT &&
	       str_unbase64(nonce, sizeof nonce, &len, key) && len == KEY;
}

enum gate_why
handshake_check(struct http_req *r)
{
	const char *upgrade = http_header(r, "upgrade");
	const char *version = http_header(r, "sec-websocket-version");

	if (upgrade == NULL)
		return GATE_OK;
	if (!one_header(r, "upgrade") ||
	    strcasecmp(upgrade, "websocket") != 0 ||
	    !http_list_has(r, "connection", "upgrade") ||
	    r->method != HTTP_M_GET || !key_valid(r))
		return GATE_UPGRADE;
	if (!one_header(r, "sec-websocket-version") ||
	    strcmp(version, "13") != 0)
		return GATE_WS_VERSION;
	r->websocket = true;
	return GATE_OK;
}

void
handshake_accept(const char *key, char out[HANDSHAKE_ACCEPT])
{
	uint8_t sum[SHA_DIGEST_LENGTH];
	SHA_CTX ctx;

	/* SHA1() would fetch it from a provider, and those cost 2 MB. */
	(void)SHA1_Init(&ctx);
	(void)SHA1_Update(&ctx, key, TEXT);
	(void)SHA1_Update(&ctx, GUID, sizeof GUID - 1);
	(void)SHA1_Final(sum, &ctx);
	str_base64(out, sum, sizeof sum);
}
