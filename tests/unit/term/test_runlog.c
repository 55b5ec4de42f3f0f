/* SPDX-License-Identifier: MIT */
/* The append-only log and its index. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/term/runlog.h"
#include "lib/clock.h"
#include "lib/secret.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

struct fx {
	char dir[64], run[UUID_TEXT];
	int dirfd, pipe[2];
	struct runlog log;
};

static int
setup(void **state)
{
	static struct fx fx;

	memset(&fx, 0, sizeof(fx));
	fx.dirfd = termrig_dir_new(fx.dir);
	uuid_v7(fx.run);
	assert_int_equal(pipe2(fx.pipe, O_NONBLOCK), 0);
	assert_int_equal(runlog_open(&fx.log, fx.dirfd, fx.run, RUNLOG_CREATE),
	    0);
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	runlog_close(&fx->log);
	close(fx->pipe[0]);
	close(fx->pipe[1]);
	close(fx->dirfd);
	termrig_dir_remove(fx->dir);
	clock_shift(0, 0);
	return 0;
}

static void
put(struct fx *fx, const char *text, uint8_t stream)
{
	size_t len = strlen(text);

	assert_int_equal(write(fx->pipe[1], text, len), len);
	assert_int_equal(runlog_splice(&fx->log, fx->pipe[0], 4096, stream),
	    len);
}

static void
reopen(struct fx *fx, enum runlog_mode mode)
{
	runlog_close(&fx->log);
	assert_int_equal(runlog_open(&fx->log, fx->dirfd, fx->run, mode), 0);
}

static void
expect(const struct fx *fx, uint64_t off, const char *text)
{
	char got[256];
	long n = runlog_read(&fx->log, off, got, sizeof(got));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, strlen(text));
}

static void
test_bytes_and_size(void **state)
{
	struct fx *fx = *state;

	put(fx, "hello ", RUNLOG_OUT);
	put(fx, "world", RUNLOG_OUT);
	assert_int_equal(fx->log.size, 11);
	expect(fx, 0, "hello world");
	expect(fx, 6, "world");
	expect(fx, 11, "");
	expect(fx, 99, "");
	/* An empty pipe is none at its end. */
	assert_int_equal(runlog_splice(&fx->log, fx->pipe[0], 10, RUNLOG_OUT),
	    -EAGAIN);
	close(fx->pipe[1]);
	assert_int_equal(runlog_splice(&fx->log, fx->pipe[0], 10, RUNLOG_OUT),
	    0);
	fx->pipe[1] = dup(fx->pipe[0]);
}

static void
test_adopt_goes_on(void **state)
{
	struct fx *fx = *state;

	put(fx, "before ", RUNLOG_OUT);
	reopen(fx, RUNLOG_ADOPT);
	assert_int_equal(fx->log.size, 7);
	put(fx, "after", RUNLOG_ERR);
	reopen(fx, RUNLOG_READ);
	expect(fx, 0, "before after");
}

static void
test_create_is_exclusive(void **state)
{
	struct fx *fx = *state;
	struct runlog l;

	assert_int_equal(runlog_open(&l, fx->dirfd, fx->run, RUNLOG_CREATE),
	    -EEXIST);
	uuid_v7(fx->run);
	assert_int_equal(runlog_open(&l, fx->dirfd, fx->run, RUNLOG_READ),
	    -ENOENT);
	assert_int_equal(runlog_open(&l, fx->dirfd, fx->run, RUNLOG_CREATE), 0);
	runlog_close(&l);
}

static void
test_only_ids_are_names(void **state)
{
	static const char *const bad[] = { "", "../x", "x", "a/b",
		"01a1fc02-e49e-70d6-829f-cc5ba764db6",
		"01a1fc02-e49e-70d6-829f-cc5ba764db67x" };
	struct fx *fx = *state;
	struct runlog l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(runlog_open(&l, fx->dirfd, bad[i],
				     RUNLOG_CREATE),
		    -EINVAL);
}

static void
test_modes(void **state)
{
	static const char *const suffixes[] = { "log", "idx" };
	struct fx *fx = *state;
	char name[64];
	struct stat st;

	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s.%s", fx->run, suffixes[i]);
		assert_int_equal(fstatat(fx->dirfd, name, &st, 0), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void
expect_span(const struct fx *fx, uint64_t off, uint64_t from, uint64_t to,
    uint8_t stream)
{
	struct runlog_span s;

	assert_true(runlog_span(&fx->log, off, &s));
	assert_int_equal(s.from, from);
	assert_int_equal(s.to, to);
	assert_int_equal(s.stream, stream);
}

/* Sizes stand between the stretches and are no bytes. */
static void
test_sizes(void **state)
{
	struct fx *fx = *state;
	struct runlog_size s;
	struct runlog_span span;
	uint64_t i = runlog_sizes(&fx->log, 0);

	assert_int_equal(runlog_put_size(&fx->log, 80, 24), 0);
	put(fx, "first", RUNLOG_OUT);
	assert_int_equal(runlog_put_size(&fx->log, 81, 24), 0);
	assert_int_equal(runlog_put_size(&fx->log, 1000, 500), 0);
	put(fx, "second", RUNLOG_OUT);
	reopen(fx, RUNLOG_ADOPT);
	put(fx, "third", RUNLOG_OUT);
	assert_true(runlog_next_size(&fx->log, &i, &s));
	assert_int_equal(s.at, 0);
	assert_int_equal(s.cols, 80);
	/* Two at one place are the last. */
	assert_true(runlog_next_size(&fx->log, &i, &s));
	assert_int_equal(s.at, 5);
	assert_int_equal(s.cols, 1000);
	assert_int_equal(s.rows, 500);
	assert_false(runlog_next_size(&fx->log, &i, &s));
	i = runlog_sizes(&fx->log, 5);
	assert_true(runlog_next_size(&fx->log, &i, &s));
	assert_int_equal(s.at, 5);
	assert_true(runlog_span(&fx->log, 2, &span));
	assert_int_equal(span.to, 5);
	assert_true(runlog_span(&fx->log, 5, &span));
	assert_int_equal(span.from, 5);
	assert_int_equal(span.stream, RUNLOG_OUT);
}

static void
test_spans_by_stream(void **state)
{
	struct fx *fx = *state;
	struct runlog_span s;

	assert_false(runlog_span(&fx->log, 0, &s));
	put(fx, "out", RUNLOG_OUT);
	put(fx, "more", RUNLOG_OUT);
	put(fx, "err", RUNLOG_ERR);
	put(fx, "x", RUNLOG_OUT);
	expect_span(fx, 0, 0, 7, RUNLOG_OUT);
	expect_span(fx, 6, 0, 7, RUNLOG_OUT);
	expect_span(fx, 7, 7, 10, RUNLOG_ERR);
	expect_span(fx, 10, 10, 11, RUNLOG_OUT);
	assert_false(runlog_span(&fx->log, 11, &s));
	assert_int_equal(runlog_note(&fx->log, "rdv: so\r\n"), 0);
	expect_span(fx, 12, 11, 20, RUNLOG_RDV);
	reopen(fx, RUNLOG_READ);
	expect_span(fx, 8, 7, 10, RUNLOG_ERR);
}

static void
test_spans_by_time(void **state)
{
	struct fx *fx = *state;
	struct runlog_span first, second;

	put(fx, "one", RUNLOG_OUT);
	clock_shift(0, 10000);
	put(fx, "two", RUNLOG_OUT);
	assert_int_equal(fx->log.records, 2);
	assert_true(runlog_span(&fx->log, 0, &first));
	assert_true(runlog_span(&fx->log, 3, &second));
	assert_in_range(second.time_ms - first.time_ms, 10000, 10999);
	/* A clock set back does not join what was apart. */
	clock_shift(0, -5000);
	put(fx, "three", RUNLOG_OUT);
	expect_span(fx, 6, 6, 11, RUNLOG_OUT);
}

/* In all the index is no larger than the log and some bytes a second. */
static void
test_spans_of_drops(void **state)
{
	struct fx *fx = *state;

	for (int i = 0; i < 100; i++) {
		clock_shift(0, i * 30);
		put(fx, ".", RUNLOG_OUT);
	}
	/* Three seconds, and some more on a busy machine. */
	assert_in_range(fx->log.records, 20, 40);
	clock_shift(0, 100 * 30);
	put(fx, "sixteen bytes at least", RUNLOG_OUT);
	clock_shift(0, 101 * 30);
	put(fx, ".", RUNLOG_OUT);
	expect_span(fx, fx->log.size - 1, fx->log.size - 1, fx->log.size,
	    RUNLOG_OUT);
}

/* A record is written first; when no bytes follow it, the next replaces it. */
static void
test_record_without_bytes(void **state)
{
	struct fx *fx = *state;

	put(fx, "a", RUNLOG_OUT);
	for (int i = 0; i < 5; i++)
		assert_int_equal(runlog_splice(&fx->log, fx->pipe[0], 9,
				     RUNLOG_ERR),
		    -EAGAIN);
	assert_int_equal(fx->log.records, 2);
	reopen(fx, RUNLOG_ADOPT);
	put(fx, "b", RUNLOG_OUT);
	assert_int_equal(fx->log.records, 2);
	expect_span(fx, 1, 1, 2, RUNLOG_OUT);
}

/* What a loss of power leaves: an index that is ahead, or cut in a record. */
static void
test_index_ahead_of_log(void **state)
{
	struct fx *fx = *state;
	char name[64];
	struct stat st;

	put(fx, "kept", RUNLOG_OUT);
	put(fx, "lost", RUNLOG_ERR);
	put(fx, "lost too", RUNLOG_OUT);
	assert_int_equal(ftruncate(fx->log.fd, 4), 0);
	assert_int_equal(ftruncate(fx->log.idx, 3 * 16 + 5), 0);
	reopen(fx, RUNLOG_ADOPT);
	assert_int_equal(fx->log.size, 4);
	/* The record at 4 describes what comes next and may stay. */
	assert_int_equal(fx->log.records, 2);
	snprintf(name, sizeof(name), "%s.idx", fx->run);
	assert_int_equal(fstatat(fx->dirfd, name, &st, 0), 0);
	assert_int_equal(st.st_size, 32);
	put(fx, "new", RUNLOG_OUT);
	expect_span(fx, 4, 4, 7, RUNLOG_OUT);
	expect(fx, 0, "keptnew");
}

static void
test_symlink_is_refused(void **state)
{
	struct fx *fx = *state;
	char name[64];
	struct runlog l;

	uuid_v7(fx->run);
	snprintf(name, sizeof(name), "%s.log", fx->run);
	assert_int_equal(symlinkat("/etc/passwd", fx->dirfd, name), 0);
	assert_true(runlog_open(&l, fx->dirfd, fx->run, RUNLOG_ADOPT) < 0);
	assert_true(runlog_open(&l, fx->dirfd, fx->run, RUNLOG_READ) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bytes_and_size, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_adopt_goes_on, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_create_is_exclusive, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_only_ids_are_names, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_modes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spans_by_stream, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_spans_by_time, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_spans_of_drops, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_record_without_bytes,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_index_ahead_of_log, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_symlink_is_refused, setup,
		    teardown),
	};

	return CHECK_RUN("runlog", tests);
}
