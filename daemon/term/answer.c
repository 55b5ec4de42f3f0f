/* SPDX-License-Identifier: MIT */
/*
 * Invariant: what is typed is one of the answers below, each of a fixed form
 * with nothing in it that the program chose; and nothing while the program does
 * not read, so that its questions do not fill its input.
 */
#include "daemon/term/answer.h"

#include <stdio.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/str.h"

/* Who asks says no more until it has heard; a flood is not looked through. */
#define LOOK 4096

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

static void
answer_cursor_cb(int err, const struct emu *e, uint64_t offset, void *arg)
{
	struct term *t = arg;
	struct answer *a = &t->answer;
	struct emu_look look;
	char text[32 + ANSWER_AFTER] = "";

	(void)offset;
	a->job = NULL;
	if (err == 0) {
		emu_look(e, &look);
		(void)snprintf(text, sizeof(text), "\033[%s%u;%uR",
		    a->dec ? "?" : "", look.y + 1, look.x + 1);
	}
	/* What was asked behind it is answered behind it. */
	(void)str_copy(text + strlen(text), a->after,
	    sizeof(text) - strlen(text));
	a->after[0] = '\0';
	if (text[0] != '\0')
		(void)term_input(t, text, strlen(text));
}

static void
say(struct term *t, const char *reply)
{
	struct answer *a = &t->answer;
	size_t len = strlen(a->after);

	if (a->job == NULL)
		(void)term_input(t, reply, strlen(reply));
	else if (len + strlen(reply) < sizeof(a->after))
		(void)str_copy(a->after + len, reply, sizeof(a->after) - len);
}

static void
ask_cursor(struct term *t, bool dec)
{
	struct answer *a = &t->answer;

	if (a->job != NULL)
		return;
	a->dec = dec;
	a->job = screen_job_new(t, t->run_id, answer_cursor_cb, t);
}

static void
judge(struct term *t)
{
	const struct answer *a = &t->answer;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (strlen(answers[i].question) != a->len ||
		    memcmp(answers[i].question, a->seq, a->len) != 0)
			continue;
		if (answers[i].reply != NULL)
			say(t, answers[i].reply);
		else
			ask_cursor(t, a->seq[2] == '?');
	}
}

static void
take(struct term *t, char ch)
{
	struct answer *a = &t->answer;

	if (ch == '\033')
		a->len = 0;
	else if (a->len == 0)
		return;
	if (a->len == ANSWER_SEQ) {
		a->len = 0;
		return;
	}
	a->seq[a->len++] = ch;
	if (a->len > 2 && ch >= '@' && ch <= '~') {
		judge(t);
		a->len = 0;
	} else if (a->len == 2 && ch != '[') {
		a->len = 0;
	}
}

void
answer_grown(struct term *t)
{
	struct answer *a = &t->answer;
	uint64_t end = t->log.size, from = a->at;
	char part[LOOK];
	long n;

	a->at = end;
	if (t->io != PRIV_IO_PTY || t->size.owner != NULL ||
	    end - from > LOOK || t->input.queued > 0) {
		a->len = 0;
		return;
	}
	n = term_read(t, from, part, (size_t)(end - from));
	for (long i = 0; i < n; i++)
		take(t, part[i]);
}

void
answer_start(struct term *t)
{
	t->answer.at = t->log.size;
}

void
answer_stop(struct term *t)
{
	screen_job_free(t->answer.job);
	t->answer.job = NULL;
}
