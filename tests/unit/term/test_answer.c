/* SPDX-License-Identifier: MIT */
/*
 * Answers to a program at which nobody looks (abuse J02): the fixed ones, where
 * the cursor is, in the order of the questions and however these are cut; and
 * what they cost, counted in bytes that are emulated and in answers.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/flight.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
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

static void
nothing_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* So much comes, and it is that. */
static void
hear(struct termrig *g, struct termrig_pty *p, const char *want)
{
	struct heard h = { .fd = p->slave, .want = strlen(want) };
	struct loop_watch *w;

	assert_true(h.want < sizeof(h.text));
	assert_int_equal(fcntl(p->slave, F_SETFL, O_NONBLOCK), 0);
	w = loop_watch_new(g->loop, p->slave, LOOP_READ, nothing_cb, NULL);
	termrig_until(g, is_heard, &h);
	loop_watch_free(w);
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
		/* Each of where the cursor was then. */
		{ "x\033[6n\033[?6ny\033[6n", "\033[1;2R\033[?1;2R\033[1;3R" },
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

/* A write of nothing but questions, of each kind by turns. */
static void
test_J02_each_of_many(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct buf asked, want;

	termrig_pty(g, &p);
	buf_init(&asked, 1024);
	buf_init(&want, 1024);
	for (int i = 0; i < 25; i++) {
		buf_put_text(&asked, "\033[6n\033[5n");
		buf_put_text(&want, "\033[1;1R\033[0n");
	}
	say(g, &p, buf_cstr(&asked), asked.len);
	hear(g, &p, buf_cstr(&want));
	buf_done(&asked);
	buf_done(&want);
	termrig_pty_done(g, &p);
}

/* What moves the cursor is emulated, each byte of it. */
#define FILL 600000
static void
fill(struct termrig *g, struct termrig_pty *p)
{
	static const char line[] = "\033[5A\033[2;3Hx";
	char block[(sizeof(line) - 1) * 200];

	for (int i = 0; i < 200; i++)
		memcpy(block + i * (int)(sizeof(line) - 1), line,
		    sizeof(line) - 1);
	while (term_bytes(p->term) < FILL)
		say(g, p, block, sizeof(block));
}

/* A byte is emulated once, however often it is asked. */
static void
test_J02_asked_in_a_loop(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct terms_stats was, first, now;

	termrig_pty(g, &p);
	fill(g, &p);
	terms_stats(g->terms, &was);
	say(g, &p, "\033[6n", 4);
	hear(g, &p, "\033[2;4R");
	terms_stats(g->terms, &first);
	assert_true(first.emulated - was.emulated >= FILL);
	for (int i = 0; i < 200; i++) {
		say(g, &p, "y\033[6n\r", 6);
		hear(g, &p, i == 0 ? "\033[2;5R" : "\033[2;2R");
	}
	terms_stats(g->terms, &now);
	assert_true(now.emulated - first.emulated <= 6 * 200);
	assert_int_equal(now.answers - was.answers, 201);
	termrig_pty_done(g, &p);
}

/* What follows a question waits with its program until that is answered. */
static void
test_J02_more_waits(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	uint64_t size;

	termrig_pty(g, &p);
	fill(g, &p);
	say(g, &p, "\033[6n", 4);
	size = term_bytes(p.term);
	termrig_write(p.slave, "more", 4);
	assert_true(p.term->answer.asked);
	while (p.term->answer.asked) {
		assert_int_equal(term_bytes(p.term), size);
		termrig_turns(g, 1);
	}
	assert_int_equal(g->terms->stats.answers, 1);
	hear(g, &p, "\033[2;4R");
	termrig_until(g, is_logged, &(struct logged){ p.term, size + 4 });
	termrig_pty_done(g, &p);
}

/* It takes a quarter of the thread: after each slice it rests. */
static void
test_J02_answers_rest(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct terms_stats was, now;
	int64_t begun;

	termrig_pty(g, &p);
	fill(g, &p);
	terms_stats(g->terms, &was);
	begun = clock_mono_us();
	say(g, &p, "\033[6n", 4);
	hear(g, &p, "\033[2;4R");
	terms_stats(g->terms, &now);
	assert_true(now.rests - was.rests >= 2);
	assert_true(clock_mono_us() - begun >=
		    (int64_t)(now.rests - was.rests - 1) * 3 * SCREEN_SLICE_US);
	termrig_pty_done(g, &p);
}

static bool
is_answered(void *arg)
{
	const struct term *t = ((struct termrig_pty *)arg)->term;

	return t->answer.at == t->log.size && !t->answer.asked;
}

static bool
all_answered(void *arg)
{
	const struct termrig *g = arg;

	return g->terms->stats.answers == 7;
}

/* Six of one and then one of another, as long: that is not the last. */
static void
test_J02_owners_take_turns(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty many[6], one;

	for (int i = 0; i < 6; i++) {
		termrig_pty_of(g, &many[i], "a");
		fill(g, &many[i]);
	}
	termrig_pty_of(g, &one, "b");
	fill(g, &one);
	for (int i = 0; i < 6; i++)
		termrig_write(many[i].slave, "\033[6n", 4);
	say(g, &one, "\033[6n", 4);
	termrig_until(g, is_answered, &one);
	assert_true(g->terms->stats.answers >= 1);
	assert_true(g->terms->stats.answers <= 3);
	termrig_until(g, all_answered, g);
	for (int i = 0; i < 6; i++)
		termrig_pty_done(g, &many[i]);
	termrig_pty_done(g, &one);
}

/* Of each owner some emulators stay, so that others have theirs. */
static void
test_J02_emulators_stay(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty many[12], one;
	struct terms_stats was, now;
	unsigned n = 0;

	termrig_pty_of(g, &one, "b");
	fill(g, &one);
	say(g, &one, "\033[6n", 4);
	hear(g, &one, "\033[2;4R");
	for (int i = 0; i < 12; i++) {
		termrig_pty_of(g, &many[i], "a");
		say(g, &many[i], "\033[6n", 4);
		hear(g, &many[i], "\033[1;1R");
	}
	for (int i = 0; i < 12; i++)
		n += many[i].term->answer.job->emu != NULL;
	assert_int_equal(n, 2);
	terms_stats(g->terms, &was);
	say(g, &one, "\033[6n", 4);
	hear(g, &one, "\033[2;4R");
	terms_stats(g->terms, &now);
	assert_true(now.emulated - was.emulated <= 4);
	/* One that has none any more begins again. */
	say(g, &many[0], "x\033[6n", 5);
	hear(g, &many[0], "\033[1;2R");
	for (int i = 0; i < 12; i++)
		termrig_pty_done(g, &many[i]);
	termrig_pty_done(g, &one);
}

/* All of its input, by then with what it asked for; nothing wakes the loop. */
static unsigned
drain(struct termrig *g, struct termrig_pty *p, unsigned until)
{
	int64_t late = clock_mono_ms() + 10000;
	unsigned escapes = 0;
	bool marked = false, over = false;
	char part[4096];

	assert_int_equal(fcntl(p->slave, F_SETFL, O_NONBLOCK), 0);
	while (!over || escapes < until) {
		ssize_t n = read(p->slave, part, sizeof(part));

		marked = marked || term_input(p->term, "E", 1) == 0;
		for (ssize_t i = 0; i < n; i++) {
			escapes += part[i] == '\033';
			over = over || part[i] == 'E';
		}
		termrig_turns(g, 1);
		assert_true(clock_mono_ms() < late);
	}
	return escapes;
}

static void
ask_unread(struct termrig *g, struct termrig_pty *p)
{
	static uint8_t block[4096];

	termrig_pty(g, p);
	memset(block, 'x', sizeof(block));
	while (term_input(p->term, block, sizeof(block)) == 0)
		continue;
	for (int i = 0; i < 20; i++)
		say(g, p, "\033[5n\033[6n", 8);
}

/* Its input is for people: its own questions do not fill it. */
static void
test_J02_who_does_not_read_hears_nothing(void **state)
{
	static const char more[2000] = "more";
	struct termrig *g = *state;
	struct termrig_pty p;

	ask_unread(g, &p);
	for (int i = 0; i < 40; i++)
		say(g, &p, more, sizeof(more));
	assert_int_equal(drain(g, &p, 0), 0);
	termrig_pty_done(g, &p);
}

static void
test_J02_who_reads_late_hears(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;

	ask_unread(g, &p);
	assert_int_equal(g->terms->stats.answers, 0);
	assert_int_equal(drain(g, &p, 40), 40);
	termrig_pty_done(g, &p);
}

/* Programs of an owner have no turn for so long, or again. */
static void
starve(struct termrig *g, bool on)
{
	g->terms->rest_until = on ? clock_mono_us() + 3600 * 1000000LL : 0;
	loop_timer_set_us(g->terms->slice, 0);
}

/* Of `len` bytes that it says now nothing is logged until something happens. */
static void
ask_and_go_on(struct termrig *g, struct termrig_pty *p, const char *question,
    const char *more)
{
	termrig_pty(g, p);
	fill(g, p);
	starve(g, true);
	say(g, p, question, strlen(question));
	assert_true(p->term->answer.asked);
	assert_int_equal(p->term->pump.state, PUMP_HELD);
	termrig_write(p->slave, more, strlen(more));
}

/* However long an answer takes, output is held up for a second. */
static void
test_J02_held_for_a_second(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct logged l;

	ask_and_go_on(g, &p, "\033[6n", "more");
	l = (struct logged){ p.term, term_bytes(p.term) + 4 };
	termrig_turns(g, 10);
	assert_false(is_logged(&l));
	termrig_until(g, is_logged, &l);
	assert_true(p.term->answer.asked);
	starve(g, false);
	hear(g, &p, "\033[2;4R");
	/* The next one is held again. */
	starve(g, true);
	say(g, &p, "\033[6n", 4);
	assert_int_equal(p.term->pump.state, PUMP_HELD);
	starve(g, false);
	hear(g, &p, "\033[2;8R");
	termrig_pty_done(g, &p);
}

/* Who takes the size sees at once what is held up; what was asked is ours. */
static void
test_J02_who_takes_the_size_waits_for_nothing(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	ask_and_go_on(g, &p, "\033[6n\033[5n", "more\033[5n");
	sink_open(&s, p.term, term_bytes(p.term), false);
	assert_int_equal(p.term->pump.state, PUMP_HELD);
	assert_int_equal(viewer_resize(s.viewer, 80, 24), 0);
	assert_int_not_equal(p.term->pump.state, PUMP_HELD);
	sink_await(g, &s, 8);
	assert_true(p.term->answer.asked);
	starve(g, false);
	hear(g, &p, "\033[2;4R\033[0n");
	termrig_until(g, is_answered, &p);
	assert_int_equal(g->terms->stats.answers, 2);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static bool
is_without_room(void *arg)
{
	return ((const struct termrig_pty *)arg)->term->answer.cursor[0] !=
	       '\0';
}

/* What the program has not read, and cannot be given more of (tty_ioctl(4)). */
#define UNREAD_MAX 4095

/*
 * Until nothing moves any more: the kernel hands on by itself what was written,
 * and makes room by that.
 */
static void
fill_up(struct termrig *g, struct termrig_pty *p)
{
	static uint8_t block[4096];
	int64_t late = clock_mono_ms() + 60000;
	int unread = 0;

	memset(block, 'x', sizeof(block));
	do {
		while (term_input(p->term, block, sizeof(block)) == 0)
			continue;
		while (term_input(p->term, block, 1) == 0)
			continue;
		termrig_turns(g, 2);
		assert_int_equal(ioctl(p->slave, FIONREAD, &unread), 0);
		assert_true(clock_mono_ms() < late);
	} while (unread < UNREAD_MAX || term_input(p->term, block, 1) == 0);
}

/* A cursor that is asked for, and no room for it when it is known. */
static void
ask_without_room(struct termrig *g, struct termrig_pty *p)
{
	ask_and_go_on(g, p, "\033[6n\033[5n", "");
	fill_up(g, p);
	starve(g, false);
	termrig_until(g, is_without_room, p);
	assert_int_equal(g->terms->stats.answers, 0);
}

/* All that it reads until it has heard so much that nobody typed. */
static void
hear_behind(struct termrig *g, struct termrig_pty *p, const char *want)
{
	int64_t late = clock_mono_ms() + 60000;
	char part[4096], text[64];
	size_t len = 0;

	assert_int_equal(fcntl(p->slave, F_SETFL, O_NONBLOCK), 0);
	while (len < strlen(want)) {
		ssize_t n = read(p->slave, part, sizeof(part));

		for (ssize_t i = 0; i < n; i++) {
			assert_true(part[i] != 'x' || len == 0);
			if (part[i] != 'x' && len < sizeof(text) - 1)
				text[len++] = part[i];
		}
		termrig_turns(g, 1);
		assert_true(clock_mono_ms() < late);
	}
	text[len] = '\0';
	assert_string_equal(text, want);
}

static void
test_J02_room_is_waited_for(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;

	ask_without_room(g, &p);
	hear_behind(g, &p, "\033[2;4R\033[0n");
	termrig_pty_done(g, &p);
}

/* It goes on as if it had not asked: it is not answered out of the past. */
static void
test_J02_room_is_not_waited_for_long(void **state)
{
	static const char more[2000] = "more";
	struct termrig *g = *state;
	struct termrig_pty p;

	ask_without_room(g, &p);
	for (int i = 0; i < 40; i++)
		say(g, &p, more, sizeof(more));
	assert_false(is_without_room(&p));
	assert_int_equal(drain(g, &p, 0), 0);
	termrig_pty_done(g, &p);
}

#define WITH_RIG(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_J02_answers),
		WITH_RIG(test_J02_nothing_else),
		WITH_RIG(test_J02_each_of_many),
		WITH_RIG(test_J02_asked_in_a_loop),
		WITH_RIG(test_J02_more_waits),
		WITH_RIG(test_J02_answers_rest),
		WITH_RIG(test_J02_owners_take_turns),
		WITH_RIG(test_J02_emulators_stay),
		WITH_RIG(test_J02_who_does_not_read_hears_nothing),
		WITH_RIG(test_J02_who_reads_late_hears),
		WITH_RIG(test_J02_held_for_a_second),
		WITH_RIG(test_J02_who_takes_the_size_waits_for_nothing),
		WITH_RIG(test_J02_room_is_waited_for),
		WITH_RIG(test_J02_room_is_not_waited_for_long),
	};

	return CHECK_RUN("answer", tests);
}
