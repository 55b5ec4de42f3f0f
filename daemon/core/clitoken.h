/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLITOKEN_H
#define RDV_CLITOKEN_H

#include <stddef.h>

struct app;

/*
 * Makes sure that base/cli-token holds a live token of the account rdvd runs
 * as. A missing, revoked or foreign one is replaced by a fresh `full` token
 * named "cli". 0, or an error with a sentence.
 */
int clitoken_ensure(struct app *app, char *why, size_t whysize);

#endif
