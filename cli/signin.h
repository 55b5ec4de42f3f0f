/* SPDX-License-Identifier: MIT */
#ifndef RDV_SIGNIN_H
#define RDV_SIGNIN_H

struct cmd_call;

/*
 * A fresh one-time sign-in URL for a page at `origin` ("127.0.0.1:7717", with
 * or without http://), which the caller frees. CMD_OK or an exit status after
 * telling why.
 */
int signin_url(const struct cmd_call *c, const char *origin, char **url);
/* The page rdvd says it is seen at, or NULL; the caller frees. */
int signin_origin(const struct cmd_call *c, char **origin);
/* The same where there has to be one: without it that is told, and refused. */
int signin_page(const struct cmd_call *c, char **origin);

#endif
