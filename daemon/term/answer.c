/* SPDX-License-Identifier: MIT */
/*
 * The log is the queue of what was asked, and `at` how far it was answered.
 * While much is behind that the terminal is read no further, so a program that
 * asks faster than it is answered waits. Invariant: what is typed is one of the
 * answers below, each of a fixed form with nothing in it that the program
 * chose, in the order of the questions; and nothing while the program does not
 * read, so that its questions do not fill its input.
 */
#include "daemon/term/answer.h"

#include <stdio.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/loop.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/err.h"

/* Looked at in a step: what a flood brings at once. */
#define LOOK VIEWER_CHUNK
/* So much behind the program's input is not read: the rest is left out. */
#define UNREAD 65536
/*
 * No longer is output held up for an answer. Working out a cursor may take much
 * longer than writing what it stands behind, and others wait for their turn.
 */
#define HOLD_MS 1000

/* As xterm.js has them, so that a program hears the same from both. */
static const struct {
	const char *question, *reply; /* NULL: the cursor */
} answers[] = {
	{ "\033[c", "\033[?1;2c" },
	{ "\033[0c", "\033[?1;2c" },
	{ "\033[>c", "\033[>0;276;0c" },
	{ "\033[>0c", "\033[>0;276;0c" },
	{ "\033[5n", "\033[0n" },
	{ "\033[6n", NULL },
	{ "\033[?6n", NULL },
};

/* Typed together: a step may have a thousand questions. */
struct said {
	size_t len;
	char text[256];
};

static void
say(struct term *t, struct said *s)
{
	if (s->len > 0)
		(void)term_input(t, s->text, s->len);
	s->len = 0;
}

static void
put(struct term *t, struct said *s, const char *reply)
{
	size_t len = strlen(reply);

	if (s->len + len > sizeof(s->text))
		say(t, s);
	memcpy(s->text + s->len, reply, len);
	s->len += len;
	t->ts->stats.answers++;
}

/* Its program reads its input, or may yet. */
static bool
is_read(const struct term *t)
{
	return t->input.queued == 0 || t->log.size - t->answer.at <= UNREAD;
}

/*
 * While the cursor was worked out others may have typed, until there was no
 * room. Then it waits for what they typed, and what was asked since for it.
 */
static void
say_cursor(struct term *t)
{
	struct answer *a = &t->answer;
	int err;

	if (is_read(t)) {
		err = term_input(t, a->cursor, strlen(a->cursor));
		if (err == RDV_E_FULL)
			return;
		t->ts->stats.answers += err == 0;
	}
	a->cursor[0] = '\0';
	a->asked = a->late = false;
	turn_join(&t->ts->turns, &a->turn);
}

static void
answer_cursor_cb(int err, const struct screen_got *got, void *arg)
{
	struct term *t = arg;
	struct answer *a = &t->answer;
	struct emu_look look;

	if (err != 0) {
		a->asked = a->late = false;
		turn_join(&t->ts->turns, &a->turn);
		return;
	}
	emu_look(got->emu, &look);
	(void)snprintf(a->cursor, sizeof(a->cursor), "\033[%s%u;%uR",
	    a->dec ? "?" : "", look.y + 1, look.x + 1);
	say_cursor(t);
}

/* Where the cursor is, is worked out of what is there: no more comes. */
static void
hold(struct term *t)
{
	const struct answer *a = &t->answer;
	bool behind = t->log.size - a->at > LOOK && t->input.queued == 0;

	pump_hold(&t->pump,
	    t->size.owner == NULL && !a->late && (a->asked || behind));
}

static void
answer_late_cb(void *arg)
{
	struct term *t = arg;

	t->answer.late = t->answer.asked;
	hold(t);
}

/* Where it is at the question, not where it went since. */
static void
ask_cursor(struct term *t, bool dec)
{
	struct answer *a = &t->answer;

	if (a->job == NULL)
		a->job = screen_follow_new(t, answer_cursor_cb, t);
	if (a->job == NULL)
		return;
	a->dec = dec;
	a->asked = true;
	if (a->timer == NULL)
		a->timer = loop_timer_new(t->ts->conf.loop, answer_late_cb, t);
	loop_timer_set(a->timer, HOLD_MS);
	screen_follow(a->job, a->at + 1);
}

/* False: it is a question, and the program has still something to read. */
static bool
judge(struct term *t, struct said *s)
{
	const struct answer *a = &t->answer;
	size_t i = 0, n = sizeof(answers) / sizeof(answers[0]);

	while (i < n && (strlen(answers[i].question) != a->len ||
			    memcmp(answers[i].question, a->seq, a->len) != 0))
		i++;
	if (i == n)
		return true;
	if (t->input.queued > 0)
		return false;
	if (answers[i].reply != NULL) {
		put(t, s, answers[i].reply);
		return true;
	}
	say(t, s);
	if (t->input.queued > 0)
		return false;
	ask_cursor(t, a->seq[2] == '?');
	return true;
}

/* False: not taken, as what it completes has to wait. */
static bool
take(struct term *t, char ch, struct said *s)
{
	struct answer *a = &t->answer;

	if (ch == '\033')
		a->len = 0;
	else if (a->len == 0)
		return true;
	if (a->len == ANSWER_SEQ) {
		a->len = 0;
		return true;
	}
	a->seq[a->len++] = ch;
	if (a->len > 2 && ch >= '@' && ch <= '~') {
		if (!judge(t, s)) {
			a->len--;
			return false;
		}
		a->len = 0;
	} else if (a->len == 2 && ch != '[') {
		a->len = 0;
	}
	return true;
}

static long
to_escape(const uint8_t *p, long n)
{
	const uint8_t *esc = memchr(p, '\033', (size_t)n);

	return esc != NULL ? esc - p : n;
}

static void
look(struct term *t)
{
	struct answer *a = &t->answer;
	struct said s = { 0 };
	const uint8_t *p = NULL;
	long n;

	n = terms_window(t->ts, t, a->at, LOOK, &p);
	if (t->size.owner != NULL && n > (long)(a->until - a->at))
		n = (long)(a->until - a->at);
	/* A log that cannot be read is one that nobody asked anything in. */
	if (n <= 0)
		a->at = t->log.size;
	while (n > 0 && !a->asked) {
		long skip = a->len == 0 ? to_escape(p, n) : 0;

		a->at += (uint64_t)skip;
		if (skip == n || !take(t, (char)p[skip], &s))
			break;
		a->at++;
		p += skip + 1;
		n -= skip + 1;
	}
	say(t, &s);
}

static bool
is_heard(const struct term *t)
{
	return t->io == PRIV_IO_PTY && t->input.fd >= 0 &&
	       (t->size.owner == NULL || t->answer.at < t->answer.until) &&
	       is_read(t);
}

static bool
answer_step_cb(void *arg)
{
	struct term *t = arg;
	struct answer *a = &t->answer;

	if (!is_heard(t)) {
		a->at = t->log.size;
		a->len = 0;
	} else if (a->at < t->log.size) {
		look(t);
	}
	hold(t);
	return !a->asked && a->at < t->log.size && t->input.queued == 0;
}

void
answer_grown(struct term *t)
{
	struct answer *a = &t->answer;

	if (a->cursor[0] != '\0' && (t->input.queued == 0 || !is_read(t)))
		say_cursor(t);
	else if (a->asked || a->turn.joined)
		hold(t);
	else if (answer_step_cb(t))
		turn_join(&t->ts->turns, &a->turn);
}

void
answer_owned(struct term *t)
{
	t->answer.until = t->log.size;
	hold(t);
}

void
answer_start(struct term *t)
{
	struct answer *a = &t->answer;

	a->at = t->log.size;
	a->turn.step = answer_step_cb;
	a->turn.arg = t;
}

void
answer_stop(struct term *t)
{
	struct answer *a = &t->answer;

	turn_leave(&t->ts->turns, &a->turn);
	screen_job_free(a->job);
	loop_timer_free(a->timer);
	a->job = NULL;
	a->timer = NULL;
	a->asked = false;
	a->cursor[0] = '\0';
}
