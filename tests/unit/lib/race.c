/* SPDX-License-Identifier: MIT */
/*
 * Time of check against time of use: while one thread swaps a directory with a
 * link to outside as fast as it can, the other does what is tried to what bears
 * that name. Each case is counted until both faces of the swap have been met,
 * and none of all the rounds may reach outside. RDV_RACES sets the rounds of a
 * case; `make soak` runs a million.
 */
#include "tests/unit/lib/race.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define ROUNDS	    4000
#define LATE_MS	    60000 /* beyond it the swap is not happening at all */
#define CANARIES    8
#define PAUSE_SHIFT 22 /* 0..1023 turns: a microsecond or so */

char race_top[64];
int race_topfd;

/* What swaps pairs of names below `race_topfd` until it is told to stop. */
static struct swap {
	char name[2][RACE_PAIRS][32];
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
		    renameat2(race_topfd, swap.name[0][i], race_topfd,
			swap.name[1][i], RENAME_EXCHANGE) == 0)
			atomic_fetch_add(&swap.done, 1);
		(void)pthread_mutex_unlock(&swap.look);
		for (i = turn * 2654435761u >> PAUSE_SHIFT; i > 0; i--)
			if (!atomic_load(&swap.on))
				break;
	}
	return NULL;
}

void
race_hold(void)
{
	(void)pthread_mutex_lock(&swap.look);
	atomic_store(&swap.held, true);
	(void)pthread_mutex_unlock(&swap.look);
}

unsigned long
race_release(void)
{
	atomic_store(&swap.held, false);
	return atomic_load(&swap.done);
}

unsigned long
race_swaps(void)
{
	return atomic_load(&swap.done);
}

void
race_swap(const char *a, const char *b, unsigned n)
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

void
race_end(void)
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

struct race
race_begin(const char *name, const char *kinds, unsigned share)
{
	return (struct race){ .name = name,
		.kinds = kinds,
		.rounds = rounds() / share,
		.late = clock_mono_ms() + LATE_MS };
}

bool
race_more(struct race *s)
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

void
race_say(const struct race *s)
{
	print_message("# %s: %lu rounds, %s %lu, %lu\n", s->name, s->n,
	    s->kinds, s->kind[0], s->kind[1]);
}

void
race_put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

const char *
race_in(const char *name)
{
	static char path[4][256];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", race_top, name);
	return p;
}

/* "out" is what nobody may reach: its files are all there, and nothing else. */
int
race_set_up(void **state)
{
	char name[32];
	int i;

	(void)state;
	/* Where there is one, memory: the disk is not what is tried. */
	snprintf(race_top, sizeof(race_top), "/dev/shm/rdv-races-XXXXXX");
	if (mkdtemp(race_top) != NULL)
		race_topfd = open(race_top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	else
		race_topfd = tmpdir_new(race_top);
	assert_int_equal(mkdirat(race_topfd, "out", 0700), 0);
	for (i = 0; i < CANARIES; i++) {
		snprintf(name, sizeof(name), "out/%d", i);
		race_put_file(race_topfd, name);
	}
	assert_int_equal(mkdirat(race_topfd, "out/sub", 0700), 0);
	race_put_file(race_topfd, "out/sub/0");
	return 0;
}

int
race_tear_down(void **state)
{
	(void)state;
	(void)close(race_topfd);
	tmpdir_remove(race_top);
	return 0;
}

static int
entries(const char *name)
{
	int fd = openat(race_topfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(fd);
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	(void)closedir(d);
	return n - 2;
}

void
race_outside_is_whole(void)
{
	struct stat st;
	char name[32];
	int i;

	for (i = 0; i < CANARIES; i++) {
		snprintf(name, sizeof(name), "out/%d", i);
		assert_int_equal(fstatat(race_topfd, name, &st, 0), 0);
	}
	assert_int_equal(fstatat(race_topfd, "out/sub/0", &st, 0), 0);
	/* Nothing was made there either, whatever it is called. */
	assert_int_equal(entries("out"), CANARIES + 1);
	assert_int_equal(entries("out/sub"), 1);
	assert_int_equal(fstatat(race_topfd, "out/sub", &st, 0), 0);
	assert_int_equal(st.st_nlink, 2);
}

bool
race_there(const char *name)
{
	return faccessat(race_topfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
