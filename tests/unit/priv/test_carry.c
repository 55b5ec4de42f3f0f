/* SPDX-License-Identifier: MIT */
/*
 * What [main] takes along: read back as it was written, and not read at all
 * when it is of another version, cut short, longer, or names what is not open.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/carry.h"
#include "priv-helper/notify.h"
#include "priv-helper/parked.h"
#include "priv-helper/store.h"
#include "tests/unit/check.h"

static void
add(struct parked *p, uint64_t handle)
{
	struct parked_run *k = xcalloc(1, sizeof(*k));

	k->record.version = PARK_VERSION;
	k->record.handle = handle;
	(void)str_copy(k->record.profile, "script", sizeof(k->record.profile));
	k->fds =
	    (struct seqpkt_fds){ .fd = { dup(0), dup(0), dup(0) }, .n = 3 };
	k->pidfd = dup(0);
	k->ended = true;
	k->status = 9;
	TAILQ_INSERT_TAIL(&p->list, k, entry);
	p->n++;
}

static struct carry
sample(void)
{
	struct carry c = { .nofile = 1024,
		.base = 0,
		.server = 1,
		.lock = 2,
		.api = { 0, 3, 4 },
		.terminal = { 1, 5, 6 },
		.audit = { 0, -1 },
		.ops = { 101, 1 },
		.daemon = { 102, 2 },
		.before = { 0, 1, -1, -1, -1 },
		.next = { 1, 0, 2, -1, -1 },
		.user = { .uid = 7, .ngroups = 1, .groups = { 8 } },
		.bin = "/opt/rdv",
		.build = "one",
		.why = "because" };

	return c;
}

static void
it_comes_back(void **state)
{
	struct parked *p = parked_new(), *q = parked_new();
	struct carry c = sample(), d;
	struct parked_run *k;
	int fd;

	(void)state;
	add(p, 7);
	add(p, 8);
	fd = carry_write(&c, p);
	assert_true(fd >= 0);
	assert_true(carry_read(fd, &d, q, NULL));
	assert_int_equal(d.nofile, 1024);
	assert_int_equal(d.terminal.ino, 6);
	assert_int_equal(d.daemon.pid, 102);
	assert_int_equal(d.before.daemon, 1);
	assert_int_equal(d.next.egress, 2);
	assert_int_equal(d.user.groups[0], 8);
	assert_string_equal(d.bin, "/opt/rdv");
	assert_string_equal(d.build, "one");
	assert_string_equal(d.why, "because");
	assert_int_equal(q->n, 2);
	k = TAILQ_FIRST(&q->list);
	assert_int_equal(k->record.handle, 7);
	assert_int_equal(k->fds.n, 3);
	assert_true(k->ended && !k->told && !k->nobodys);
	assert_int_equal(k->status, 9);
	/* They are the same descriptors: marked, and closed once. */
	carry_inherit(&d, q, true);
	assert_int_equal(fcntl(k->pidfd, F_GETFD), 0);
	carry_inherit(&d, q, false);
	assert_int_equal(fcntl(k->pidfd, F_GETFD), FD_CLOEXEC);
	parked_free(q);
	TAILQ_FOREACH (k, &p->list, entry) {
		k->fds.n = 0;
		k->pidfd = -1;
	}
	parked_free(p);
	(void)close(fd);
}

/* And where the service manager has what it keeps of them. */
static void
it_comes_back_kept(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct parked *p = parked_new(), *q = parked_new();
	struct carry c = sample(), d;
	int fd, manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct parked_run *k;
	struct store *s, *t;

	(void)state;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "/tmp/rdv-carry-%d",
	    getpid());
	assert_int_equal(bind(manager, (struct sockaddr *)&sun, sizeof(sun)),
	    0);
	assert_int_equal(setenv("NOTIFY_SOCKET", sun.sun_path, 1), 0);
	notify_take();
	s = store_new(100);
	t = store_new(100);
	assert_true(s != NULL && t != NULL);
	(void)unlink(sun.sun_path);
	add(p, 7);
	add(p, 8);
	k = TAILQ_FIRST(&p->list);
	k->stray = true;
	k->stored = store_carried(s, 5, 3, 0x1f);
	fd = carry_write(&c, p);
	assert_true(carry_read(fd, &d, q, t));
	k = TAILQ_FIRST(&q->list);
	assert_true(k->stray);
	assert_int_equal(k->stored->place, 5);
	assert_int_equal(k->stored->has, 0x1f);
	assert_int_equal(t->used, s->used);
	k = TAILQ_NEXT(k, entry);
	assert_false(k->stray);
	assert_null(k->stored);
	TAILQ_FOREACH (k, &q->list, entry) {
		k->fds.n = 0;
		k->pidfd = -1;
	}
	parked_free(p);
	parked_free(q);
	store_free(s);
	store_free(t);
	(void)close(manager);
	(void)close(fd);
}

/* A copy in which `len` bytes at `at` are others, and `more` are behind it. */
static bool
spoilt(int fd, size_t at, const void *with, size_t len, off_t more)
{
	struct parked *p = parked_new();
	static char text[1 << 16];
	struct carry c;
	struct parked_run *k;
	ssize_t n = pread(fd, text, sizeof(text), 0);
	int copy = memfd_create("copy", MFD_CLOEXEC);
	bool ok;

	assert_true(n > 0 && copy >= 0);
	memcpy(text + at, with, len);
	assert_int_equal(write(copy, text, (size_t)n), n);
	assert_int_equal(ftruncate(copy, n + more), 0);
	ok = carry_read(copy, &c, p, NULL);
	(void)close(copy);
	TAILQ_FOREACH (k, &p->list, entry) {
		k->fds.n = 0;
		k->pidfd = -1;
	}
	parked_free(p);
	return ok;
}

/* A copy that says of its first run that it is at `place`; `n` times. */
static bool
placed(int32_t place, unsigned n)
{
	struct parked *p = parked_new(), *q = parked_new();
	struct store *s = store_new(0);
	struct carry c = sample(), d;
	struct stored at = { .place = (unsigned)place };
	struct parked_run *k;
	bool ok;
	int fd;

	while (n-- > 0)
		add(p, 7 + n);
	TAILQ_FOREACH (k, &p->list, entry)
		k->stored = &at;
	fd = carry_write(&c, p);
	ok = carry_read(fd, &d, q, s);
	(void)close(fd);
	TAILQ_FOREACH (k, &q->list, entry) {
		k->fds.n = 0;
		k->pidfd = -1;
	}
	parked_free(p);
	parked_free(q);
	store_free(s);
	return ok;
}

/* It becomes a name, and no two have one. */
static void
abuse_P02_places_are_the_stores(void **state)
{
	(void)state;
	assert_true(placed(STORE_PLACES - 1, 1));
	assert_false(placed(STORE_PLACES, 1));
	assert_false(placed(INT32_MAX, 1));
	assert_false(placed(3, 2));
}

static void
abuse_P02_what_is_not_understood(void **state)
{
	const uint32_t other = CARRY_VERSION + 1, many = 1u << 20;
	const int32_t closed = 900;
	const size_t profile =
	    sizeof(struct carry) + offsetof(struct park_record, profile);
	char endless[sizeof(((struct park_record *)0)->profile)];
	struct parked *p = parked_new();
	struct carry c = sample();
	int fd;

	(void)state;
	add(p, 7);
	fd = carry_write(&c, p);
	assert_true(spoilt(fd, 0, "rdv", 3, 0));
	assert_false(spoilt(fd, 0, "x", 1, 0));
	assert_false(spoilt(fd, offsetof(struct carry, version), &other,
	    sizeof(other), 0));
	assert_false(spoilt(fd, offsetof(struct carry, size), &other,
	    sizeof(other), 0));
	assert_false(spoilt(fd, offsetof(struct carry, record), &other,
	    sizeof(other), 0));
	assert_false(spoilt(fd, offsetof(struct carry, runs), &many,
	    sizeof(many), 0));
	assert_false(spoilt(fd, offsetof(struct carry, lock), &closed,
	    sizeof(closed), 0));
	assert_false(spoilt(fd, offsetof(struct carry, next.worker), &closed,
	    sizeof(closed), 0));
	assert_false(spoilt(fd, offsetof(struct carry, user.ngroups), &many,
	    sizeof(many), 0));
	/* The first word of the run behind it: its own version. */
	assert_false(spoilt(fd, sizeof(c), &other, sizeof(other), 0));
	/* A profile of another build's, and one that is no text at all. */
	assert_false(spoilt(fd, profile, "scribe", 7, 0));
	memset(endless, 'x', sizeof(endless));
	assert_false(spoilt(fd, profile, endless, sizeof(endless), 0));
	assert_true(spoilt(fd, profile, "login", 6, 0));
	assert_false(spoilt(fd, 0, "rdv", 3, -1));
	assert_false(spoilt(fd, 0, "rdv", 3, 1));
	/* And nobody can change it once it is written. */
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	(void)close(fd);
	parked_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_back),
		cmocka_unit_test(it_comes_back_kept),
		cmocka_unit_test(abuse_P02_places_are_the_stores),
		cmocka_unit_test(abuse_P02_what_is_not_understood),
	};

	return CHECK_RUN("carry", tests);
}
