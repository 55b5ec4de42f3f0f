/* SPDX-License-Identifier: MIT */
/*
 * What every test of the store starts from. A test owns its directory and
 * leaves nothing behind, and no wait is without a deadline.
 */
#include "tests/unit/store/fx.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 60000

static void
late_cb(void *arg)
{
	(void)arg;
	fprintf(stderr, "deadline passed\n");
	abort();
}

int
fx_setup_empty(void **state)
{
	struct fx *fx = xcalloc(1, sizeof *fx);
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(fx->dir, sizeof fx->dir, "%s/rdv-store-XXXXXX",
	    tmp != NULL && strlen(tmp) < 32 ? tmp : "/tmp");
	if (mkdtemp(fx->dir) == NULL)
		return -1;
	(void)snprintf(fx->path, sizeof fx->path, "%s/rdv.db", fx->dir);
	fx->loop = loop_new();
	fx->deadline = loop_timer_new(fx->loop, late_cb, fx);
	*state = fx;
	return 0;
}

int
fx_open(struct fx *fx)
{
	fx->why[0] = '\0';
	return db_open(&fx->db, fx->loop, fx->path, fx->why, sizeof fx->why);
}

void
fx_close(struct fx *fx)
{
	db_close(fx->db);
	fx->db = NULL;
	/* The loop's hook belongs to the closed database. */
	loop_timer_free(fx->deadline);
	loop_free(fx->loop);
	fx->loop = loop_new();
	fx->deadline = loop_timer_new(fx->loop, late_cb, fx);
}

int
fx_setup(void **state)
{
	struct fx *fx;

	if (fx_setup_empty(state) != 0)
		return -1;
	fx = *state;
	if (fx_open(fx) != 0 || db_start(fx->db) != 0) {
		fprintf(stderr, "%s\n", fx->why);
		return -1;
	}
	return 0;
}

int
fx_teardown(void **state)
{
	struct fx *fx = *state;

	db_close(fx->db);
	loop_timer_free(fx->deadline);
	loop_free(fx->loop);
	fx_remove(fx);
	free(fx);
	return 0;
}

static void
stop_cb(void *arg)
{
	loop_stop(arg);
}

struct until {
	struct fx *fx;
	const bool *flag;
	struct loop_timer *poll;
};

static void
until_cb(void *arg)
{
	struct until *u = arg;

	if (*u->flag)
		loop_stop(u->fx->loop);
	else
		loop_timer_set(u->poll, 1);
}

void
fx_until(struct fx *fx, const bool *flag)
{
	struct until u = { fx, flag, NULL };

	u.poll = loop_timer_new(fx->loop, until_cb, &u);
	loop_timer_set(u.poll, 0);
	loop_timer_set(fx->deadline, DEADLINE_MS);
	loop_run(fx->loop);
	loop_timer_clear(fx->deadline);
	loop_timer_free(u.poll);
	assert_true(*flag);
}

void
fx_turn(struct fx *fx)
{
	struct loop_timer *t = loop_timer_new(fx->loop, stop_cb, fx->loop);

	loop_timer_set(t, 20);
	loop_run(fx->loop);
	loop_timer_free(t);
}

const char *
fx_file(struct fx *fx, const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof path, "%s/%s", fx->dir, name);
	return path;
}

void
fx_remove(struct fx *fx)
{
	DIR *d = opendir(fx->dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			(void)unlink(fx_file(fx, e->d_name));
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(fx->dir);
}
