/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_FX_H
#define RDV_TEST_FX_H

#include <limits.h>
#include <stdbool.h>

/* A private directory, a loop, and a database in it. */
struct fx {
	char dir[64];
	char path[128];
	struct loop *loop;
	struct db *db;
	struct loop_timer *deadline;
	char why[512];
};

/* For cmocka: makes the directory and the loop; opens the database. */
int fx_setup(void **state);
int fx_teardown(void **state);
/* Directory and loop only. */
int fx_setup_empty(void **state);
/* db_open() of fx->path; the sentence stands in fx->why. */
int fx_open(struct fx *fx);
void fx_close(struct fx *fx);
/* Turns the loop until *flag, at most 10 seconds. */
void fx_until(struct fx *fx, const bool *flag);
/* Turns the loop for as long as events come at once, then some ms. */
void fx_turn(struct fx *fx);
/* A path in the private directory; good until the next call. */
const char *fx_file(struct fx *fx, const char *name);
/* Removes the directory and all that is in it. */
void fx_remove(struct fx *fx);

#endif
