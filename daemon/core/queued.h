/* SPDX-License-Identifier: MIT */
#ifndef RDV_QUEUED_H
#define RDV_QUEUED_H

#include "daemon/store/queued.h"

struct arena;
struct js;
struct store_conversation;
struct tx;

#define QUEUED_MAX 1000 /* of a conversation that wait */

/*
 * Messages that wait until the turns before them have succeeded. They are kept
 * when one of those has not, and can be changed until one is taken; taking is
 * chain_begin()'s. A configuration that no command could be made of is refused
 * here already, as conversation_judge() says. Each writes rows and an event
 * into `tx`. 0; RDV_E_INVALID, RDV_E_DENIED or RDV_E_FULL with a sentence;
 * RDV_E_STATE: it has been taken or cancelled; or -errno. Not 0: `tx` is to be
 * aborted.
 */
int queued_add(struct tx *tx, struct arena *a,
    const struct store_conversation *c, const char *prompt,
    const char *config_json, struct store_queued *out, const char **why);
/* Its prompt and configuration are new. */
int queued_edit(struct tx *tx, struct arena *a, struct store_queued *q,
    const char **why);
int queued_cancel(struct tx *tx, struct store_queued *q, const char **why);
/* Its turn had come, and this stood against it: it waits on, and says why. */
int queued_block(struct tx *tx, const struct store_queued *q, const char *why);
/* The same, and all of its conversation behind it say that they wait for it. */
int queued_pass(struct tx *tx, struct arena *a, const struct store_queued *q,
    const char *why);
/* The message becomes that turn: once, whoever asks. */
int
queued_take(struct tx *tx, const struct store_queued *q, const char *turn_id);

/* A prompt has to say something. */
bool queued_prompt_ok(const char *prompt, const char **why);
struct js *queued_json(const struct store_queued *q);

#endif
