/* SPDX-License-Identifier: MIT */
#ifndef RDV_EGRESS_CONN_H
#define RDV_EGRESS_CONN_H

#include <stdbool.h>

struct egress_page;

/* At once; who comes later waits. */
#define CONNS_MAX 64

/*
 * The connections of a run, a thread for each: looking up a name blocks, and
 * nobody else is to wait for that. There is one of these in the process.
 */
struct conns;

/*
 * What `list` has is let through, and counted in the same rows of `page`. NULL
 * with errno.
 */
struct conns *
conns_new(const struct egress_page *list, struct egress_page *page);
/* Serves it and closes it, where there is room. */
void conns_add(struct conns *c, int fd);
bool conns_room(struct conns *c);
/* Says on the page that somebody still waits for the run. */
void conns_beat(struct conns *c);
/* Becomes readable when there is room again; conns_room() takes that back. */
int conns_news(const struct conns *c);
/*
 * The run is over: waits until what it sent is on its way, at most this long.
 * What comes back is for nobody.
 */
void conns_finish(struct conns *c, int ms);

#endif
