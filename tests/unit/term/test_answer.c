/* SPDX-License-Identifier: MIT */
/*
 * Answers to a program at which nobody looks (abuse J02): the fixed ones, where
 * the cursor is, in the order of the questions and however these are cut.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/term/state.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define INPUT_MAX 65536

static int
setup(void **state)
{
	static struct termrig g;

	termrig_start(&g, INPUT_MAX, 10000);
	*state = &g;
	return 0;
}

static int
teardown(void **state)
{
	termrig_stop(*state);
	return 0;
}

struct logged {
	const struct term *term;
	uint64_t size;
};

static bool
is_logged(void *arg)
{
	const struct logged *l = arg;

	return term_bytes(l->term) >= l->size;
}

static void
say(struct termrig *g, struct termrig_pty *p, const char *text, size_t len)
{
	struct logged l = { p->term, term_bytes(p->term) + len };

	if (len == 0)
		return;
	termrig_write(p->slave, text, len);
	termrig_until(g, is_logged, &l);
}

struct heard {
	int fd;
	char text[256];
	size_t len, want;
};

static bool
is_heard(void *arg)
{
	struct heard *h = arg;
	ssize_t n = read(h->fd, h->text + h->len, sizeof(h->text) - h->len - 1);

	h->len += n > 0 ? (size_t)n : 0;
	return h->len >= h->want;
}

/* So much comes, and it is that. */
static void
hear(struct termrig *g, struct termrig_pty *p, const char *want)
{
	struct heard h = { .fd = p->slave, .want = strlen(want) };

	assert_int_equal(fcntl(p->slave, F_SETFL, O_NONBLOCK), 0);
	termrig_until(g, is_heard, &h);
	h.text[h.len] = '\0';
	assert_string_equal(h.text, want);
}

static void
test_J02_answers(void **state)
{
	static const struct {
		const char *question, *reply;
	} all[] = { { "\033[c", "\033[?1;2c" }, { "\033[0c", "\033[?1;2c" },
		{ "\033[>c", "\033[>0;276;0c" }, { "\033[5n", "\033[0n" },
		{ "x\033[6n", "\033[1;2R" }, { "x\033[?6n", "\033[?1;2R" },
		/* In the order in which they are asked. */
		{ "ab\r\nc\033[6n\033[5n\033[c", "\033[2;2R\033[0n\033[?1;2c" },
		{ "\033\033[5n", "\033[0n" }, { "\033[1\033[5n", "\033[0n" } };
	struct termrig *g = *state;
	struct termrig_pty p;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		size_t len = strlen(all[i].question);

		for (size_t cut = 0; cut < len; cut++) {
			termrig_pty(g, &p);
			say(g, &p, all[i].question, cut);
			say(g, &p, all[i].question + cut, len - cut);
			hear(g, &p, all[i].reply);
			termrig_pty_done(g, &p);
		}
	}
}

static void
test_J02_nothing_else(void **state)
{
	static const char never[] = "\033[21t\033P$qm\033\\\033]10;?\007"
				    "\033]52;c;?\007\005\033Z\033[?1$p\033[18t"
				    "\033[=c\033[1c\033[123456789c\033[>q\033[n"
				    "\033[?u\033[[c\033[6;6n";
	struct termrig *g = *state;
	struct termrig_pty p;

	termrig_pty(g, &p);
	say(g, &p, never, sizeof(never) - 1);
	say(g, &p, "\033[5n", 4);
	hear(g, &p, "\033[0n");
	termrig_pty_done(g, &p);
}

/* All of its input up to the mark, which comes in as soon as there is room. */
struct drained {
	struct termrig_pty *p;
	bool marked, over;
	unsigned escapes;
};

static bool
is_drained(void *arg)
{
	struct drained *d = arg;
	char part[4096];
	ssize_t n;

	d->marked = d->marked || term_input(d->p->term, "E", 1) == 0;
	n = read(d->p->slave, part, sizeof(part));
	for (ssize_t i = 0; i < n; i++) {
		d->escapes += part[i] == '\033';
		d->over = d->over || part[i] == 'E';
	}
	return d->over;
}

/* Its input is for people: its own questions do not fill it. */
static void
test_J02_who_does_not_read_hears_nothing(void **state)
{
	static uint8_t block[4096];
	struct termrig *g = *state;
	struct termrig_pty p;
	struct drained d = { .p = &p };

	termrig_pty(g, &p);
	memset(block, 'x', sizeof(block));
	while (term_input(p.term, block, sizeof(block)) == 0)
		continue;
	for (int i = 0; i < 20; i++)
		say(g, &p, "\033[5n\033[6n", 8);
	assert_int_equal(fcntl(p.slave, F_SETFL, O_NONBLOCK), 0);
	/* Nothing wakes the loop for what the program reads. */
	for (int i = 0; i < 1000000 && !is_drained(&d); i++)
		termrig_turns(g, 1);
	assert_true(d.over);
	assert_int_equal(d.escapes, 0);
	termrig_pty_done(g, &p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_J02_answers, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_J02_nothing_else, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_J02_who_does_not_read_hears_nothing, setup, teardown),
	};

	return CHECK_RUN("answer", tests);
}
