/* SPDX-License-Identifier: MIT */
/* The rig for tests of screens: see screenrig.h. */
#include "tests/unit/term/screenrig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/emu/emu.h"
#include "daemon/term/screen.h"
#include "tests/unit/check.h"

int
screenrig_setup(void **state)
{
	struct screenrig *fx = calloc(1, sizeof(*fx));

	termrig_start(&fx->g, 1000, 1000);
	uuid_v7(fx->run);
	buf_init(&fx->log, 64u << 20);
	*state = fx;
	return 0;
}

int
screenrig_teardown(void **state)
{
	struct screenrig *fx = *state;

	buf_done(&fx->log);
	buf_done(&fx->got);
	termrig_stop(&fx->g);
	free(fx);
	return 0;
}

void
screenrig_flush(struct screenrig *fx)
{
	char name[64];
	struct stat st;
	int fd;

	snprintf(name, sizeof(name), "%s.log", fx->run);
	fd = openat(fx->g.dirfd, name, O_CREAT | O_APPEND | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	termrig_write(fd, fx->log.data + st.st_size,
	    fx->log.len - (size_t)st.st_size);
	close(fd);
}

void
screenrig_open(struct screenrig *fx)
{
	const struct term_end end = {
		.state = "completed", .exit_code = 0, .signal = -1
	};
	char name[64];
	int fd;

	screenrig_flush(fx);
	snprintf(name, sizeof(name), "%s.idx", fx->run);
	fd = openat(fx->g.dirfd, name, O_CREAT | O_RDWR, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(term_open(fx->g.terms, fx->run, &end,
			     (struct term_dims){ COLS, ROWS }, &fx->term),
	    0);
}

static void
done_cb(int err, const struct screen_got *got, void *arg)
{
	struct screenrig *fx = arg;

	fx->done = true;
	fx->err = err;
	fx->offset = got->offset;
	buf_init(&fx->got, OUT);
	emu_restore(got->emu, EMU_HISTORY, &fx->got);
}

bool
screenrig_is_done(void *arg)
{
	return ((struct screenrig *)arg)->done;
}

/* What is kept of it comes behind the answer. */
static bool
is_over(void *arg)
{
	struct screenrig *fx = arg;
	struct terms_stats now;

	terms_stats(fx->g.terms, &now);
	return fx->done && now.working == 0;
}

void
screenrig_ask(struct screenrig *fx)
{
	screenrig_open(fx);
	fx->done = false;
	buf_done(&fx->got);
	assert_non_null(screen_job_new(fx->term, fx->run, NULL, done_cb, fx));
	term_unref(fx->term);
	termrig_until(&fx->g, is_over, fx);
	assert_int_equal(fx->err, 0);
}

void
screenrig_check(struct screenrig *fx)
{
	struct emu *e = emu_new(COLS, ROWS);
	struct buf want;
	size_t at = 0;

	screenrig_ask(fx);
	while (at < fx->log.len)
		at += emu_feed(e, fx->log.data + at, fx->log.len - at, 100000);
	assert_int_equal(fx->offset, fx->log.len - emu_partial(e));
	buf_init(&want, OUT);
	emu_restore(e, EMU_HISTORY, &want);
	assert_int_equal(fx->got.len, want.len);
	assert_memory_equal(fx->got.data, want.data, want.len);
	buf_done(&want);
	emu_free(e);
}

void
screenrig_flood(struct screenrig *fx, size_t len, screenrig_line *line)
{
	size_t end = fx->log.len + len;

	for (unsigned i = 0; fx->log.len < end; i++)
		line(&fx->log, i);
}

void
screenrig_coloured(struct buf *b, unsigned i)
{
	buf_printf(b, "\x1b[3%um%u coloured\x1b[0m and not\x1b[K %u\r\n", i % 8,
	    i, i);
}

void
screenrig_moving(struct buf *b, unsigned i)
{
	buf_printf(b, "%u\x1b[5A\x1b[%u;3H%u\r\n", i, i % 30, i);
}

bool
screenrig_is_idle(void *arg)
{
	struct terms_stats now;

	terms_stats(((struct screenrig *)arg)->g.terms, &now);
	return now.working == 0;
}

struct ckpt
screenrig_kept(struct screenrig *fx)
{
	struct ckpt_in *in;
	struct ckpt c;

	assert_int_equal(ckpt_open(fx->g.dirfd, fx->run, &c, &in), 0);
	ckpt_in_free(in);
	return c;
}
