/* SPDX-License-Identifier: MIT */
/*
 * From the terminal to the log without passing through this process. A flood
 * is paced: the reader that comes back too early takes a few bytes and wakes
 * the writer for a few more, so waiting a moment moves more and leaves the
 * processor to others. Invariant: `spooled` counts what is in the spool, and
 * no byte leaves a pipe but into the log.
 */
#include "daemon/term/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "lib/clock.h"
#include "lib/log.h"

/*
 * Moved per turn by one pump: little, since a keystroke in another terminal
 * waits for it (the kernel's terminals give some 100 bytes a microsecond).
 */
#define TURN_BYTES     16384
#define TURN_BYTES_MIN 8192 /* however many flow */
/* Spooled in several turns before it is logged and shown: fewer, larger. */
#define BATCH 65536
/*
 * The kernel allocates pages for all that is asked before it looks how much
 * there is, and a terminal hands over about a page at a time.
 */
#define SIP	   4096
#define FLOOD	   4095 /* a turn that moved this much was no echo */
#define PACE_US	   200
#define BLOCKED_MS 500
#define HUNG_MS	   200
/*
 * After the run's end nobody of its own holds the terminal open. A process of
 * another run may (abuse H08): the wait ends when it is silent for so long, and
 * in any case after LINGER_MS.
 */
#define QUIET_MS  2000
#define LINGER_MS 10000

static void pump_readable_cb(int, short, void *);
static void pump_timer_cb(void *);

void
pump_init(struct pump *p, struct loop *l, struct runlog *log,
    struct pump_load *load, const struct pump_ops *ops, void *arg)
{
	memset(p, 0, sizeof(*p));
	p->loop = l;
	p->log = log;
	p->load = load;
	p->ops = ops;
	p->arg = arg;
	p->src[0].fd = p->src[1].fd = p->spool_r = p->spool_w = -1;
}

static void
source_open(struct pump *p, unsigned i, int fd, uint8_t stream)
{
	struct pump_source *s = &p->src[i];

	s->fd = fd;
	s->stream = stream;
	s->watch = loop_watch_new(p->loop, fd, LOOP_READ, pump_readable_cb, p);
}

static void
source_close(struct pump_source *s)
{
	loop_watch_free(s->watch);
	s->watch = NULL;
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
}

static void
watch(struct pump *p, bool on)
{
	for (unsigned i = 0; i < 2; i++) {
		if (p->src[i].watch == NULL)
			continue;
		if (on)
			loop_watch_enable(p->src[i].watch);
		else
			loop_watch_disable(p->src[i].watch);
	}
}

static const int64_t state_us[] = {
	[PUMP_PACED] = PACE_US,
	[PUMP_BLOCKED] = BLOCKED_MS * 1000,
	[PUMP_HUNG] = HUNG_MS * 1000,
	[PUMP_DONE] = 0,
};

static void
count(struct pump *p, enum pump_state s, int by)
{
	if (s == PUMP_PACED)
		p->load->flowing += (unsigned)by;
	else if (s == PUMP_BLOCKED)
		p->load->blocked += (unsigned)by;
}

static void
enter(struct pump *p, enum pump_state s)
{
	enum pump_state was = p->state;

	if (was != s) {
		count(p, was, -1);
		count(p, s, 1);
		if (s == PUMP_BLOCKED) {
			p->load->blocks++;
			log_warnx("term", "no room for output; retrying");
		}
		p->state = s;
		if (s == PUMP_WATCH || was == PUMP_WATCH)
			watch(p, s == PUMP_WATCH);
	}
	if (state_us[s] > 0)
		loop_timer_set_us(p->timer, state_us[s]);
	else
		loop_timer_clear(p->timer);
}

void
pump_start(struct pump *p, enum priv_io io, const int *fd)
{
	int n = 0, size;

	p->io = io;
	p->timer = loop_timer_new(p->loop, pump_timer_cb, p);
	source_open(p, 0, fd[0], RUNLOG_OUT);
	if (io == PRIV_IO_PIPES) {
		source_open(p, 1, fd[1], RUNLOG_ERR);
	} else {
		p->spool_r = fd[1];
		p->spool_w = fd[2];
		size = fcntl(p->spool_w, F_GETPIPE_SZ);
		p->spool_size = size > 0 ? (size_t)size : SIP;
		if (ioctl(p->spool_r, FIONREAD, &n) == 0 && n > 0)
			p->spooled = (size_t)n;
	}
	p->state = PUMP_WATCH;
	/* What is left in the spool makes nothing readable. */
	if (p->spooled > 0)
		enter(p, PUMP_PACED);
}

/* Terminal to spool, once. Bytes, 0 for none now, or -EIO at the end. */
static long
sip(struct pump *p, size_t len)
{
	ssize_t n;

	do {
		n = splice(p->src[0].fd, NULL, p->spool_w, NULL, len,
		    SPLICE_F_NONBLOCK);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		p->spooled += (size_t)n;
		return n;
	}
	return n < 0 && errno == EAGAIN ? 0 : -EIO;
}

/* Spool to log, all of it. 0 or -errno of the log. */
static int
empty_spool(struct pump *p)
{
	while (p->spooled > 0) {
		long n = runlog_splice(p->log, p->spool_r, p->spooled,
		    p->src[0].stream);

		if (n == 0 || n == -EAGAIN)
			p->spooled = 0; /* a count that was wrong heals */
		else if (n < 0)
			return (int)n;
		else
			p->spooled -= (size_t)n;
	}
	return 0;
}

/* What one turn of a pump came to. */
struct turn {
	size_t moved;  /* out of the terminal or the pipes */
	size_t logged; /* into the log */
	bool end;      /* nobody holds the other side */
	bool blocked;  /* the log took no more */
	bool more;     /* there is more at once */
};

/*
 * The terminal is asked until it has nothing, or the spool is full, or the
 * turn is over. The first sip is a page, as for an echo there is no second.
 */
static void
fill_spool(struct pump *p, size_t budget, struct turn *t)
{
	size_t len = SIP;
	long n = SIP;

	while (n >= FLOOD && t->moved < budget) {
		n = sip(p, len);
		t->moved += n > 0 ? (size_t)n : 0;
		len = TURN_BYTES;
	}
	t->end = n < 0;
	t->more = n >= FLOOD || (n == 0 && p->spooled + SIP > p->spool_size);
}

static void
log_spool(struct pump *p, struct turn *t)
{
	uint64_t before = p->log->size;

	t->blocked = empty_spool(p) != 0;
	t->logged += (size_t)(p->log->size - before);
}

static void
turn_pty(struct pump *p, size_t budget, struct turn *t)
{
	if (p->state == PUMP_BLOCKED)
		log_spool(p, t);
	if (t->blocked)
		return;
	fill_spool(p, budget, t);
	/* At the end the bytes come before the end does. */
	if (!t->more || p->spooled >= BATCH || p->spooled >= p->spool_size / 2)
		log_spool(p, t);
}

static void
turn_pipe(struct pump *p, struct pump_source *s, size_t budget, struct turn *t)
{
	long n = runlog_splice(p->log, s->fd, budget, s->stream);

	if (n == 0)
		source_close(s);
	else if (n > 0)
		t->moved += (size_t)n;
	else if (n != -EAGAIN)
		t->blocked = true;
	t->logged = t->moved;
}

/*
 * Only a pipe that has something is spliced: the index record of the stream
 * is written before it is known whether bytes will follow.
 */
static void
turn_pipes(struct pump *p, size_t budget, struct turn *t)
{
	struct pollfd fd[2];
	int i, n;

	for (i = 0; i < 2; i++)
		fd[i] = (struct pollfd){ .fd = p->src[i].fd, .events = POLLIN };
	n = poll(fd, 2, 0);
	for (i = 0; i < 2 && n > 0; i++)
		if (fd[i].fd >= 0 && fd[i].revents != 0)
			turn_pipe(p, &p->src[i], budget / 2, t);
	t->end = p->src[0].fd < 0 && p->src[1].fd < 0;
	t->more = t->moved >= budget / 2;
}

static void
finished(struct pump *p)
{
	enter(p, PUMP_DONE);
	p->ops->drained(p->arg);
}

/* The other side is held by nobody. Is that the end? */
static void
next_at_end(struct pump *p)
{
	/*
	 * A program may open its terminal again while it lives, and who lost
	 * the helper does not know whether it lives: look twice.
	 */
	if (p->ending == PUMP_EXITED ||
	    (p->ending == PUMP_ORPHAN && p->state == PUMP_HUNG))
		finished(p);
	else
		enter(p, PUMP_HUNG);
}

/* The run is over, but something holds the other side and may still write. */
static bool
overdue(struct pump *p, const struct turn *t)
{
	int64_t now = clock_mono_ms();

	if (p->end_by == 0)
		p->end_by = now + LINGER_MS;
	if (t->moved > 0 || p->quiet_by == 0)
		p->quiet_by = now + QUIET_MS;
	return now >= p->quiet_by || now >= p->end_by;
}

static void
next(struct pump *p, const struct turn *t)
{
	bool exited = p->ending == PUMP_EXITED;

	if (t->blocked) {
		/* It is the disk that was waited for, and not a stranger. */
		p->quiet_by = p->end_by = 0;
		enter(p, PUMP_BLOCKED);
	} else if (t->end)
		next_at_end(p);
	else if (exited && overdue(p, t))
		finished(p);
	else if (t->moved >= FLOOD) {
		enter(p, PUMP_PACED);
		/* The loop looks at everybody else in between. */
		if (t->more)
			loop_timer_set_us(p->timer, 0);
	} else {
		enter(p, PUMP_WATCH);
		if (exited)
			loop_timer_set(p->timer, QUIET_MS);
	}
}

static void
turn(struct pump *p)
{
	struct turn t = { 0 };
	size_t budget = TURN_BYTES;

	if (p->load->flowing > 1)
		budget /= p->load->flowing;
	if (budget < TURN_BYTES_MIN)
		budget = TURN_BYTES_MIN;
	if (p->io == PRIV_IO_PIPES)
		turn_pipes(p, budget, &t);
	else
		turn_pty(p, budget, &t);
	p->load->bytes += t.logged;
	if (t.logged > 0)
		p->ops->grown(p->arg);
	next(p, &t);
}

static void
pump_readable_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	turn(arg);
}

static void
pump_timer_cb(void *arg)
{
	turn(arg);
}

void
pump_finish(struct pump *p, enum pump_ending why)
{
	if (p->state == PUMP_IDLE || p->state == PUMP_DONE)
		return;
	p->ending = why;
	/* From the timer, as the caller does not expect `drained` yet. */
	if (p->state != PUMP_BLOCKED)
		loop_timer_set_us(p->timer, 0);
}

void
pump_done(struct pump *p)
{
	count(p, p->state, -1);
	p->state = PUMP_DONE;
	source_close(&p->src[0]);
	source_close(&p->src[1]);
	if (p->spool_r >= 0)
		(void)close(p->spool_r);
	if (p->spool_w >= 0)
		(void)close(p->spool_w);
	p->spool_r = p->spool_w = -1;
	loop_timer_free(p->timer);
	p->timer = NULL;
}
