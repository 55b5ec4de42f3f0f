/* SPDX-License-Identifier: MIT */
/*
 * From a log to a screen: what is worked out from a checkpoint, or over a flood
 * that is not emulated, is what emulating all of it comes to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/emu/emu.h"
#include "daemon/emu/skip.h"
#include "daemon/term/ckpt.h"
#include "daemon/term/runlog.h"
#include "daemon/term/screen.h"
#include "daemon/term/state.h"
#include "tests/unit/check.h"
#include "tests/unit/term/screenrig.h"

static void
short_line(struct buf *b, unsigned i)
{
	buf_printf(b, "%u y\r\n", i);
}

static void
open_line(struct buf *b, unsigned i)
{
	buf_printf(b, "\x1b[3%um%u never set back\r\n", i % 8, i);
}

static void
long_line(struct buf *b, unsigned i)
{
	buf_printf(b,
	    "%u lines \xc3\xa4nd \xe6\x97\xa5\xe6\x9c\xac that are so long "
	    "that "
	    "they go on in the next one, or even in the one after that, %u "
	    "\t.\b!\r\n",
	    i, i * i);
}

static void
bare_line(struct buf *b, unsigned i)
{
	buf_printf(b, "%u\n%u\r\n\x0b%u%u\x0c", i, i, i, i);
}

static void
shifted_line(struct buf *b, unsigned i)
{
	buf_printf(b,
	    "%u \x0eqqq\x0f \xc2\x9b"
	    "3C%u\r\n",
	    i, i);
}

static void
half_line(struct buf *b, unsigned i)
{
	buf_printf(b, "%u\r\n%u", i, i);
}

static void
endless_line(struct buf *b, unsigned i)
{
	buf_printf(b, "%u and no end ", i);
}

/* In the middle of it nobody knows in which column. */
static void
painted_line(struct buf *b, unsigned i)
{
	buf_printf(b, i % 90000 == 5 ? "\x1b[32m\t%u" : "%u", i);
}

/* Lines and colours first, then one that does not end. */
static void
late_line(struct buf *b, unsigned i)
{
	if (i < 5000)
		screenrig_coloured(b, i);
	else
		endless_line(b, i);
}

static screenrig_line *const floods[] = { short_line, screenrig_coloured,
	open_line, long_line, bare_line, endless_line, late_line, painted_line,
	screenrig_moving, shifted_line };
#define NOT_EMULATED 7 /* the first of them */

static void
test_floods(void **state)
{
	struct screenrig *fx = *state;

	for (size_t i = 0; i < sizeof(floods) / sizeof(floods[0]); i++) {
		uuid_v7(fx->run);
		buf_reset(&fx->log);
		buf_put_text(&fx->log, "before\x1b[44m\x1b[5;10H\x1b"
				       "7\x1b[?2004h"
				       "\x1b]2;title\x07");
		screenrig_flood(fx, 3u << 20, floods[i]);
		screenrig_check(fx);
		buf_put_text(&fx->log,
		    "\x1b[?1049h\x1b[2J\x1b[Hover it\xe6\x97");
		screenrig_check(fx);
		buf_put_text(&fx->log, "\xa5\x1b[?1049l\x1b"
				       "8back\x1b[");
		screenrig_flood(fx, 2u << 20, half_line);
		screenrig_check(fx);
	}
}

/*
 * In margins, or on the alternate screen, lines stay that scroll off nowhere;
 * and what does not wrap fills none.
 */
static void
test_where_floods_leave_more(void **state)
{
	static const struct flood_in {
		const char *start;
		screenrig_line *line;
	} floods_in[] = { { "top\x1b[2;10r\x1b[5;1H", screenrig_coloured },
		{ "main\x1b[?1049h", screenrig_coloured },
		{ "\x1b[3;9r\x1b[?6h", screenrig_coloured },
		{ "\x1b[?7l\x1b[24;1H", endless_line },
		{ "\x1b[4h\x1b[24;1H", endless_line } };
	struct screenrig *fx = *state;

	for (size_t i = 0; i < 5; i++) {
		uuid_v7(fx->run);
		buf_reset(&fx->log);
		buf_put_text(&fx->log, floods_in[i].start);
		screenrig_flood(fx, 2u << 20, floods_in[i].line);
		screenrig_check(fx);
		buf_put_text(&fx->log, "\x1b[?1049l\x1b[?6l\x1b[rend");
		screenrig_check(fx);
	}
}

/* Most of a flood is not emulated, whether it has colours or not. */
static void
test_floods_are_not_emulated(void **state)
{
	struct screenrig *fx = *state;
	struct terms_stats before, now;

	for (size_t i = 0; i < NOT_EMULATED; i++) {
		uuid_v7(fx->run);
		buf_reset(&fx->log);
		buf_put_text(&fx->log, "\x1b[2;5H\x1b[7mx\x1b[m");
		screenrig_flood(fx, 4u << 20, floods[i]);
		terms_stats(fx->g.terms, &before);
		screenrig_check(fx);
		terms_stats(fx->g.terms, &now);
		assert_true(now.emulated - before.emulated < 1u << 20);
		assert_true(now.looked - before.looked < 5u << 20);
	}
}

static int
ckpt_fd(struct screenrig *fx, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.ckpt", fx->run);
	return openat(fx->g.dirfd, name, flags);
}

/* With a checkpoint, what is before it is not looked at any more. */
static void
test_checkpoint_is_used(void **state)
{
	struct screenrig *fx = *state;
	char name[64];
	int fd;

	screenrig_flood(fx, 3u << 20, screenrig_coloured);
	screenrig_check(fx);
	assert_int_equal(screenrig_kept(fx).offset, fx->log.len);
	buf_put_text(&fx->log, "after");
	screenrig_check(fx);
	/* The log is nothing but zeroes: its screen comes from elsewhere. */
	snprintf(name, sizeof(name), "%s.log", fx->run);
	fd = openat(fx->g.dirfd, name, O_WRONLY);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, (off_t)fx->log.len), 0);
	assert_int_equal(pwrite(fd, "after", 5, (off_t)fx->log.len - 5), 5);
	close(fd);
	screenrig_check(fx);
}

/* No cell like another: 2,000 lines of it are more than a checkpoint may be. */
static void
costly_line(struct buf *b, unsigned i)
{
	for (unsigned x = 0; x < COLS; x++)
		buf_printf(b,
		    "\x1b[1;4:3;58:2::%u:%u:%u;38;2;%u;%u;%u;48;2;100;%u;%um#",
		    100 + (x + i) % 2, 100 + x, 200 - x, 100 + i % 100, 100 + x,
		    255 - x, 100 + x, 100 + i % 50);
	buf_put_text(b, "\r\n");
}

static void
test_checkpoint_of_what_is_too_much(void **state)
{
	struct screenrig *fx = *state;

	screenrig_flood(fx, 14u << 20, costly_line);
	screenrig_flush(fx);
	screenrig_ask(fx);
	assert_false(buf_ok(&fx->got));
	assert_int_equal(screenrig_kept(fx).offset, fx->log.len);
	assert_in_range(screenrig_kept(fx).len, 2u << 20, CKPT_MAX);
}

static void
test_torn_checkpoint_is_not(void **state)
{
	struct screenrig *fx = *state;
	uint8_t byte;
	struct stat st;
	int fd;

	screenrig_flood(fx, 2u << 20, short_line);
	screenrig_check(fx);
	fd = ckpt_fd(fx, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at += st.st_size / 20) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		screenrig_check(fx);
		/*
		 * The next look writes a whole one: this is another file now.
		 */
		close(fd);
		fd = ckpt_fd(fx, O_RDWR);
	}
	assert_int_equal(ftruncate(fd, st.st_size / 2), 0);
	close(fd);
	screenrig_check(fx);
}

/* One that stands for more than there is belongs to another log. */
static void
test_checkpoint_ahead_of_log(void **state)
{
	struct screenrig *fx = *state;
	const uint8_t other[] = "not this";
	struct emu *e = emu_new(COLS, ROWS);
	struct ckpt_out *o;
	size_t len;

	(void)emu_feed(e, other, sizeof(other) - 1, SIZE_MAX);
	assert_int_equal(ckpt_create(fx->g.dirfd, fx->run, 1u << 20, e, &o), 0);
	assert_int_equal(ckpt_write_step(o, &len), 1);
	ckpt_out_free(o);
	emu_free(e);
	assert_int_equal(screenrig_kept(fx).offset, 1u << 20);
	buf_put_text(&fx->log, "but this");
	screenrig_check(fx);
}

static void
put_part(struct screenrig *fx)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s.ckpt.part", fx->run);
	fd = openat(fx->g.dirfd, name, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static bool
has_file(struct screenrig *fx, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", fx->run, suffix);
	return faccessat(fx->g.dirfd, name, F_OK, 0) == 0;
}

/* What is shown of a log that was removed is removed, whole or half. */
static void
test_checkpoint_goes_with_log(void **state)
{
	struct screenrig *fx = *state;

	screenrig_flood(fx, 3u << 20, screenrig_coloured);
	screenrig_check(fx);
	put_part(fx);
	assert_true(has_file(fx, ".ckpt"));
	assert_int_equal(runlog_remove(fx->g.dirfd, fx->run), 0);
	assert_false(has_file(fx, ".log"));
	assert_false(has_file(fx, ".idx"));
	assert_false(has_file(fx, ".ckpt"));
	assert_false(has_file(fx, ".ckpt.part"));
}

static void
err_cb(int err, const struct screen_got *got, void *arg)
{
	struct screenrig *fx = arg;

	(void)got;
	fx->err = err;
	fx->done = true;
}

/* Nor is it written again by who was at work on it. */
static void
test_removed_log_leaves_no_checkpoint(void **state)
{
	struct screenrig *fx = *state;

	screenrig_flood(fx, 3u << 20, screenrig_moving);
	screenrig_open(fx);
	assert_non_null(screen_job_new(fx->term, fx->run, NULL, err_cb, fx));
	term_unref(fx->term);
	termrig_turns(&fx->g, 2);
	assert_false(fx->done);
	assert_int_equal(runlog_remove(fx->g.dirfd, fx->run), 0);
	termrig_until(&fx->g, screenrig_is_done, fx);
	assert_int_equal(fx->err, -ENOENT);
	assert_false(has_file(fx, ".ckpt"));
}

static void
free_cb(int err, const struct screen_got *got, void *arg)
{
	(void)err;
	(void)got;
	(void)arg;
	fail_msg("%s", "called after it was let go of");
}

/* What is emulated for nobody, and how much of it is done. */
static uint64_t
emulated(struct screenrig *fx)
{
	struct terms_stats now;

	terms_stats(fx->g.terms, &now);
	return now.emulated;
}

/*
 * The daemon's own checkpoints follow the log to where the next is not due,
 * each from where the last one ended, whatever was logged since it began.
 */
static void
test_late_keeper_catches_up(void **state)
{
	struct screenrig *fx = *state;
	uint64_t before;

	screenrig_flood(fx, 8u << 20, screenrig_moving);
	screenrig_open(fx);
	before = emulated(fx);
	screen_grown(fx->term);
	termrig_until(&fx->g, screenrig_is_idle, fx);
	assert_in_range(emulated(fx) - before, 7u << 20, fx->log.len);
	assert_in_range(screenrig_kept(fx).offset, fx->log.len - (2u << 20),
	    fx->log.len);
	term_unref(fx->term);
	screenrig_check(fx);
	assert_true(emulated(fx) - before < fx->log.len + (4u << 20));
}

struct trickle {
	struct terms *ts;
	unsigned turns;
};

static size_t
trickle_turn(void *arg)
{
	struct trickle *t = arg;

	t->turns++;
	t->ts->load.bytes += 64;
	return 64;
}

static bool
has_trickled(void *arg)
{
	return ((struct trickle *)arg)->turns >= 1000;
}

/* Beside output that keeps coming there is only what that pays for. */
static void
test_keeper_gives_way_to_floods(void **state)
{
	struct screenrig *fx = *state;
	struct trickle t = { fx->g.terms, 0 };
	struct flood f = { .turn = trickle_turn, .arg = &t };
	uint64_t before;

	screenrig_flood(fx, 8u << 20, screenrig_moving);
	screenrig_open(fx);
	before = emulated(fx);
	flood_join(&fx->g.terms->load.floods, &f);
	screen_grown(fx->term);
	termrig_until(&fx->g, has_trickled, &t);
	assert_true(emulated(fx) - before < 1u << 20);
	flood_leave(&fx->g.terms->load.floods, &f);
	termrig_until(&fx->g, screenrig_is_idle, fx);
	assert_true(emulated(fx) - before > 7u << 20);
	term_unref(fx->term);
}

static void
put_cb(int err, const struct screen_got *got, void *arg)
{
	struct screenrig *fx = arg;

	fx->done = true;
	fx->err = err;
	if (got->put == NULL)
		return;
	fx->got = *got->put;
	buf_init(got->put, 0);
}

/*
 * The largest screen with nothing but colours: each step of it, of putting it
 * and of keeping it takes a turn of its own.
 */
static void
test_largest_screen_is_put_in_steps(void **state)
{
	const struct screen_wish wish = { SCREEN_OUTPUT, EMU_HISTORY, 1u << 20,
		64u << 20 };
	struct screenrig *fx = *state;
	unsigned turns = 0;

	for (unsigned y = 0; y < 520; y++)
		for (unsigned x = 0; x < 1000; x++)
			buf_printf(&fx->log, "\x1b[3%u;4%um#", x % 7, y % 7);
	screenrig_open(fx);
	term_recall_size(fx->term, (struct term_dims){ 1000, 500 });
	assert_non_null(screen_job_new(fx->term, fx->run, &wish, put_cb, fx));
	term_unref(fx->term);
	while (!fx->done) {
		termrig_turns(&fx->g, 1);
		turns++;
	}
	assert_int_equal(fx->err, 0);
	assert_true(fx->got.len > 5u << 20);
	assert_true(turns > 20);
	termrig_until(&fx->g, screenrig_is_idle, fx);
	assert_in_range(screenrig_kept(fx).len, 5u << 20, 21u << 20);
}

/* Many at once, some of them let go of: the others come to their end. */
static void
test_jobs_take_turns(void **state)
{
	struct screen_job *gone[20];
	struct screenrig *fx = *state;

	screenrig_flood(fx, 1u << 20, screenrig_moving);
	screenrig_open(fx);
	for (size_t i = 0; i < 20; i++)
		gone[i] = screen_job_new(fx->term, fx->run, NULL, free_cb, fx);
	term_unref(fx->term);
	for (size_t i = 0; i < 10; i++)
		screen_job_free(gone[i]);
	termrig_turns(&fx->g, 5);
	for (size_t i = 10; i < 20; i++)
		screen_job_free(gone[i]);
	screenrig_check(fx);
}

static void
count_cb(int err, const struct screen_got *got, void *arg)
{
	(void)got;
	assert_int_equal(err, 0);
	++*(unsigned *)arg;
}

static bool
all_done(void *arg)
{
	return *(unsigned *)arg == 6;
}

/* As much work as each of another's six, asked for last: it is done first. */
static void
test_users_take_turns(void **state)
{
	struct screenrig *fx = *state;
	unsigned others = 0;

	/* Less than a checkpoint is kept of, which would help the rest. */
	screenrig_flood(fx, 900000, screenrig_moving);
	screenrig_open(fx);
	for (size_t i = 0; i < 6; i++)
		assert_non_null(screen_job_new(fx->term, "other", NULL,
		    count_cb, &others));
	termrig_turns(&fx->g, 3);
	assert_non_null(screen_job_new(fx->term, fx->run, NULL, err_cb, fx));
	term_unref(fx->term);
	termrig_until(&fx->g, screenrig_is_done, fx);
	assert_int_equal(fx->err, 0);
	assert_int_equal(others, 0);
	termrig_until(&fx->g, all_done, &others);
}

/* Cut at any byte, a plain stretch is the same and never longer. */
static void
test_plain_is_what_is_cut(void **state)
{
	static const char text[] = "one\r\n\x1b[1;31mred\x1b[0m\xc2\xa0\xc3\xa9"
				   "\x1b[Kend\x1b[2Jodd";
	const uint8_t *p = (const uint8_t *)text;
	size_t odd = (size_t)(strstr(text, "\x1b[2J") - text), n, last = 0;

	(void)state;
	assert_int_equal(skip_plain(p, sizeof(text) - 1, &last), odd);
	for (size_t len = 0; len < sizeof(text); len++) {
		n = skip_plain(p, len, &last);
		assert_true(n <= len && n <= odd);
		assert_true(n + 8 > (len < odd ? len : odd));
	}
}

/* Wherever the one stands that is not, in whichever piece is looked at. */
static void
test_printable_to_the_byte(void **state)
{
	static const uint8_t odd[] = { 0, 0x1f, 0x7f, 0x80, 0xff, '\n', 0x1b };
	uint8_t text[700];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(0x20 + i % 0x5f);
	assert_int_equal(skip_printable(text, sizeof(text)), sizeof(text));
	assert_int_equal(skip_unprintable(text, sizeof(text)), 0);
	for (size_t at = 0; at < sizeof(text); at++) {
		uint8_t was = text[at];

		text[at] = odd[at % sizeof(odd)];
		assert_int_equal(skip_printable(text, sizeof(text)), at);
		assert_int_equal(skip_unprintable(text, sizeof(text)), at + 1);
		assert_int_equal(skip_printable(text, at), at);
		text[at] = was;
	}
}

#define WITH_LOG(f) \
	cmocka_unit_test_setup_teardown(f, screenrig_setup, screenrig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_LOG(test_floods),
		WITH_LOG(test_floods_are_not_emulated),
		WITH_LOG(test_where_floods_leave_more),
		WITH_LOG(test_checkpoint_is_used),
		WITH_LOG(test_checkpoint_of_what_is_too_much),
		WITH_LOG(test_torn_checkpoint_is_not),
		WITH_LOG(test_checkpoint_ahead_of_log),
		WITH_LOG(test_checkpoint_goes_with_log),
		WITH_LOG(test_removed_log_leaves_no_checkpoint),
		WITH_LOG(test_late_keeper_catches_up),
		WITH_LOG(test_keeper_gives_way_to_floods),
		WITH_LOG(test_largest_screen_is_put_in_steps),
		WITH_LOG(test_jobs_take_turns),
		WITH_LOG(test_users_take_turns),
		cmocka_unit_test(test_plain_is_what_is_cut),
		cmocka_unit_test(test_printable_to_the_byte),
	};

	return CHECK_RUN("screen", tests);
}
