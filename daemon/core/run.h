/* SPDX-License-Identifier: MIT */
#ifndef RDV_RUN_H
#define RDV_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/secret.h"

struct app;
struct run;  /* a live run in memory */
struct runs;
struct term; /* term/term: the output of a run and its viewers */

/*
 * The state machine of one process execution: starting -> running ->
 * completed | failed | killed | lost. The row is written before the helper is
 * asked, and the end before the helper is told to forget.
 */
struct runs *runs_new(struct app *app);
void runs_free(struct runs *r);
/* A fresh [ops]: INVENTORY, then every row in flight is settled. */
void runs_reconcile(struct runs *r);
/* False until the first reconciliation after start is complete. */
bool runs_settled(const struct runs *r);
/* Live run by id, or NULL. */
struct run *run_find(struct runs *r, const char *run_id);
struct term *run_term(struct run *run);
/* True when a live run's working directory lies under `path`. */
bool runs_busy_under(const struct runs *r, const char *path);
unsigned runs_live(const struct runs *r);

#endif
