/* SPDX-License-Identifier: MIT */
/*
 * The past of a conversation in words. Most agents keep their own and are asked
 * for it by its id; one that lost it is told what the rows of turns say.
 * Invariant: it is bounded, and what is left out is the oldest.
 */
#include "daemon/core/history.h"

#include <string.h>

#include "daemon/store/turns.h"
#include "lib/arena.h"

#define TURNS	   200
#define TEXT_BYTES (64 * 1024)

struct walk {
	struct arena *arena;
	const char *part[TURNS]; /* newest first */
	size_t n, bytes;
};

static bool
history_turn_cb(const struct store_turn *t, void *arg)
{
	struct walk *w = arg;
	const char *text;

	text = arena_printf(w->arena, "User: %s\n\n%s%s%s", t->prompt,
	    t->summary != NULL ? "You: " : "",
	    t->summary != NULL ? t->summary : "(It was not answered.)", "\n\n");
	w->bytes += strlen(text);
	if (w->bytes > TEXT_BYTES)
		return false;
	w->part[w->n++] = text;
	return w->n < TURNS;
}

const char *
history_before(struct db *db, struct arena *a, const struct store_turn *turn)
{
	struct walk w = { .arena = a };
	char *text, *to;

	if (store_turns_list(db, turn->user_id, turn->session_id, false,
		turn->id, TURNS, history_turn_cb, &w) != 0 ||
	    w.n == 0)
		return NULL;
	text = to = arena_alloc(a, w.bytes + 1);
	while (w.n-- > 0)
		to = stpcpy(to, w.part[w.n]);
	return text;
}
