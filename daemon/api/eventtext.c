/* SPDX-License-Identifier: MIT */
/*
 * What an event looks like from outside. Invariant: one event is one line of
 * data. JSON text has no line breaks of its own, which is what keeps a subject
 * from ending an event and beginning another.
 */
#include "daemon/api/eventtext.h"

#include "daemon/event/event.h"
#include "lib/buf.h"

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

void
event_text_frame(struct buf *b, const struct event *ev, bool ndjson)
{
	if (!ndjson)
		buf_printf(b, "id: %lld\nevent: %s\ndata: ", (long long)ev->seq,
		    event_kinds[ev->kind].name);
	event_text_put(b, ev);
	buf_put_text(b, ndjson ? "\n" : "\n\n");
}
