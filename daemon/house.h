/* SPDX-License-Identifier: MIT */
#ifndef RDV_HOUSE_H
#define RDV_HOUSE_H

struct app;
struct house;

/* What is to be done now and then: old rows, and what SIGHUP asks for. */
struct house *house_new(struct app *app);
void house_free(struct house *h);
/* Reads the settings again and opens the log file anew. */
void house_reload_cb(void *house);

#endif
