/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTH_H
#define RDV_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/secret.h"

struct http_req;

/* How a caller proved who it is. */
enum auth_via { AUTH_SERVICE, AUTH_TOKEN, AUTH_COOKIE, AUTH_VIA_MAX };

/* What a caller may do; a route row names the one scope it needs. */
#define SCOPE_NONE    0x00u /* no credential needed */
#define SCOPE_READ    0x01u
#define SCOPE_RUN     0x02u /* act on sessions: input, exec, resize, signal */
#define SCOPE_WRITE   0x04u /* create, change, delete */
#define SCOPE_APPROVE 0x08u
#define SCOPE_TOKENS  0x10u /* make and revoke tokens */
#define SCOPE_SERVICE 0x20u /* service operations: sign-in codes */
#define SCOPE_FULL                                                             \
	(SCOPE_READ | SCOPE_RUN | SCOPE_WRITE | SCOPE_APPROVE | SCOPE_TOKENS)

/* Below this line nobody looks at a header. Lives in the request's arena. */
struct actor {
	char user_id[UUID_TEXT];
	uid_t uid;
	enum auth_via via;
	uint32_t scopes;
	char token_id[UUID_TEXT]; /* of token or cookie; in logs and audit */
};

#endif
