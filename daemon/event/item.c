/* SPDX-License-Identifier: MIT */
/*
 * An event between its transaction and the last reader: one allocation, made
 * once, read by every subscriber, so that a thousand of them cost no copies.
 */
#include "daemon/event/item.h"

#include <string.h>

#include "daemon/store/outbox.h"
#include "lib/xalloc.h"

static const char *
put(char **at, const char *text)
{
	char *start = *at;
	size_t len;

	if (text == NULL)
		return NULL;
	len = strlen(text) + 1;
	memcpy(start, text, len);
	*at += len;
	return start;
}

static size_t
length(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

struct event_item *
event_item_new(const struct store_event *e)
{
	struct event_item *item;
	size_t size = sizeof *item + length(e->user_id) + length(e->subject) +
		      length(e->body);
	char *at;

	item = xmalloc(size);
	at = (char *)(item + 1);
	item->size = size;
	item->ev.seq = e->seq;
	item->ev.time_ms = e->time_ms;
	item->ev.kind = event_kind_find(e->kind);
	item->ev.user_id = put(&at, e->user_id);
	item->ev.subject = put(&at, e->subject);
	item->ev.body = put(&at, e->body);
	return item;
}
