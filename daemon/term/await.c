/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a text, a prompt, silence or the end. What comes is read from the
 * log in steps (turns.h), so a flood costs each turn of the loop the same
 * whoever waits for it, and a program that is silent costs nothing. Invariant:
 * each byte behind `since` is looked at once and in order, and what happened
 * first is what is told.
 */
#include "daemon/term/await.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/loop.h"
#include "daemon/term/plain.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/pattern.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define STEP_BYTES 16384
#define LINE_BYTES 1024 /* so much of the line is told at most */
/*
 * Shells put D, A and B together, with the text of the prompt between the
 * last two; not all have each of them.
 */
#define SETTLE_MS 50

struct await {
	TAILQ_ENTRY(await) link; /* of its terminal */
	struct turn turn;
	struct term *term;
	await_fn *fn;
	void *arg;
	char user_id[UUID_TEXT];
	struct pattern *pattern; /* NULL: no text */
	struct plain plain;
	uint64_t at, until; /* until: as far as the log went at the deadline */
	bool prompt, is_late;
	char mark;
	int status;
	uint64_t mark_end;
	int64_t last_ms, silence_ms, deadline_ms;
	int64_t settled_ms; /* of a prompt; 0: none came */
	struct loop_timer *timer;
};

/*
 * The line up to the match, of the log once more: a line feed ends whatever
 * sequence there was, so that from there on the text is the same.
 */
static void
line_at(const struct await *w, char out[LINE_BYTES + 1])
{
	uint64_t from = w->at > LINE_BYTES ? w->at - LINE_BYTES : 0;
	uint8_t raw[LINE_BYTES], text[2];
	struct plain plain = { 0 };
	long n = term_read(w->term, from, raw, (size_t)(w->at - from));
	size_t len = 0;

	for (long i = 0; i < n; i++) {
		unsigned k = plain_byte(&plain, raw[i], text);

		for (unsigned j = 0; j < k; j++)
			if (text[j] != '\n')
				out[len++] = (char)text[j];
			else if (i + 1 < n) /* not the match's own */
				len = 0;
	}
	out[len] = '\0';
}

static void
answer(struct await *w, int err, enum await_event event)
{
	struct term *t = w->term;
	struct await_result r = { .event = event,
		.offset = event == AWAIT_PROMPT ? w->mark_end : w->at,
		.mark = event == AWAIT_PROMPT ? w->mark : 0,
		.status = event == AWAIT_PROMPT ? w->status : -1,
		.end = t->is_ended ? &t->end : NULL };
	await_fn *fn = w->fn;
	void *arg = w->arg;
	char line[LINE_BYTES + 1];

	if (event == AWAIT_TEXT) {
		line_at(w, line);
		r.text = line;
	}
	/* Its end is told, so it has to be there that long. */
	term_ref(t);
	await_free(w);
	fn(err, err == 0 ? &r : NULL, arg);
	term_unref(t);
}

/* What a mark says of the prompt so far: more may come, or there is no more. */
static bool
on_mark(struct await *w, char mark)
{
	bool begun = w->mark != 0;

	if (!w->prompt)
		return false;
	/* C, or what comes before a prompt, is of the next command. */
	if (mark == 'C' || (mark == 'D' && begun) ||
	    (mark == 'A' && w->mark == 'A'))
		return begun;
	w->mark = mark;
	w->mark_end = w->at;
	if (mark == 'D')
		w->status = w->plain.status;
	if (!begun)
		w->settled_ms = clock_mono_ms() + SETTLE_MS;
	return mark == 'B';
}

static bool
look_at(struct await *w, uint8_t c, enum await_event *event)
{
	uint8_t text[2];
	unsigned n = plain_byte(&w->plain, c, text);

	w->at++;
	if (w->plain.mark != 0 && on_mark(w, w->plain.mark)) {
		*event = AWAIT_PROMPT;
		return true;
	}
	for (unsigned k = 0; k < n; k++)
		if (w->pattern != NULL && pattern_byte(w->pattern, text[k]))
			return true;
	return false;
}

/* How many bytes need not be looked at; the first `even` are not odd. */
static size_t
pass(struct await *w, const uint8_t *p, size_t even)
{
	size_t n = even;

	if (!plain_rests(&w->plain))
		return 0;
	if (w->pattern != NULL)
		n = pattern_idle(w->pattern, p, even);
	plain_leave_out(&w->plain, p, n);
	w->at += n;
	return n;
}

/* Takes bytes up to what is waited for, if that is among them. */
static bool
look(struct await *w, const uint8_t *p, size_t len, enum await_event *event)
{
	size_t i = 0, odd = plain_odd(p, len);

	*event = AWAIT_TEXT;
	for (;;) {
		i += pass(w, p + i, odd - i);
		if (i == len)
			return false;
		if (look_at(w, p[i++], event))
			return true;
		if (i > odd)
			odd = i + plain_odd(p + i, len - i);
	}
}

/* All there will be was looked at. */
static enum await_event
outcome(const struct await *w)
{
	if (w->mark != 0)
		return AWAIT_PROMPT;
	return w->term->is_ended && w->at == w->term->log.size ? AWAIT_EXIT
							       : AWAIT_TIMEOUT;
}

static void
plan(struct await *w)
{
	int64_t due = w->deadline_ms, now = clock_mono_ms();

	if (w->silence_ms > 0 && w->last_ms + w->silence_ms < due)
		due = w->last_ms + w->silence_ms;
	if (w->settled_ms > 0 && w->settled_ms < due)
		due = w->settled_ms;
	loop_timer_set(w->timer, due > now ? due - now : 0);
}

/* 1: it is there; 0: not in these; or -errno. */
static int
read_step(struct await *w, uint64_t end, enum await_event *event)
{
	uint64_t left = end - w->at;
	const uint8_t *p;
	long n = terms_window(w->term->ts, w->term, w->at,
	    left < STEP_BYTES ? (size_t)left : STEP_BYTES, &p);

	if (n <= 0)
		return n < 0 ? (int)n : -EIO;
	return look(w, p, (size_t)n, event);
}

static bool
await_step_cb(void *arg)
{
	struct await *w = arg;
	struct term *t = w->term;
	uint64_t end = w->is_late ? w->until : t->log.size;
	bool had_mark = w->mark != 0;
	enum await_event event = AWAIT_EXIT;
	int found;

	if (w->pattern == NULL && !w->prompt)
		w->at = end; /* what it is makes no difference */
	found = w->at < end ? read_step(w, end, &event) : 0;
	if (found != 0) {
		answer(w, found < 0 ? found : 0, event);
		return false;
	}
	if (!had_mark && w->mark != 0)
		plan(w);
	if (w->at < end)
		return true;
	if (w->is_late || (t->is_ended && w->at == t->log.size))
		answer(w, 0, outcome(w));
	return false;
}

/*
 * What came before now is looked at first: a slow reader must not be told that
 * there was nothing. What comes from now on is not waited for, since a flood
 * may have no end.
 */
static void
await_due_cb(void *arg)
{
	struct await *w = arg;
	struct term *t = w->term;
	int64_t now = clock_mono_ms();

	if (now >= w->deadline_ms ||
	    (w->settled_ms > 0 && now >= w->settled_ms)) {
		w->is_late = true;
		w->until = t->log.size;
		turn_join(&t->ts->turns, &w->turn);
	} else if (w->silence_ms > 0 && w->at == t->log.size &&
		   now >= w->last_ms + w->silence_ms) {
		answer(w, 0, AWAIT_SILENCE);
	} else {
		plan(w);
	}
}

void
awaits_grown(struct term *t)
{
	int64_t now = clock_mono_ms();
	struct await *w;

	TAILQ_FOREACH (w, &t->awaits, link) {
		w->last_ms = now;
		turn_join(&t->ts->turns, &w->turn);
	}
}

static bool
is_full(const struct terms *ts, const char *user_id)
{
	const struct term *t;
	const struct await *w;
	unsigned n = 0;

	if (ts->stats.awaits >= AWAITS)
		return true;
	TAILQ_FOREACH (t, &ts->all, link)
		TAILQ_FOREACH (w, &t->awaits, link)
			n += strcmp(w->user_id, user_id) == 0;
	return n >= AWAITS_OF_USER;
}

int
await_new(struct term *t, const struct await_conf *conf, await_fn *fn,
    void *arg, struct await **out)
{
	struct terms *ts = t->ts;
	struct pattern *pattern = NULL;
	struct await *w;
	int err = 0;

	if (is_full(ts, conf->user_id))
		return RDV_E_FULL;
	if (conf->pattern != NULL) {
		pattern = xmalloc(sizeof(*pattern));
		err = pattern_init(pattern, conf->pattern, conf->is_glob);
	}
	if (err != 0) {
		free(pattern);
		return err;
	}
	w = xcalloc(1, sizeof(*w));
	w->turn.step = await_step_cb;
	w->turn.arg = w;
	w->term = t;
	w->fn = fn;
	w->arg = arg;
	(void)str_copy(w->user_id, conf->user_id, sizeof(w->user_id));
	w->pattern = pattern;
	w->at = conf->since;
	w->prompt = conf->prompt;
	w->status = -1;
	w->silence_ms = conf->silence_ms;
	w->last_ms = clock_mono_ms();
	w->deadline_ms = w->last_ms + conf->timeout_ms;
	w->timer = loop_timer_new(ts->conf.loop, await_due_cb, w);
	term_ref(t);
	TAILQ_INSERT_TAIL(&t->awaits, w, link);
	ts->stats.awaits++;
	plan(w);
	turn_join(&ts->turns, &w->turn);
	*out = w;
	return 0;
}

void
await_free(struct await *w)
{
	struct term *t;

	if (w == NULL)
		return;
	t = w->term;
	turn_leave(&t->ts->turns, &w->turn);
	TAILQ_REMOVE(&t->awaits, w, link);
	t->ts->stats.awaits--;
	loop_timer_free(w->timer);
	free(w->pattern);
	free(w);
	term_unref(t);
}

void
awaits_leave(struct term *t)
{
	struct await *w;

	/* Whoever waits may be the last to have it open. */
	term_ref(t);
	while ((w = TAILQ_FIRST(&t->awaits)) != NULL)
		answer(w, RDV_E_UNAVAILABLE, AWAIT_TIMEOUT);
	term_unref(t);
}
