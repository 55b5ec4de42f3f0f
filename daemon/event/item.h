/* SPDX-License-Identifier: MIT */
#ifndef RDV_ITEM_H
#define RDV_ITEM_H

#include <stddef.h>

#include "daemon/event/event.h"

struct store_event;

/* An event in memory: one block, ended by free(). */
struct event_item {
	struct event ev; /* its strings lie behind it */
	size_t size;
};

struct event_item *event_item_new(const struct store_event *e);
/* EV_SYSTEM for a name that is not in the table. */
enum event_kind event_kind_find(const char *name);

#endif
