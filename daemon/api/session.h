/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_SESSION_H
#define RDV_API_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/session.h"

struct api_call;
struct app;
struct js;
struct store_run;
struct store_session;
struct term;

/* What a terminal is taken to be that nobody has measured (VT100). */
#define SESSION_COLS 80
#define SESSION_ROWS 24

/* Shapes of sessions and runs (docs/http-api.md). */
struct js *session_json(struct app *app, const struct store_session *s,
    const struct store_run *r);
/* One of many: without the policy of its run, a third of it all. */
struct js *session_list_item(struct app *app, const struct store_session *s,
    const struct store_run *r);
/* What of a run is newer in memory than in its row. */
struct run_live {
	int64_t cols, rows; /* 0: not known */
	int64_t bytes;	    /* of its log; -1: it does not live */
	uint64_t egress;    /* changes with what it had of its hosts */
};
void run_live_of(struct app *app, const char *run_id, struct run_live *out);
struct js *run_json(struct app *app, const struct store_run *r);
/* One of many: without its policy and what it had of the network. */
struct js *run_list_item(struct app *app, const struct store_run *r);
/* The run that the path names; false when that was answered with a 404. */
bool run_load(struct api_call *c, struct store_run *r);
/* The open sessions of a folder as an array. 0 or -errno. */
int session_list_json(struct app *app, const char *user_id,
    const char *folder_id, struct js **out);

/* The caller and the session in the path; `cb` gets the call. */
struct session_who session_who_of(struct api_call *c, session_fn *cb);
/* Answers with the session as it stands; it is the caller's. */
void session_reply(struct api_call *c, const char *id, int status);
/* An outcome of core/session in the words of this door. */
void session_fail(struct api_call *c, int err, const char *why);

/* Types and answers: where that was, or why it was not done. */
void session_type(struct api_call *c, const void *p, size_t len, bool end);

/*
 * The output of the newest run of the session in the path. 0 and a reference;
 * RDV_E_NOT_FOUND; RDV_E_STATE when there is none yet; or another of
 * run_open_term().
 */
struct session_output {
	struct term *term;
	const char *run_id; /* in the request's arena */
	bool is_unknown;    /* rdvd has just started: it may live or not */
};
int session_output(struct api_call *c, struct session_output *out);
/* Answers with that; `none` is the sentence of RDV_E_STATE. */
void session_output_fail(struct api_call *c, int err, const char *none);

#endif
