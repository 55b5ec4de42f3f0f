/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLI_API_H
#define RDV_CLI_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/http.h"

struct buf;
struct cmd_call;
struct js;

/*
 * The API of rdvd for commands: what fails is told to the user here, in one
 * voice, and comes back as the exit status the command ends with.
 */
int api_get(const struct cmd_call *c, const char *target, struct js **out);
/* `body` is taken over and may be NULL; `out` may be NULL. */
int api_send(const struct cmd_call *c, const char *method, const char *target,
    struct js *body, struct js **out);
/* DELETE of "`base``id`"; with --json the id and `done`: true are said. */
int api_delete(const struct cmd_call *c, const char *base, const char *id,
    const char *done);
/* As api_send() without a token: the socket says who we are. */
int api_open(const struct cmd_call *c, const char *method, const char *target,
    struct js *body, struct js **out);
/* GET without a word to the user: 0, or RDV_E_* with a sentence in `why`. */
int api_try(const struct cmd_call *c, const char *target, struct js **out,
    char *why, size_t whysize);
/* The same with a time of its own, whatever the status is. */
int api_try_for(const struct cmd_call *c, const char *target, int64_t ms,
    struct js **out, int *status, char *why, size_t whysize);
/* POST likewise, whatever the status is; `body` is taken over. */
int api_try_post(const struct cmd_call *c, const char *target, struct js *body,
    int *status, char *why, size_t whysize);
/*
 * The same with what was answered, an error's object too; NULL when that is no
 * JSON.
 */
int api_try_answer(const struct cmd_call *c, const char *target,
    struct js *body, int *status, struct js **out, char *why, size_t whysize);
/*
 * A long answer, in pieces. CMD_UNREACHABLE without a word on stderr when it
 * broke after it had begun, or when `quiet`: the caller knows how to go on.
 */
struct api_stream {
	const char *target;
	const char *accept;
	http_body_fn *sink;
	void *arg;
	bool quiet;
	bool begun;
};
int api_stream(const struct cmd_call *c, struct api_stream *s);

/* "/api/x/" + id + tail, the id escaped. Caller frees. */
char *api_path(const char *before, const char *id, const char *after);
/* Appends "?name=value" or "&name=value", escaped; NULL adds nothing. */
void api_query(struct buf *target, const char *name, const char *value);

/* Text for failures where no answer came; says what to do. */
int api_unreachable(const struct cmd_call *c, int err, const char *why);

#endif
