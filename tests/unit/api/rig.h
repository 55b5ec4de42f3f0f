/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_API_RIG_H
#define RDV_TEST_API_RIG_H

#include "tests/unit/api/fx.h"

struct js;

/* The fixture with a dispatcher behind a real server on a socket. */
int rig_setup(void **state);
/* The same with other routes. */
struct api_route;
int rig_setup_with(void **state, const struct api_route *const *tables);
int rig_teardown(void **state);
/* The server alone, for an fx that is closed and opened again. */
void rig_close(struct fx *fx);
void rig_open(struct fx *fx, const struct api_route *const *tables);

struct answer {
	int status;
	char head[2048]; /* lower case */
	char raw[2048];	 /* the same as sent */
	char *body;	 /* NUL-terminated */
	struct js *json; /* NULL when the body is none */
};

/*
 * One request on a connection of its own, answered before this returns.
 * `headers` are whole lines, each ended by CRLF; Host and Connection are added,
 * Content-Type and Content-Length when there is a body.
 */
void rig_ask(struct fx *fx, struct answer *a, const char *method,
    const char *path, const char *headers, const char *body);
/* The same with the fixture's full token. */
void rig_as(struct fx *fx, struct answer *a, const char *method,
    const char *path, const char *headers, const char *body);
/* And no further headers; the status is checked. */
void rig_do(struct fx *fx, struct answer *a, const char *method,
    const char *path, const char *body, int status);
/* The two halves of rig_as(), for requests that overlap. */
struct client;
struct client *rig_send(struct fx *fx, const char *method, const char *path,
    const char *headers, const char *body);
/* Without a credential of the fixture's. */
struct client *rig_begin(struct fx *fx, const char *method, const char *path,
    const char *headers);
/* Lets the server work off what is there. */
void rig_turn(struct fx *fx);
void rig_receive(struct client *c, struct answer *a);
/* Hangs up without waiting. */
void rig_leave(struct client *c);
void answer_done(struct answer *a);
/* error code of a refusal, or "" */
const char *answer_code(const struct answer *a);

#endif
