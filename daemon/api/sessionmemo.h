/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_SESSIONMEMO_H
#define RDV_API_SESSIONMEMO_H

struct app;
struct buf;
struct session_memo;

struct session_memo *session_memo_new(struct app *app);
void session_memo_free(struct session_memo *m);
/*
 * The answer made for this user and id while it is still true, else NULL.
 * Borrowed until the next call.
 */
const struct buf *
session_memo_find(struct session_memo *m, const char *user_id, const char *id);
/* A copy of `text`, made just now from the rows; `run_id` NULL: without one. */
void session_memo_keep(struct session_memo *m, const char *user_id,
    const char *id, const char *run_id, const struct buf *text);

#endif
