/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPLY_H
#define RDV_REPLY_H

#include "daemon/http/gate.h"

struct buf;
struct http_conn;
struct http_server;

/*
 * Starts a head in the server's scratch buffer: status line and the fields
 * every answer has. Add lines, then reply_send() it.
 */
struct buf *reply_start(struct http_server *s, int status, const char *id);
void reply_field(struct buf *b, const char *name, const char *value);
/* Ends the head and writes it. */
void reply_send(struct buf *b, struct http_conn *c);
/*
 * A whole answer for what the gate refuses, the same shape as every error;
 * it announces the end of the connection. Stays in the scratch buffer.
 */
struct buf *
reply_refusal(struct http_server *s, enum gate_why why, const char *id);

#endif
