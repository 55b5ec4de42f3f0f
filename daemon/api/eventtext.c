/* SPDX-License-Identifier: MIT */
/*
 * What an event looks like from outside. Invariant: one event is one line of
 * data. JSON text has no line breaks of its own, which is what keeps a subject
 * from ending an event and beginning another.
 */
#include "daemon/api/eventtext.h"

#include <stdlib.h>

#include "daemon/event/event.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define KINDS 2 /* server-sent events, NDJSON */

struct framed {
	int64_t seq; /* 0: none yet */
	struct buf text;
};

struct event_texts {
	struct framed of[KINDS];
};

/* Subjects are ids and paths; what JSON does not take bare is escaped. */
static void
put_text(struct buf *b, const char *s)
{
	if (s == NULL) {
		buf_put_text(b, "null");
		return;
	}
	buf_put_u8(b, '"');
	for (; *s != '\0'; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch < 0x20 || ch == '"' || ch == '\\')
			buf_printf(b, "\\u%04x", ch);
		else
			buf_put_u8(b, ch);
	}
	buf_put_u8(b, '"');
}

/* The body is JSON already: it was written by the same process and checked. */
void
event_text_put(struct buf *b, const struct event *ev)
{
	buf_printf(b,
	    "{\"seq\":%lld,\"time\":%lld,\"kind\":\"%s\",\"subject\":",
	    (long long)ev->seq, (long long)ev->time_ms,
	    event_kinds[ev->kind].name);
	put_text(b, ev->subject);
	buf_printf(b, ",\"body\":%s}", ev->body);
}

struct event_texts *
event_texts_new(void)
{
	struct event_texts *t = xcalloc(1, sizeof(*t));

	for (unsigned i = 0; i < KINDS; i++)
		buf_init(&t->of[i].text, EVENT_TEXT_MAX);
	return t;
}

void
event_texts_free(struct event_texts *t)
{
	for (unsigned i = 0; t != NULL && i < KINDS; i++)
		buf_done(&t->of[i].text);
	free(t);
}

const struct buf *
event_text_frame(struct event_texts *t, const struct event *ev, bool ndjson)
{
	struct framed *f = &t->of[ndjson];

	/* A durable event's number is given once and its row never changes. */
	if (f->seq == ev->seq)
		return &f->text;
	buf_reset(&f->text);
	f->seq = ev->seq;
	if (!ndjson)
		buf_printf(&f->text,
		    "id: %lld\nevent: %s\ndata: ", (long long)ev->seq,
		    event_kinds[ev->kind].name);
	event_text_put(&f->text, ev);
	buf_put_text(&f->text, ndjson ? "\n" : "\n\n");
	return &f->text;
}
