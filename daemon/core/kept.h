/* SPDX-License-Identifier: MIT */
#ifndef RDV_KEPT_H
#define RDV_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct kept; /* the output of all runs of one user */
struct run;
struct runs;
struct store_run;
struct tx;

/*
 * How much output is kept for each user: what the rows of ended runs say, once,
 * and what is logged and removed since.
 */
void kept_free(struct runs *r);
/*
 * From now on what is logged of a run that lives counts. 0 or -errno: then it
 * does not.
 */
int kept_follow(struct run *run);
/* Bytes, with all that the run has logged; 0 of one that is not followed. */
uint64_t kept_bytes(struct run *run);
/*
 * False: its user has as much output as run->output_max, or more, and more than
 * the policy of now allows as well.
 */
bool kept_has_room(struct run *run);
/* The policy allows that account so many bytes by now; 0: no limit. */
void kept_allow(struct runs *r, uid_t uid, uint64_t bytes);

/* talks_conf.grew, with the runs; also of a run that has ended. */
void kept_talked_cb(const char *run_id, uint64_t bytes, void *runs);

/*
 * The output of a run that has ended goes for good, with its entries; that
 * there is none left is written into `tx`, and once it is durable kept_forget()
 * follows with `bytes`. 0; RDV_E_STATE while the run goes on, or its entries
 * are being written; RDV_E_DENIED when the policy it was started under keeps
 * it; or -errno, and `tx` is to be aborted.
 */
int kept_remove(struct runs *r, struct tx *tx, const struct store_run *row,
    uint64_t *bytes);
void kept_forget(struct runs *r, const char *user_id, uint64_t bytes);

#endif
