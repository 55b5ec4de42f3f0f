/* SPDX-License-Identifier: MIT */
/*
 * Time of check against time of use: while one thread swaps a directory with a
 * link to outside as fast as it can, the other opens, grants or removes what
 * bears that name. Each case is counted until both faces of the swap have been
 * met, and none of all the rounds may reach outside. RDV_RACES sets the rounds
 * of a case; `make soak` runs a million.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/path.h"
#include "priv-helper/roots.h"
#include "priv-helper/scratch.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"
#include "tests/unit/priv/between.h"
#include "tests/unit/priv/rights.h"

#define ROUNDS	    4000
#define LATE_MS	    60000 /* beyond it the swap is not happening at all */
#define CANARIES    8
#define PAIRS	    12
#define PAUSE_SHIFT 22 /* 0..1023 turns: a microsecond or so */

static char top[64];
static int topfd;
/* How many directories with links beside them a run has made. */
static unsigned pairs;

/* What swaps pairs of names below `topfd` until it is told to stop. */
static struct swap {
	char name[2][PAIRS][32];
	unsigned pairs;
	atomic_bool on, held;
	atomic_ulong done; /* how often it has */
	/* Around a look at `held` and what follows from it. */
	pthread_mutex_t look;
	pthread_t thread;
} swap = { .look = PTHREAD_MUTEX_INITIALIZER };

/* With pauses of changing length: without any, locks are all that is tried. */
static void *
swapping(void *arg)
{
	unsigned turn = 0, i;

	(void)arg;
	while (atomic_load(&swap.on)) {
		i = turn++ % swap.pairs;
		(void)pthread_mutex_lock(&swap.look);
		if (!atomic_load(&swap.held) &&
		    renameat2(topfd, swap.name[0][i], topfd, swap.name[1][i],
			RENAME_EXCHANGE) == 0)
			atomic_fetch_add(&swap.done, 1);
		(void)pthread_mutex_unlock(&swap.look);
		for (i = turn * 2654435761u >> PAUSE_SHIFT; i > 0; i--)
			if (!atomic_load(&swap.on))
				break;
	}
	return NULL;
}

/* It has swapped for the last time when this returns. */
static void
swap_hold(void)
{
	(void)pthread_mutex_lock(&swap.look);
	atomic_store(&swap.held, true);
	(void)pthread_mutex_unlock(&swap.look);
}

/* Lets it go; how often it has swapped before. */
static unsigned long
swap_release(void)
{
	atomic_store(&swap.held, false);
	return atomic_load(&swap.done);
}

/* <a>0 with <b>0, <a>1 with <b>1, ... */
static void
swap_begin(const char *a, const char *b, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		snprintf(swap.name[0][i], sizeof(swap.name[0][i]), "%s%u", a,
		    i);
		snprintf(swap.name[1][i], sizeof(swap.name[1][i]), "%s%u", b,
		    i);
	}
	swap.pairs = n;
	atomic_store(&swap.on, true);
	atomic_store(&swap.held, false);
	assert_int_equal(pthread_create(&swap.thread, NULL, swapping, NULL), 0);
}

static void
swap_end(void)
{
	atomic_store(&swap.on, false);
	assert_int_equal(pthread_join(swap.thread, NULL), 0);
}

static unsigned long
rounds(void)
{
	const char *text = getenv("RDV_RACES");

	return text != NULL ? strtoul(text, NULL, 10) : ROUNDS;
}

/*
 * How a case goes on: until all rounds are over and some of both kinds have
 * been among them: opened and refused, or with the swap in their middle and
 * without. Said at the end, for whoever counts.
 */
struct score {
	const char *name, *kinds;
	unsigned long rounds, n, kind[2];
	int64_t late;
};

/* One in `share` of the rounds: making trees takes its time. */
static struct score
score_begin(const char *name, const char *kinds, unsigned share)
{
	return (struct score){ .name = name,
		.kinds = kinds,
		.rounds = rounds() / share,
		.late = clock_mono_ms() + LATE_MS };
}

static bool
score_more(struct score *s)
{
	if (s->n >= s->rounds) {
		if (s->kind[0] > 0 && s->kind[1] > 0)
			return false;
		assert_true(clock_mono_ms() < s->late);
	}
	/* On one processor the other thread needs a turn, too. */
	if (s->n++ % 64 == 0)
		(void)sched_yield();
	return true;
}

static void
score_say(const struct score *s)
{
	print_message("# %s: %lu rounds, %s %lu, %lu\n", s->name, s->n,
	    s->kinds, s->kind[0], s->kind[1]);
}

static void
put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

static const char *
in(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

/* "out" is what nobody may reach: its files are all there, and nothing else. */
static int
set_up(void **state)
{
	char name[32];
	int i;

	(void)state;
	pairs = PAIRS;
	/* Where there is one, memory: the disk is not what is tried. */
	snprintf(top, sizeof(top), "/dev/shm/rdv-races-XXXXXX");
	if (mkdtemp(top) != NULL)
		topfd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	else
		topfd = tmpdir_new(top);
	assert_int_equal(mkdirat(topfd, "out", 0700), 0);
	for (i = 0; i < CANARIES; i++) {
		snprintf(name, sizeof(name), "out/%d", i);
		put_file(topfd, name);
	}
	assert_int_equal(mkdirat(topfd, "out/sub", 0700), 0);
	put_file(topfd, "out/sub/0");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)close(topfd);
	tmpdir_remove(top);
	path_force_descent(false);
	return 0;
}

static void
outside_is_whole(void)
{
	struct stat st;
	char name[32];
	int i;

	for (i = 0; i < CANARIES; i++) {
		snprintf(name, sizeof(name), "out/%d", i);
		assert_int_equal(fstatat(topfd, name, &st, 0), 0);
	}
	assert_int_equal(fstatat(topfd, "out/sub/0", &st, 0), 0);
	/* Nothing was written there either. */
	assert_int_equal(fstatat(topfd, "out/new", &st, 0), -1);
	assert_int_equal(fstatat(topfd, "out/sub", &st, 0), 0);
	assert_int_equal(st.st_nlink, 2);
}

static void
make_root(void)
{
	assert_int_equal(mkdirat(topfd, "root", 0700), 0);
	assert_int_equal(mkdirat(topfd, "root/dir0", 0700), 0);
	assert_int_equal(mkdirat(topfd, "root/dir0/sub", 0700), 0);
	assert_int_equal(symlinkat("../out", topfd, "root/link0"), 0);
}

/* Writing: what is made must be made beneath, whichever way it is opened. */
static void
create_beneath(const char *name)
{
	struct score s = score_begin(name, "opened, refused", 1);
	int root, fd;

	make_root();
	root = openat(topfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	swap_begin("root/dir", "root/link", 1);
	while (score_more(&s)) {
		fd = path_open_beneath(root, "dir0/new",
		    O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_true(fd >= 0 || fd == -ELOOP || fd == -EAGAIN);
		s.kind[fd < 0]++;
		if (fd >= 0)
			(void)close(fd);
	}
	swap_end();
	outside_is_whole();
	(void)close(root);
	score_say(&s);
}

static void
abuse_F02_create(void **state)
{
	(void)state;
	create_beneath("F02 create beneath, openat2");
}

static void
abuse_F02_F03_create_by_descent(void **state)
{
	(void)state;
	path_force_descent(true);
	create_beneath("F02 create beneath, descent");
}

/* Which calls the swap stands before, and how many there were. */
static struct steps {
	unsigned n, first, second;
	const char *a, *b;
} steps;

static void
swap_here(void)
{
	steps.n++;
	if (steps.n == steps.first || steps.n == steps.second)
		(void)renameat2(topfd, steps.a, topfd, steps.b,
		    RENAME_EXCHANGE);
}

/*
 * A path that a run asks to write, judged and granted while its middle turns to
 * rdv's own state and back: what is granted is the object that was judged.
 */
static int
grant_once(const struct roots *rs, ino_t secret)
{
	struct stat got;
	char why[256];
	int fd, err;

	err = roots_open(rs, in("root/dir0/sub"), &fd, why, sizeof(why));
	assert_true(err == 0 || err == RDV_E_DENIED);
	if (err != 0)
		return err;
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_not_equal(got.st_ino, secret);
	(void)close(fd);
	return 0;
}

static ino_t
make_grantable(struct roots *rs, struct policy_rights *rights)
{
	struct stat secret;

	rights_make(rights, NULL, in("home"));
	make_root();
	assert_true(roots_init(rs, in("home"), in("out"), NULL, rights));
	assert_int_equal(fstatat(topfd, "out/sub", &secret, 0), 0);
	return secret.st_ino;
}

static void
abuse_F18_grant(void **state)
{
	struct score s =
	    score_begin("F18 grant of a path", "opened, refused", 1);
	struct policy_rights rights;
	struct roots rs;
	ino_t secret;

	(void)state;
	secret = make_grantable(&rs, &rights);
	swap_begin("root/dir", "root/link", 1);
	while (score_more(&s))
		s.kind[grant_once(&rs, secret) != 0]++;
	swap_end();
	policy_rights_done(&rights);
	score_say(&s);
}

/* The same without luck: before each call of the judgement once. */
static void
abuse_F18_every_step(void **state)
{
	struct policy_rights rights;
	unsigned first, granted = 0;
	struct roots rs;
	ino_t secret;

	(void)state;
	secret = make_grantable(&rs, &rights);
	steps.a = "root/dir0";
	steps.b = "root/link0";
	steps.second = 0;
	steps.n = 1;
	for (first = 1; first <= steps.n; first++) {
		steps.n = 0;
		steps.first = first;
		between_calls = swap_here;
		granted += grant_once(&rs, secret) == 0;
		between_calls = NULL;
	}
	/* Begun with the directory in its place, and with the link. */
	assert_true(first > 2 && granted > 0 && granted < first - 1);
	policy_rights_done(&rights);
}

static void
fill_dir(const char *deep, unsigned i)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/dir%u", deep, i);
	assert_int_equal(mkdirat(topfd, name, 0700), 0);
	snprintf(name, sizeof(name), "%s/dir%u/sub", deep, i);
	assert_int_equal(mkdirat(topfd, name, 0700), 0);
	snprintf(name, sizeof(name), "%s/dir%u/sub/0", deep, i);
	put_file(topfd, name);
}

/*
 * A run's directory, with links and full directories side by side in `deep`.
 * The links come first, because what is newest is mostly removed first, and
 * with its link a directory has nothing to be swapped with.
 */
static void
fill_scratch(const char *run, const char *deep)
{
	char name[64];
	unsigned i;

	swap_hold();
	assert_int_equal(mkdirat(topfd, run, 0700), 0);
	if (strcmp(deep, run) != 0)
		assert_int_equal(mkdirat(topfd, deep, 0700), 0);
	for (i = 0; i < pairs; i++) {
		snprintf(name, sizeof(name), "%s/link%u", deep, i);
		assert_int_equal(symlinkat(in("out"), topfd, name), 0);
	}
	for (i = 0; i < pairs; i++)
		fill_dir(deep, i);
}

/*
 * A run's directory is removed while what is left of the run turns directories
 * in it into links to outside. All of it goes, and nothing else.
 */
static void
remove_while(const char *name, const char *deep)
{
	struct score s = score_begin(name, "swapped, calm", 16);
	char a[32], b[32];
	unsigned long before;

	snprintf(a, sizeof(a), "%s/dir", deep);
	snprintf(b, sizeof(b), "%s/link", deep);
	swap_begin(a, b, PAIRS);
	while (score_more(&s)) {
		fill_scratch("run", deep);
		before = swap_release();
		scratch_remove(in("run"), geteuid());
		s.kind[atomic_load(&swap.done) == before]++;
		assert_int_equal(faccessat(topfd, "run", F_OK, 0), -1);
		assert_int_equal(faccessat(topfd, "out/sub/0", F_OK, 0), 0);
	}
	swap_end();
	outside_is_whole();
	score_say(&s);
}

static void
abuse_F10_inside(void **state)
{
	(void)state;
	remove_while("F10 remove, directories in it", "run");
}

static void
abuse_F10_deeper(void **state)
{
	(void)state;
	remove_while("F10 remove, further down", "run/deep");
}

static bool
there(const char *name)
{
	return faccessat(topfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The directory itself: under a name that is a link nothing is removed. */
static void
abuse_F10_itself(void **state)
{
	struct score s = score_begin("F10 remove, the directory itself",
	    "swapped, calm", 16);
	unsigned long before;

	(void)state;
	swap_begin("run", "other", 1);
	while (score_more(&s)) {
		fill_scratch("run0", "run0");
		assert_int_equal(symlinkat(in("out"), topfd, "other0"), 0);
		before = swap_release();
		while (there("run0") || there("other0")) {
			scratch_remove(in("run0"), geteuid());
			scratch_remove(in("other0"), geteuid());
			(void)unlinkat(topfd, "run0", 0);
			(void)unlinkat(topfd, "other0", 0);
		}
		s.kind[atomic_load(&swap.done) == before]++;
		assert_int_equal(faccessat(topfd, "out/sub/0", F_OK, 0), 0);
	}
	swap_end();
	outside_is_whole();
	score_say(&s);
}

/* One removal. False when it made fewer calls than it was to be met at. */
static bool
remove_with_swaps(const char *deep, unsigned first, unsigned second)
{
	fill_scratch("run", deep);
	steps.n = 0;
	steps.first = first;
	steps.second = second;
	between_calls = swap_here;
	scratch_remove(in("run"), geteuid());
	between_calls = NULL;
	assert_int_equal(faccessat(topfd, "run", F_OK, 0), -1);
	outside_is_whole();
	return steps.n >= first;
}

/*
 * No luck needed: the swap is made before each single system call that opens
 * or removes, and undone before each later one or never.
 */
static void
every_step(const char *deep)
{
	unsigned first = 1, second, n = 0;
	char a[32], b[32];

	snprintf(a, sizeof(a), "%s/dir0", deep);
	snprintf(b, sizeof(b), "%s/link0", deep);
	steps.a = a;
	steps.b = b;
	while (remove_with_swaps(deep, first, 0)) {
		for (second = first + 1; second <= steps.n; second++, n++)
			(void)remove_with_swaps(deep, first, second);
		first++;
	}
	assert_true(n > 20);
}

static void
abuse_F10_every_step(void **state)
{
	(void)state;
	pairs = 1;
	every_step("run");
	every_step("run/deep");
}

int
main(void)
{
#define RACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RACE(abuse_F02_create),
		RACE(abuse_F02_F03_create_by_descent),
		RACE(abuse_F10_every_step),
		RACE(abuse_F10_inside),
		RACE(abuse_F10_deeper),
		RACE(abuse_F10_itself),
		RACE(abuse_F18_grant),
		RACE(abuse_F18_every_step),
	};

	return CHECK_RUN("races", tests);
}
