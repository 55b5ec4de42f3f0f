/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_API_FX_H
#define RDV_TEST_API_FX_H

#include <stdbool.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/auth/token.h"
#include "daemon/conf.h"
#include "daemon/http/http.h"

/* An app with settings, database and auth in a private directory. */
struct fx {
	char base[64];
	struct conf conf;
	struct app app;
	char service[64];	   /* text of the service token */
	char page_key[TOKEN_TEXT]; /* of the last cookie issued */
	char why[512];
};

int fx_setup(void **state);
int fx_teardown(void **state);
/* The app goes, its directory stays; and another one on what is there. */
void fx_close(struct fx *fx);
void fx_open(struct fx *fx);
/* A path below the private directory; good until the next call. */
const char *fx_path(struct fx *fx, const char *rel);
/* Whole file as text, to be freed; NULL when it is not there. */
char *fx_read(struct fx *fx, const char *rel);

/* Whether these bytes stand anywhere in a file. */
bool fx_contains(struct fx *fx, const char *rel, const char *what);

/* The only session there is, without a run: of tokens of scope run. */
#define FX_SESSION "01900000-0000-7000-8000-00000000000a"
void fx_session(struct fx *fx);
/*
 * A credential that is live at once; its text comes back. One of scope run is
 * for FX_SESSION, which is made for it.
 */
void fx_issue(struct fx *fx, enum token_kind kind, uint32_t scopes,
    int64_t expires_at, char id[UUID_TEXT], char text[TOKEN_TEXT]);
/* A link to FX_SESSION, which is made for it. */
void fx_link(struct fx *fx, uint32_t scopes, int64_t expires_at,
    char id[UUID_TEXT], char text[TOKEN_TEXT]);
void fx_revoke(struct fx *fx, const char *id);

/*
 * A request as http/ would hand it over: GET / with Host: localhost. Headers
 * are "name", "value", ..., NULL.
 */
struct http_req *
fx_req(enum http_method m, const char *path, const char *const *headers);
void fx_req_free(struct http_req *r);
/* One request judged: 0 when it may, or the status; the code in *code. */
int fx_judge(struct fx *fx, struct auth_need need, const char *const *headers,
    const char **code);

#endif
