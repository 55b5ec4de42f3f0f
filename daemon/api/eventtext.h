/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_EVENTTEXT_H
#define RDV_API_EVENTTEXT_H

#include <stdbool.h>

struct buf;
struct event;

/* Appends an event as a JSON object. */
void event_text_put(struct buf *b, const struct event *ev);
/* As a line of NDJSON, or as a server-sent event. */
void event_text_frame(struct buf *b, const struct event *ev, bool ndjson);

#endif
