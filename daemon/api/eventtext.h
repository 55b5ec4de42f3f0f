/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_EVENTTEXT_H
#define RDV_API_EVENTTEXT_H

#include <stdbool.h>

/* Bytes of one event as text, at most. */
#define EVENT_TEXT_MAX (1u << 20)

struct buf;
struct event;

/* Appends an event as a JSON object. */
void event_text_put(struct buf *b, const struct event *ev);

/* The last event written down: a thousand subscribers read the same one. */
struct event_texts;
struct event_texts *event_texts_new(void);
void event_texts_free(struct event_texts *t);
/*
 * As a line of NDJSON, or as a server-sent event. Borrowed until the next call.
 */
const struct buf *
event_text_frame(struct event_texts *t, const struct event *ev, bool ndjson);

#endif
