/* SPDX-License-Identifier: MIT */
#ifndef RDV_ADAPTER_H
#define RDV_ADAPTER_H

#include "daemon/agent/agent.h"
#include "daemon/agent/entry.h"

/*
 * What the file of one agent has of the common part, so that it is about
 * nothing but the protocol. All of it may be called from any of agent_ops.
 */

/* One line for its standard input. Takes `line`. Nothing after the end. */
void agent_send(struct agent *g, struct js *line);
/* The same of text that is no JSON; no newline is added. */
void agent_send_text(struct agent *g, const char *text);
/* No more input; once. */
void agent_finish(struct agent *g);

/* A new entry, which it takes; the number it got. */
size_t agent_add(struct agent *g, struct js *entry);
/* Replaces one that agent_add() made; nothing when it is gone since. */
void agent_set(struct agent *g, size_t at, struct js *entry);
/* Entries so far are of the past, and their numbers are not used any more. */
void agent_restart(struct agent *g);
void agent_fact(struct agent *g, enum agent_fact what, const char *text);
/* Only the first counts. What is asked is withdrawn. */
void agent_over(struct agent *g, enum agent_outcome how, const char *why);
/* A person wanted it to end: what it says of its end is not an error. */
bool agent_interrupted(const struct agent *g);

/*
 * False, and nobody is asked: after the end or an interrupt, for a key that was
 * there before or is none, and when there are too many. The adapter denies
 * then.
 */
bool agent_asked(struct agent *g, const struct agent_ask *ask);
/* The agent takes it back. False when that is not asked. */
bool agent_unasked(struct agent *g, const char *key);

/*
 * An entry whose text comes in pieces. It gets its number with the first piece,
 * and is told when it is to be seen, not for every piece. Of a text over the
 * maximum the rest is in the log alone, and the entry says so; all of its bytes
 * escaped, it still fits an entry (TALKFILE_ENTRY_MAX).
 */
#define AGENT_TEXT_MAX ((size_t)1 << 20)
struct agent_text;
struct agent_text *agent_text_new(struct agent *g, enum entry_kind kind);
void agent_text_add(struct agent_text *t, const char *p, size_t len);
/* All of it, in place of what there is. */
void agent_text_set(struct agent_text *t, const char *p, size_t len);
size_t agent_text_len(const struct agent_text *t);
/* It is complete. Frees. */
void agent_text_end(struct agent_text *t);

#endif
