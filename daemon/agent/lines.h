/* SPDX-License-Identifier: MIT */
#ifndef RDV_LINES_H
#define RDV_LINES_H

#include "daemon/agent/claudestate.h"

/* What agents have in common that write a line for each thing they say. */

/* A text that goes on from line to line while it is of one kind. */
struct lines_text {
	struct agent_text *text; /* or NULL */
	enum entry_kind kind;
};
void lines_text_add(struct lines_text *t, struct claude *c,
    enum entry_kind kind, const char *text);
void lines_text_end(struct lines_text *t);

/* Shows the value as it is. */
void lines_quote(struct claude *c, struct jsval v);
/* The first `model` of a line, behind `label`. */
void lines_model(struct claude *c, struct jsval line, const char *label);
/* The turn is over; `text`, if not said yet, is the last of it. May be NULL. */
void lines_result(struct claude *c, bool failed, const char *text);
/* A value of its own, or NULL. */
struct js *lines_copy(const struct js *v);

#endif
