/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_SCRIPT_H
#define RDV_API_SCRIPT_H

#include <stdbool.h>

struct api_call;
struct app;
struct js;
struct store_run;
struct store_script;

/* A run that somebody began in a workspace, as an item; the caller's. */
struct js *script_json(struct app *app, const struct store_script *s,
    const struct store_run *r);
/* Answers with one run, of whichever kind. */
void script_reply(struct api_call *c, const char *run_id, int status);
/* The workspace that the path names is there; false: that was answered. */
bool script_workspace(struct api_call *c);

#endif
