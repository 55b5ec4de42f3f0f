/* SPDX-License-Identifier: MIT */
#ifndef RDV_TICKET_H
#define RDV_TICKET_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/auth/token.h"

struct actor;
struct auth;

/*
 * Tickets open one terminal once, for clients that can set no header and have
 * to say in the address who they are. An address gets into logs and histories,
 * so what stands there is worth nothing by the time somebody reads them. They
 * are in memory alone: a restart is shorter than asking for another one.
 */
#define TICKET_MS	   60000 /* of CLOCK_MONOTONIC */
#define TICKETS_CREDENTIAL 8	 /* then the oldest of that credential goes */
#define TICKETS_USER	   64	 /* and as many of the user's links */
#define TICKETS_ALL	   1024

struct tickets;

struct tickets *tickets_new(void);
void tickets_free(struct tickets *ts);
/*
 * A ticket of `by` for a session of its user; its text is shown to whoever
 * asked and kept nowhere. RDV_E_FULL when others of the user, or of all users,
 * have as many as there may be: nobody's ticket goes for somebody else's.
 */
int auth_ticket_issue(struct auth *a, const struct actor *by,
    const char *session_id, bool read_only, char text[TOKEN_TEXT]);
/*
 * Spends the ticket of that digest, whatever comes of it. True when it is for
 * this session and what it was asked for with still counts: `out` may then do
 * what that may, and no more. In *token_id, if it was a ticket at all, whose.
 */
bool auth_ticket_spend(struct auth *a, const uint8_t digest[DIGEST_LEN],
    const char *session_id, struct actor *out, char token_id[UUID_TEXT]);

#endif
