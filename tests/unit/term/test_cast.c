/* SPDX-License-Identifier: MIT */
/* A log and its index as a recording. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/term/cast.h"
#include "daemon/term/runlog.h"
#include "lib/clock.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define BAD "\xef\xbf\xbd"

struct fx {
	struct termrig rig;
	char run[UUID_TEXT];
	int pipe[2];
	struct runlog log;
	struct term *term;
	struct buf out;
	int64_t shift; /* of the clock */
};

static int
setup(void **state)
{
	static struct fx fx;

	memset(&fx, 0, sizeof(fx));
	termrig_start(&fx.rig, 65536, 1000);
	uuid_v7(fx.run);
	assert_int_equal(pipe2(fx.pipe, O_NONBLOCK), 0);
	assert_int_equal(runlog_open(&fx.log, fx.rig.dirfd, fx.run,
			     RUNLOG_CREATE),
	    0);
	buf_init(&fx.out, 1 << 20);
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	buf_done(&fx->out);
	term_unref(fx->term);
	runlog_close(&fx->log);
	close(fx->pipe[0]);
	close(fx->pipe[1]);
	termrig_stop(&fx->rig);
	clock_shift(0, 0);
	return 0;
}

/* `ms` later (or earlier) that is written. */
static void
put(struct fx *fx, int64_t ms, const char *bytes)
{
	size_t len = strlen(bytes);

	fx->shift += ms;
	clock_shift(0, fx->shift);
	assert_int_equal(write(fx->pipe[1], bytes, len), len);
	assert_int_equal(runlog_splice(&fx->log, fx->pipe[0], 65536,
			     RUNLOG_OUT),
	    len);
}

static void
unlink_index(struct fx *fx)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.idx", fx->run);
	assert_int_equal(unlinkat(fx->rig.dirfd, name, 0), 0);
}

static void
begin(struct fx *fx, struct cast *c)
{
	static const struct term_end end = { .state = "completed" };
	static const struct term_dims size = { 80, 24 };

	if (fx->term == NULL)
		assert_int_equal(term_open(fx->rig.terms, fx->run, &end, size,
				     &fx->term),
		    0);
	assert_true(cast_begin(c, fx->term));
	buf_reset(&fx->out);
}

/* The events, given `piece` bytes more each time. */
static const char *
events(struct fx *fx, struct cast *c, size_t piece)
{
	static uint8_t bytes[65536];
	size_t off = 0, have = 0, n;

	begin(fx, c);
	assert_in_range(fx->log.size, 0, sizeof(bytes));
	assert_int_equal(term_read(fx->term, 0, bytes, sizeof(bytes)),
	    fx->log.size);
	while (off < fx->log.size) {
		have =
		    have + piece < fx->log.size ? have + piece : fx->log.size;
		n = cast_put(c, off, bytes + off, have - off,
		    have == fx->log.size, &fx->out);
		assert_in_range(n, 0, have - off);
		off += n;
		assert_true(off == have || have - off < 4);
	}
	return buf_cstr(&fx->out);
}

/* The seconds and the data, which time makes hard to compare as a whole. */
static bool
next_event(const char **p, double *t, char *code, char *data)
{
	int used = 0;

	if (**p == '\0')
		return false;
	assert_int_equal(sscanf(*p, "[%lf,\"%c\",\"%255[^\"]\"]\n%n", t, code,
			     data, &used),
	    3);
	*p += used;
	return true;
}

static void
expect(const char **p, double from, char code, const char *data)
{
	char got[256], kind;
	double t;

	assert_true(next_event(p, &t, &kind, got));
	assert_string_equal(got, data);
	assert_int_equal(kind, code);
	/* A busy machine takes its time, and no more than this. */
	assert_true(t >= from && t < from + 0.9);
}

static void
test_events_have_times_and_sizes(void **state)
{
	struct fx *fx = *state;
	struct cast c;
	const char *p;

	assert_int_equal(runlog_put_size(&fx->log, 90, 30), 0);
	put(fx, 1000, "one");
	put(fx, 2000, "two\r\n");
	assert_int_equal(runlog_put_size(&fx->log, 40, 12), 0);
	put(fx, 0, "three");
	p = events(fx, &c, 65536);
	expect(&p, 1, 'o', "one");
	expect(&p, 3, 'o', "two\\u000d\\u000a");
	expect(&p, 3, 'r', "40x12");
	expect(&p, 3, 'o', "three");
	assert_string_equal(p, "");
}

static void
test_a_clock_set_back(void **state)
{
	struct fx *fx = *state;
	struct cast c;
	const char *p;

	put(fx, 5000, "a");
	put(fx, -60000, "b");
	put(fx, 2000, "c");
	p = events(fx, &c, 65536);
	expect(&p, 0, 'o', "a");
	expect(&p, 0, 'o', "b");
	expect(&p, 2, 'o', "c");
}

/* Two stretches share a character, and what is none is shown as such. */
static void
test_characters_are_whole_at_every_cut(void **state)
{
	struct fx *fx = *state;
	char data[256], kind;
	struct buf all;
	struct cast c;
	const char *p;
	double t;

	put(fx, 0, "\xe2\x82");
	put(fx, 1000, "\xac\xff\xf0\x9f");
	put(fx, 1000, "\x98");
	assert_int_equal(runlog_put_size(&fx->log, 40, 12), 0);
	put(fx, 1000, "\x80.\xc3");
	for (size_t piece = 1; piece <= fx->log.size; piece++) {
		p = events(fx, &c, piece);
		buf_init(&all, 256);
		while (next_event(&p, &t, &kind, data))
			if (kind == 'o')
				buf_put_text(&all, data);
		assert_string_equal(buf_cstr(&all),
		    "\xe2\x82\xac" BAD "\xf0\x9f\x98\x80." BAD);
		buf_done(&all);
	}
	p = events(fx, &c, 65536);
	expect(&p, 1, 'o', "\xe2\x82\xac" BAD);
	expect(&p, 2, 'r', "40x12");
	expect(&p, 3, 'o', "\xf0\x9f\x98\x80." BAD);
}

static void
test_head(void **state)
{
	const struct cast_head head = { .title = "a \"name\"",
		.command = "sh -c 'x'",
		.shell = "/bin/sh",
		.term = "xterm-256color",
		.idle_limit = 2 };
	struct fx *fx = *state;
	struct cast c;
	char want[512];

	assert_int_equal(runlog_put_size(&fx->log, 90, 30), 0);
	put(fx, 0, "x");
	begin(fx, &c);
	cast_put_head(&c, &head, &fx->out);
	(void)snprintf(want, sizeof(want),
	    "{\"version\":2,\"width\":90,\"height\":30,\"timestamp\":%lld,"
	    "\"idle_time_limit\":2,\"title\":\"a \\\"name\\\"\","
	    "\"command\":\"sh -c 'x'\",\"env\":{\"SHELL\":\"/bin/sh\","
	    "\"TERM\":\"xterm-256color\"}}\n",
	    (long long)(c.begun_ms / 1000));
	assert_string_equal(buf_cstr(&fx->out), want);
	assert_in_range(c.begun_ms, clock_wall_ms() - 60000, clock_wall_ms());
}

static void
test_without_times_it_says_so_and_has_a_pace(void **state)
{
	const struct cast_head head = { .term = "xterm", .begun_ms = 7000 };
	char *many = xmalloc(10001);
	struct fx *fx = *state;
	struct cast c;
	const char *p;

	memset(many, 'x', 10000);
	many[10000] = '\0';
	put(fx, 0, many);
	free(many);
	unlink_index(fx);
	begin(fx, &c);
	cast_put_head(&c, &head, &fx->out);
	assert_non_null(strstr(buf_cstr(&fx->out),
	    "\"width\":80,\"height\":24,\"timestamp\":7,"));
	assert_non_null(strstr(buf_cstr(&fx->out), "}\n[0.000,\"m\",\"the"));
	p = events(fx, &c, 65536);
	assert_int_equal(strncmp(p, "[0.100,\"o\",\"x", 13), 0);
	assert_non_null(strstr(p, "\n[0.200,\"o\",\"x"));
	assert_non_null(strstr(p, "\n[0.300,\"o\",\"x"));
	assert_null(strstr(p, "[0.4"));
}

/* What a loss of power leaves of the index: half a record, or zeros. */
static void
test_a_torn_index(void **state)
{
	static const char zeros[16 + 7];
	struct fx *fx = *state;
	struct cast c;
	const char *p;

	put(fx, 1000, "one");
	put(fx, 1000, "two");
	assert_int_equal(pwrite(fx->log.idx, zeros, sizeof(zeros), 2 * 16),
	    sizeof(zeros));
	p = events(fx, &c, 65536);
	expect(&p, 0, 'o', "one");
	expect(&p, 1, 'o', "two");
	/* What is left of it is where the next one goes on. */
	runlog_close(&fx->log);
	assert_int_equal(runlog_open(&fx->log, fx->rig.dirfd, fx->run,
			     RUNLOG_ADOPT),
	    0);
	assert_int_equal(fx->log.records, 2);
}

/* A full disk, as far as a test can have one. */
static void
abuse_O13_a_size_that_cannot_be_written(void **state)
{
	struct fx *fx = *state;
	const struct term_dims size = { 80, 24 };
	struct rlimit was, none;
	char run[UUID_TEXT];
	struct term *t;
	int full;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit){ 0, was.rlim_max };
	uuid_v7(run);
	assert_int_equal(term_new(fx->rig.terms, run, false, &t), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	full = term_announce_size(t, size);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(full, -EFBIG);
	assert_int_equal(term_announce_size(t, size), 0);
	term_unref(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_events_have_times_and_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_clock_set_back, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    test_characters_are_whole_at_every_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_head, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_without_times_it_says_so_and_has_a_pace, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_O13_a_size_that_cannot_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_torn_index, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
