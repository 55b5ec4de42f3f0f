/* SPDX-License-Identifier: MIT */
#ifndef RDV_TELL_H
#define RDV_TELL_H

struct cmd_call;
struct js;
struct out_col;

/*
 * How most commands end, in one form: with the answer `v` as it is for --json,
 * else as said here. Each takes the exit status so far and returns it; `v` is
 * taken over, and there is none unless that is CMD_OK.
 */

/* The members of "items" as a table, or one sentence when there are none. */
int tell_items(const struct cmd_call *c, int rc, struct js *v,
    const struct out_col *cols, const char *none);
/* Its id alone, as scripts take it. */
int tell_id(const struct cmd_call *c, int rc, struct js *v);
/* The object, a member per line; NULL columns: nothing. */
int tell_fields(const struct cmd_call *c, int rc, struct js *v,
    const struct out_col *cols);

#endif
