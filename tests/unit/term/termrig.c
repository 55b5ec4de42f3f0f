/* SPDX-License-Identifier: MIT */
/* The rig for tests of term/: see termrig.h. */
#include "tests/unit/term/termrig.h"

#include <dirent.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 60000
#define KEEP	    (64u << 20)

int
termrig_dir_new(char path[64])
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, 64, "%s/rdv-XXXXXX", base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void
termrig_dir_remove(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
	closedir(d);
	assert_int_equal(rmdir(path), 0);
}

static void
rig_turn_cb(void *arg)
{
	struct termrig *g = arg;

	if (g->until != NULL && g->until(g->until_arg))
		loop_stop(g->loop);
}

static void
rig_late_cb(void *arg)
{
	struct termrig *g = arg;

	g->late = true;
	loop_stop(g->loop);
}

void
termrig_start(struct termrig *g, size_t input_max, int64_t stall_ms)
{
	struct terms_conf conf = { .input_max = input_max,
		.stall_ms = stall_ms };

	memset(g, 0, sizeof(*g));
	g->dirfd = termrig_dir_new(g->dir);
	conf.loop = g->loop = loop_new();
	conf.dirfd = g->dirfd;
	g->terms = terms_new(&conf);
	g->deadline = loop_timer_new(g->loop, rig_late_cb, g);
	loop_at_turn_end(g->loop, rig_turn_cb, g);
}

void
termrig_stop(struct termrig *g)
{
	struct terms_stats stats;

	/* What is deferred is freed, and then nothing may be left. */
	termrig_turns(g, 2);
	terms_stats(g->terms, &stats);
	assert_int_equal(stats.terms, 0);
	assert_int_equal(stats.viewers, 0);
	assert_int_equal(stats.flowing, 0);
	assert_int_equal(stats.blocked, 0);
	loop_timer_free(g->deadline);
	terms_free(g->terms);
	loop_free(g->loop);
	close(g->dirfd);
	termrig_dir_remove(g->dir);
}

void
termrig_until(struct termrig *g, bool (*cond)(void *arg), void *arg)
{
	if (cond(arg))
		return;
	g->until = cond;
	g->until_arg = arg;
	g->late = false;
	loop_timer_set(g->deadline, DEADLINE_MS);
	loop_run(g->loop);
	loop_timer_clear(g->deadline);
	g->until = NULL;
	assert_false(g->late);
}

static bool
rig_counted(void *arg)
{
	unsigned *left = arg;

	return (*left)-- == 0;
}

static void
rig_nothing_cb(void *arg)
{
	(void)arg;
}

void
termrig_turns(struct termrig *g, unsigned n)
{
	/* Deferred work makes the turns go by without an event. */
	for (; n > 0; n--) {
		unsigned one = 1;

		loop_defer(g->loop, rig_nothing_cb, NULL);
		termrig_until(g, rig_counted, &one);
	}
}

void
termrig_pty_raw(struct termrig_pty *p)
{
	struct termios t;

	memset(p, 0, sizeof(*p));
	assert_int_equal(openpty(&p->master, &p->slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(p->slave, &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(p->slave, TCSANOW, &t), 0);
	assert_int_equal(fcntl(p->master, F_SETFL, O_NONBLOCK), 0);
	uuid_v7(p->run);
}

void
termrig_drained_cb(void *arg)
{
	struct termrig_pty *p = arg;

	assert_false(p->drained);
	p->drained = true;
}

void
termrig_pty(struct termrig *g, struct termrig_pty *p)
{
	termrig_pty_of(g, p, NULL);
}

void
termrig_pty_of(struct termrig *g, struct termrig_pty *p, const char *owner)
{
	struct term_start start = { .io = PRIV_IO_PTY,
		.cols = 80,
		.rows = 24,
		.owner = owner,
		.drained = termrig_drained_cb,
		.arg = p };
	int spool[2];

	termrig_pty_raw(p);
	assert_int_equal(pipe2(spool, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(term_new(g->terms, p->run, false, &p->term), 0);
	start.fd[0] = p->master;
	start.fd[1] = p->spool_r = spool[0];
	start.fd[2] = p->spool_w = spool[1];
	term_start(p->term, &start);
}

void
termrig_pty_done(struct termrig *g, struct termrig_pty *p)
{
	(void)g;
	if (p->slave >= 0)
		close(p->slave);
	term_unref(p->term);
}

void
termrig_write(int fd, const void *p, size_t len)
{
	const uint8_t *at = p;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

uint8_t
termrig_byte(uint64_t i)
{
	/* Not periodic in any power of two, so that a shift shows. */
	return (uint8_t)(i ^ i >> 8 ^ i / 251 ^ i / 65521);
}

int
termrig_flood(int fd, uint64_t len)
{
	uint8_t block[4096];
	uint64_t at = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	while (at < len) {
		size_t n = 0;

		while (n < sizeof(block) && at + n < len) {
			block[n] = termrig_byte(at + n);
			n++;
		}
		for (size_t done = 0; done < n;) {
			ssize_t w = write(fd, block + done, n - done);

			if (w <= 0)
				_exit(1);
			done += (size_t)w;
		}
		at += n;
	}
	_exit(0);
}

void
termrig_check_log(struct termrig *g, const char *run, uint64_t len)
{
	static uint8_t block[65536];
	struct runlog l;
	uint64_t at = 0;
	long n;

	assert_int_equal(runlog_open(&l, g->dirfd, run, RUNLOG_READ), 0);
	assert_int_equal(l.size, len);
	while ((n = runlog_read(&l, at, block, sizeof(block))) > 0) {
		for (long i = 0; i < n; i++)
			if (block[i] != termrig_byte(at + (uint64_t)i))
				fail_msg("byte %llu differs",
				    (unsigned long long)at +
					(unsigned long long)i);
		at += (uint64_t)n;
	}
	assert_int_equal(at, len);
	runlog_close(&l);
}

static size_t
sink_output_cb(uint64_t off, const uint8_t *p, size_t len, bool last, void *arg)
{
	struct sink *s = arg;

	(void)last;
	/* Gapless and without repeat, whatever else is checked. */
	assert_int_equal(off, s->next);
	assert_int_equal(s->ended, 0);
	assert_true(len > 0);
	if (s->take > 0 && len > s->take)
		len = s->take;
	buf_put(&s->got, p, len);
	assert_true(buf_ok(&s->got));
	s->next += len;
	if (s->free_at_output)
		sink_close(s);
	return len;
}

static size_t
sink_queued_cb(void *arg)
{
	return ((struct sink *)arg)->queued;
}

static int64_t
sink_stalled_cb(void *arg)
{
	return ((struct sink *)arg)->stalled;
}

static void
sink_size_cb(unsigned cols, unsigned rows, bool owner, void *arg)
{
	struct sink *s = arg;

	s->sizes++;
	s->cols = cols;
	s->rows = rows;
	s->owner = owner;
}

static void
sink_flow_cb(bool paused, void *arg)
{
	struct sink *s = arg;

	assert_int_not_equal(s->paused, paused);
	s->flows++;
	s->paused = paused;
}

static void
sink_ended_cb(const struct term_end *end, void *arg)
{
	struct sink *s = arg;

	s->ended++;
	s->exit_code = end->exit_code;
}

static void
sink_slow_cb(void *arg)
{
	((struct sink *)arg)->slow++;
}

static void
sink_detached_cb(const char *reason, void *arg)
{
	assert_non_null(reason);
	((struct sink *)arg)->detached++;
}

const struct viewer_ops sink_ops = {
	.output = sink_output_cb,
	.queued = sink_queued_cb,
	.stalled_ms = sink_stalled_cb,
	.size = sink_size_cb,
	.flow = sink_flow_cb,
	.ended = sink_ended_cb,
	.slow = sink_slow_cb,
	.detached = sink_detached_cb,
};

void
sink_open(struct sink *s, struct term *t, uint64_t offset, bool read_only)
{
	struct viewer_conf conf = { .offset = offset, .read_only = read_only };

	memset(s, 0, sizeof(*s));
	buf_init(&s->got, KEEP);
	s->start = s->next = offset;
	s->viewer = viewer_new(t, &conf, &sink_ops, s);
}

void
sink_close(struct sink *s)
{
	viewer_free(s->viewer);
	s->viewer = NULL;
	buf_done(&s->got);
}

struct await {
	const struct sink *s;
	size_t len;
};

static bool
sink_has(void *arg)
{
	const struct await *a = arg;

	return a->s->got.len >= a->len;
}

static bool
sink_at_end(void *arg)
{
	return ((const struct sink *)arg)->ended > 0;
}

void
sink_await(struct termrig *g, struct sink *s, size_t len)
{
	struct await a = { s, len };

	termrig_until(g, sink_has, &a);
}

void
sink_await_end(struct termrig *g, struct sink *s)
{
	termrig_until(g, sink_at_end, s);
}
