/* SPDX-License-Identifier: MIT */
/*
 * The table of live runs, and what is asked of one by its id. Invariant: a run
 * is in the list and under its id from run_alloc() to run_free(), so whoever
 * waits for the helper, the disk or an exit finds it by id or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/egress.h"
#include "daemon/core/kept.h"
#include "daemon/core/rundoor.h"
#include "daemon/core/runstate.h"
#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* How often activity is written down. */
#define TOUCH_MS 60000

#define TELLS_PER_MIN 60
#define TELLS_BURST   20

static int
open_dir(const struct conf *conf)
{
	static const char *const steps[] = { "server", "runs" };
	int fd = path_private_dir(AT_FDCWD, conf->base), next;

	for (size_t i = 0; i < 2 && fd >= 0; i++) {
		next = path_private_dir(fd, steps[i]);
		(void)close(fd);
		fd = next;
	}
	/* boot.c has looked: what is wrong now has become so since. */
	if (fd < 0)
		fatalx("run", "%s/server/runs: %s", conf->base, strerror(-fd));
	return fd;
}

struct runs *
runs_new(struct app *app)
{
	struct runs *r = xcalloc(1, sizeof(*r));
	struct terms_conf conf = { .loop = app->loop };

	r->app = app;
	r->dirfd = open_dir(app->conf);
	TAILQ_INIT(&r->live);
	TAILQ_INIT(&r->kept);
	SLIST_INIT(&r->allowed);
	conf.dirfd = r->dirfd;
	conf.input_max = (size_t)app->conf->input_queue_bytes;
	conf.stall_ms = app->conf->viewer_stall_ms;
	app->terms = r->terms = terms_new(&conf);
	app->talks = r->talks = talks_new(&(struct talks_conf){
	    app->loop, r->dirfd, kept_talked_cb, r });
	return r;
}

void
runs_free(struct runs *r)
{
	struct run *run;

	if (r == NULL)
		return;
	reconcile_free(r->reconcile);
	runstop_free(r->stopping);
	while ((run = TAILQ_FIRST(&r->live)) != NULL)
		run_free(run);
	kept_free(r);
	terms_free(r->terms);
	talks_free(r->talks);
	r->app->talks = NULL;
	r->app->terms = NULL;
	(void)close(r->dirfd);
	free(r);
}

/* Ids begin with the time and end with what is random. */
static struct run_bucket *
bucket(struct runs *r, const char *id)
{
	const size_t len = strlen(id);
	unsigned sum = 0;

	for (size_t i = len > 8 ? len - 8 : 0; i < len; i++)
		sum = sum * 31 + (unsigned char)id[i];
	return &r->ids[sum % RUN_BUCKETS];
}

struct run *
run_alloc(struct runs *r, const char *id, const char *user_id,
    const char *session_id)
{
	struct run *run = xcalloc(1, sizeof(*run));

	run->runs = r;
	(void)str_copy(run->id, id, sizeof(run->id));
	(void)str_copy(run->user_id, user_id, sizeof(run->user_id));
	if (session_id != NULL)
		(void)str_copy(run->session_id, session_id,
		    sizeof(run->session_id));
	run->started_at = -1;
	run->moved_ms = clock_mono_ms();
	run->halted_at = run->halted_row = -1;
	run->page = run->door = -1;
	bucket_init(&run->tells, TELLS_PER_MIN, TELLS_BURST, clock_mono_ms());
	STAILQ_INIT(&run->waiters);
	TAILQ_INSERT_TAIL(&r->live, run, link);
	LIST_INSERT_HEAD(bucket(r, run->id), run, by_id);
	r->n++;
	return run;
}

void
run_free(struct run *run)
{
	TAILQ_REMOVE(&run->runs->live, run, link);
	LIST_REMOVE(run, by_id);
	run->runs->n--;
	run_spawn_free(run);
	loop_timer_free(run->retry);
	loop_timer_free(run->stop_again);
	term_unref(run->term);
	free(run->end.cause);
	free(run->cwd);
	free(run->argv_json);
	free(run->policy_json);
	run_door_shut(run);
	if (run->page >= 0)
		(void)close(run->page);
	free(run);
}

bool
run_may_tell(struct run *run)
{
	return bucket_take(&run->tells, clock_mono_ms());
}

bool
run_has_ended(const struct run *run)
{
	return run->phase == RUN_OVER;
}

struct run *
run_find(struct runs *r, const char *id)
{
	struct run *run;

	LIST_FOREACH (run, bucket(r, id), by_id)
		if (strcmp(run->id, id) == 0)
			return run;
	return NULL;
}

struct term *
run_term(struct run *run)
{
	return run->term;
}

void
run_take_page(struct run *run, const struct priv_hold *h,
    struct seqpkt_fds *fds)
{
	if (h->net == PRIV_NET_LIST)
		run->page = fds->fd[--fds->n];
}

char *
run_egress_json(const struct run *run)
{
	return egress_json(run->page);
}

uint64_t
run_egress_sum(const struct run *run)
{
	return egress_sum(run->page);
}

bool
run_touch(struct run *run)
{
	int64_t now = clock_mono_ms();

	if (run->touched != 0 && now - run->touched < TOUCH_MS)
		return false;
	run->touched = now;
	return true;
}

/* By where it began: where it has gone since, worktreelook.c asks /proc. */
bool
runs_busy_under(const struct runs *r, const char *path)
{
	const struct run *run;

	TAILQ_FOREACH (run, &r->live, link)
		if (run->cwd != NULL && path_is_under(path, run->cwd))
			return true;
	return false;
}

bool
run_waits_for_room(struct run *run)
{
	return run->phase == RUN_LIVE && !run->exited && !kept_has_room(run);
}

unsigned
runs_live(const struct runs *r)
{
	return r->n;
}

bool
runs_settled(const struct runs *r)
{
	return r->settled;
}

void
runs_counts(const struct runs *r, uint32_t *found, uint32_t *lost)
{
	*found = r->found;
	*lost = r->lost;
}
