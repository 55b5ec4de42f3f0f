/* SPDX-License-Identifier: MIT */
#ifndef RDV_HANDSHAKE_H
#define RDV_HANDSHAKE_H

#include "daemon/http/gate.h"

#define HANDSHAKE_ACCEPT 29 /* base64 of a SHA-1 and a NUL */

/*
 * Judges an Upgrade header (abuse B11): none is fine, a complete WebSocket
 * handshake sets r->websocket, anything else is refused.
 */
enum gate_why handshake_check(struct http_req *r);
/* Sec-WebSocket-Accept for a key that handshake_check() passed. */
void handshake_accept(const char *key, char out[HANDSHAKE_ACCEPT]);

#endif
