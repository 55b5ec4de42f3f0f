/* SPDX-License-Identifier: MIT */
#ifndef RDV_CODEXRIG_H
#define RDV_CODEXRIG_H

#include "tests/unit/agent/rpcrig.h"

/* What Codex says in tests: a thread T with a turn U. */
#define ASKS "{\"sandbox\":\"workspace-write\"}"
#define PLAN "{\"sandbox\":\"danger-full-access\",\"plan\":true}"
#define FREE "{\"sandbox\":\"danger-full-access\"}"

#define OF_TURN	    "\"threadId\":\"T\",\"turnId\":\"U\""
#define NOTE(m, p)  "{\"method\":\"" m "\",\"params\":{" OF_TURN "," p "}}"
#define BEGAN(item) NOTE("item/started", "\"item\":{" item "}")
#define ENDED(item) NOTE("item/completed", "\"item\":{" item "}")
#define LS                                                        \
	"\"type\":\"commandExecution\",\"id\":\"c\",\"command\":" \
	"\"/bin/bash -lc 'ls -l'\",\"cwd\":\"/wd\""
#define MAY(n, where)                                        \
	"{\"id\":" #n ",\"method\":\"item/commandExecution/" \
	"requestApproval\",\"params\":{" where ",\"itemId\":\"c\"}}"
#define OVER(status)                                                     \
	"{\"method\":\"turn/completed\",\"params\":{\"threadId\":\"T\"," \
	"\"turn\":{\"id\":\"U\",\"status\":\"" status "\",\"error\":"    \
	"{\"message\":\"too much\"}}}}"

/* Its turn not begun; `checked` as in the wish. */
void
codexrig_start_checked(struct agentrig *r, const char *config, bool checked);
/* Up to the account, and up to the thread. */
void codexrig_hello(struct agentrig *r);
void codexrig_thread(struct agentrig *r);
/* All of that, with the turn U running. */
void codexrig_start(struct agentrig *r, const char *config);

#endif
