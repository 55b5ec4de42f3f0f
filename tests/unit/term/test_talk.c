/* SPDX-License-Identifier: MIT */
/* Entries that come in pieces, come again after a crash, or find no room. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "daemon/term/talk.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

struct fx {
	struct termrig rig;
	struct talks *talks;
	char run[UUID_TEXT];
	uint64_t grown;
	unsigned news;
};

static void
grew_cb(const char *run_id, uint64_t bytes, void *arg)
{
	struct fx *fx = arg;

	assert_string_equal(run_id, fx->run);
	fx->grown = bytes;
}

static struct talks *
talks_of(struct fx *fx, struct loop *loop)
{
	const struct talks_conf conf = { loop, fx->rig.dirfd, grew_cb, fx };

	return talks_new(&conf);
}

static int
setup(void **state)
{
	static struct fx fx;

	memset(&fx, 0, sizeof(fx));
	termrig_start(&fx.rig, 4096, 1000);
	fx.talks = talks_of(&fx, fx.rig.loop);
	uuid_v7(fx.run);
	*state = &fx;
	return 0;
}

static int
teardown(void **state)
{
	struct fx *fx = *state;

	talks_free(fx->talks);
	clock_shift(0, 0);
	termrig_stop(&fx->rig);
	return 0;
}

static struct talk *
begin(struct fx *fx)
{
	struct talk *t;

	assert_int_equal(talk_begin(fx->talks, fx->run, &t), 0);
	return t;
}

/* Version `v` of an entry, and `more` bytes with it. */
static struct js *
entry(int64_t v, size_t more)
{
	struct js *o = js_object();
	char *text = calloc(more + 1, 1);

	assert_non_null(text);
	memset(text, 'x', more);
	js_add_int(o, "v", v);
	js_add_str(o, "content", text);
	free(text);
	return o;
}

/* The version that lies on the disk, or -1. */
static int64_t
stored(struct fx *fx, uint32_t at)
{
	struct talkfile_record r;
	struct talkfile f;
	int64_t v = -1;
	char why[80];
	struct buf b;
	struct js *o;

	if (talkfile_open(&f, fx->rig.dirfd, fx->run, TALKFILE_READ) != 0)
		return -1;
	buf_init(&b, TALKFILE_ENTRY_MAX);
	if (talkfile_newest(&f, at, &r)) {
		assert_int_equal(talkfile_text(&f, &r, &b), 0);
		o = js_parse(buf_cstr(&b), b.len, why, sizeof(why));
		assert_non_null(o);
		v = js_int(o, "v", -2);
		js_free(o);
	}
	buf_done(&b);
	talkfile_close(&f);
	return v;
}

struct wish {
	struct fx *fx;
	uint32_t at;
	int64_t v;
};

static bool
is_stored(void *arg)
{
	const struct wish *w = arg;

	return stored(w->fx, w->at) == w->v;
}

static void
until_stored(struct fx *fx, uint32_t at, int64_t v)
{
	struct wish w = { fx, at, v };

	termrig_until(&fx->rig, is_stored, &w);
}

static void
test_new_at_once_replaced_later(void **state)
{
	struct fx *fx = *state;
	struct talk *t = begin(fx);
	const int64_t start = clock_mono_ms();

	talk_put(t, 0, entry(1, 0));
	assert_int_equal(stored(fx, 0), -1);
	termrig_turns(&fx->rig, 2);
	assert_int_equal(stored(fx, 0), 1);
	talk_put(t, 0, entry(2, 0));
	termrig_turns(&fx->rig, 2);
	if (clock_mono_ms() - start < 50)
		assert_int_equal(stored(fx, 0), 1);
	until_stored(fx, 0, 2);
	assert_true(clock_mono_ms() - start >= 49);
	/* Its end is soon enough for who waits for the last word. */
	talk_put(t, 0, entry(3, 0));
	talk_put(t, 1, entry(4, 0));
	talk_end(t);
	assert_int_equal(stored(fx, 0), 3);
	assert_int_equal(stored(fx, 1), 4);
}

/* Ten thousand pieces of a text of 200 KB are a gigabyte, all put together. */
static void
test_deltas_are_not_quadratic(void **state)
{
	struct fx *fx = *state;
	struct talk *t = begin(fx);
	const int64_t start = clock_mono_ms();
	uint64_t most;

	for (int i = 1; i <= 10000; i++) {
		talk_put(t, 0, entry(i, (size_t)i * 20));
		if (i % 100 == 0)
			termrig_turns(&fx->rig, 1);
	}
	assert_int_equal(talk_flush(t), 0);
	/* As it is promised; and its last version, and the index. */
	most = (uint64_t)(clock_mono_ms() - start + 2000) * 132 + 200000 + 100;
	assert_true(talk_bytes(t) <= most);
	assert_true(most < 10000 * (uint64_t)100000 / 20);
	assert_int_equal(stored(fx, 0), 10000);
	assert_int_equal(fx->grown, talk_bytes(t));
	talk_end(t);
}

static void
news_cb(void *arg)
{
	((struct fx *)arg)->news++;
}

static void
test_who_follows_is_told(void **state)
{
	struct fx *fx = *state;
	char other[UUID_TEXT];
	struct talk_watch *w, *deaf;
	struct fx none = { .news = 0 };
	struct talk *t;

	uuid_v7(other);
	w = talk_watch(fx->talks, fx->run, news_cb, fx);
	deaf = talk_watch(fx->talks, other, news_cb, &none);
	assert_false(talk_is_open(fx->talks, fx->run));
	t = begin(fx);
	assert_true(talk_is_open(fx->talks, fx->run));
	assert_int_equal(talk_begin(fx->talks, fx->run, &t), -EBUSY);
	assert_int_equal(fx->news, 1);
	talk_put(t, 0, entry(1, 0));
	assert_int_equal(fx->news, 1);
	termrig_turns(&fx->rig, 2);
	assert_int_equal(fx->news, 2);
	talk_end(t);
	assert_int_equal(fx->news, 3);
	assert_false(talk_is_open(fx->talks, fx->run));
	talk_tell(fx->talks, fx->run);
	assert_int_equal(fx->news, 4);
	assert_int_equal(none.news, 0);
	talk_unwatch(w);
	talk_unwatch(deaf);
}

/* The steps of a conversation, the same each time. */
#define STEPS 400
struct step {
	uint32_t at;
	int64_t v;
};

static void
script(struct step steps[STEPS], unsigned seed)
{
	uint32_t next = 0;

	for (int i = 0; i < STEPS; i++) {
		const bool new = next == 0 || rand_r(&seed) % 4 == 0;

		/* Mostly of the last ones, as it is with agents. */
		steps[i].at =
		    new ? next++
			: next - 1 -
			      (uint32_t)rand_r(&seed) % (next < 5 ? next : 5);
		steps[i].v = i;
	}
}

/* Puts some of it, and is gone in the middle of it. */
static void
crash(struct fx *fx, const struct step *steps, int n, unsigned seed)
{
	struct termrig rig = { .dirfd = fx->rig.dirfd };
	struct talk *t;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid > 0) {
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		return;
	}
	rig.loop = loop_new();
	fx->talks = talks_of(fx, rig.loop);
	if (talk_begin(fx->talks, fx->run, &t) != 0)
		_exit(1);
	for (int i = 0; i < n; i++) {
		talk_put(t, steps[i].at, entry(steps[i].v, 10));
		if (rand_r(&seed) % 3 == 0)
			clock_shift(i * 20, 0);
		if (rand_r(&seed) % 5 == 0)
			(void)talk_flush(t);
	}
	_exit(0);
}

/* How often the same version of an entry lies there: once. */
static void
check_nothing_doubled(struct fx *fx)
{
	bool seen[STEPS] = { false };
	struct talkfile_record r;
	struct talkfile f;
	uint64_t off = 0;
	struct buf b;
	char why[80];
	struct js *o;
	int64_t v;

	assert_int_equal(talkfile_open(&f, fx->rig.dirfd, fx->run,
			     TALKFILE_READ),
	    0);
	for (; talkfile_record(&f, off, &r) == 0; off = r.next) {
		buf_init(&b, TALKFILE_ENTRY_MAX);
		assert_int_equal(talkfile_text(&f, &r, &b), 0);
		o = js_parse(buf_cstr(&b), b.len, why, sizeof(why));
		v = js_int(o, "v", -1);
		assert_in_range(v, 0, STEPS - 1);
		assert_false(seen[v]);
		seen[v] = true;
		js_free(o);
		buf_done(&b);
	}
	assert_int_equal(off, f.size);
	talkfile_close(&f);
}

/* All of it once more: nothing goes back, nothing is doubled. */
static void
again(struct fx *fx, const struct step *steps, int crashed)
{
	int64_t before[STEPS], last[STEPS];
	struct talk *t = begin(fx);
	uint32_t count = 0;

	for (uint32_t i = 0; i < STEPS; i++)
		before[i] = stored(fx, i);
	for (int i = 0; i < STEPS; i++) {
		talk_put(t, steps[i].at, entry(steps[i].v, 10));
		last[steps[i].at] = steps[i].v;
		if (steps[i].at >= count)
			count = steps[i].at + 1;
		if (i % 50 == 0)
			termrig_turns(&fx->rig, 1);
		if (i % 50 == 0)
			for (uint32_t k = 0; k < count; k++)
				assert_true(stored(fx, k) >= before[k]);
		if (i == crashed)
			talk_caught_up(t);
	}
	talk_end(t);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(stored(fx, i), last[i]);
	assert_int_equal(stored(fx, count), -1);
}

static void
test_again_after_a_crash(void **state)
{
	struct fx *fx = *state;
	struct step steps[STEPS];
	unsigned seed = 7;

	for (int round = 0; round < 60; round++) {
		const int n = rand_r(&seed) % STEPS;

		script(steps, (unsigned)round);
		(void)runlog_remove(fx->rig.dirfd, fx->run);
		crash(fx, steps, n, (unsigned)round);
		/* And a second one, while it comes again. */
		crash(fx, steps, n / 2, (unsigned)round);
		again(fx, steps, n);
		check_nothing_doubled(fx);
	}
}

/* Another build's adapter, whose words are others. */
static void
test_other_words(void **state)
{
	struct fx *fx = *state;
	struct talk *t = begin(fx);

	for (int i = 0; i < 1000; i++)
		talk_put(t, (size_t)i, entry(i, 0));
	talk_end(t);
	t = begin(fx);
	for (int i = 0; i < 1000; i++)
		talk_put(t, (size_t)i, entry(5000 + i, 7));
	talk_caught_up(t);
	assert_int_equal(stored(fx, 0), 5000);
	assert_int_equal(stored(fx, 999), 5999);
	talk_put(t, 1000, entry(1, 0));
	talk_end(t);
	assert_int_equal(stored(fx, 1000), 1);
}

static void
test_too_long(void **state)
{
	struct fx *fx = *state;
	struct talk *t = begin(fx);
	struct talkfile_record r;
	struct talkfile f;
	struct buf b;

	talk_put(t, 0, entry(1, TALKFILE_ENTRY_MAX));
	talk_put(t, 1, entry(2, TALKFILE_ENTRY_MAX - 100));
	talk_end(t);
	assert_int_equal(stored(fx, 1), 2);
	assert_int_equal(talkfile_open(&f, fx->rig.dirfd, fx->run,
			     TALKFILE_READ),
	    0);
	assert_true(talkfile_newest(&f, 0, &r));
	buf_init(&b, TALKFILE_ENTRY_MAX);
	assert_int_equal(talkfile_text(&f, &r, &b), 0);
	assert_non_null(strstr(buf_cstr(&b), "is in the log alone"));
	assert_non_null(strstr(buf_cstr(&b), "\"error_message\""));
	buf_done(&b);
	talkfile_close(&f);
}

static void
test_waits_for_room(void **state)
{
	struct fx *fx = *state;
	struct talk *t = begin(fx);
	struct rlimit was, now;

	talk_put(t, 0, entry(1, 0));
	assert_int_equal(talk_flush(t), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	now = was;
	now.rlim_cur = talk_bytes(t) + 200;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
	for (int i = 2; i < 700; i++)
		talk_put(t, (size_t)i - 1, entry(i, 0));
	assert_int_equal(talk_flush(t), -EFBIG);
	assert_int_equal(stored(fx, 1), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	until_stored(fx, 698, 699);
	assert_int_equal(stored(fx, 0), 1);
	assert_int_equal(stored(fx, 1), 2);
	talk_end(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_new_at_once_replaced_later),
		T(test_deltas_are_not_quadratic),
		T(test_who_follows_is_told),
		T(test_again_after_a_crash),
		T(test_other_words),
		T(test_too_long),
		T(test_waits_for_room),
	};

	return CHECK_RUN("talk", tests);
}
