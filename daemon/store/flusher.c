/* SPDX-License-Identifier: MIT */
/*
 * The only other thread of rdvd: it waits for the disk so that the loop need
 * not. It syncs the write-ahead log by its own descriptor and, when the log has
 * grown, copies it into the database with a connection of its own that syncs as
 * SQLite sees fit.
 *
 * Invariants: an epoch is reported durable only after a successful sync that
 * began after the epoch was requested. A failed sync is final: the kernel drops
 * the pages it could not write and the next sync would succeed without them.
 */
#include "daemon/store/flusher.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/store/stmt.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

/* Copy the log after each such amount; at most so often does it stay. */
#define LOG_STEP (4 << 20)
/*
 * Under writes that never pause a copy is never complete, and the log cannot
 * start over. From this size on the copy keeps writers out: a turn then waits
 * for it, at most once per so many bytes.
 */
#define LOG_FORCE (32 << 20)
/* When nothing is asked for so long, an incomplete copy is completed. */
#define IDLE_MS 250
/* A forced copy waits so long for readers and for the writer of a turn. */
#define FORCE_WAIT_MS 200

struct flusher {
	int fd; /* the log */
	sqlite3 *conn;
	struct loop_wake *wake;
	pthread_t thread;
	bool threaded;
	/* Below: the thread's own, or the caller's without one. */
	off_t copied_at; /* size of the log at the last copy */
	bool incomplete; /* that copy did not reach the end */

	pthread_mutex_t lock; /* protects what follows */
	pthread_cond_t asked, served;
	uint64_t requested, synced;
	int err;
	bool stop;
	struct flusher_stats stats;
};

static void
fail(struct flusher *f, int err)
{
	pthread_mutex_lock(&f->lock);
	if (f->err == 0)
		f->err = err;
	pthread_mutex_unlock(&f->lock);
}

/*
 * One copy of the log into the database. Passive: it never waits for the loop
 * and the loop never for it, and stops at the newest frame it saw. A forced one
 * follows it at once, so that there is little left to do while writers wait.
 */
static void
copy_log(struct flusher *f, off_t size)
{
	int log = 0, copied = 0, rc;
	bool force;

	(void)sqlite3_busy_timeout(f->conn, FORCE_WAIT_MS);
	rc = sqlite3_wal_checkpoint_v2(f->conn, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    &log, &copied);
	/* With a reader in the way it would only keep writers waiting. */
	force = size >= LOG_FORCE && rc == SQLITE_OK && log == copied;
	if (force)
		rc = sqlite3_wal_checkpoint_v2(f->conn, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, &log, &copied);
	f->copied_at = size;
	f->incomplete = rc != SQLITE_OK || log != copied;
	pthread_mutex_lock(&f->lock);
	f->stats.checkpoints++;
	f->stats.forced += force;
	f->stats.postponed += f->incomplete;
	pthread_mutex_unlock(&f->lock);
	/* No space or a reader in the way: the log keeps everything. */
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED ||
	    stmt_errno(f->conn, rc) == -ENOSPC)
		return;
	fail(f, stmt_errno(f->conn, rc));
}

static bool
copy_due(const struct flusher *f, off_t size, bool idle)
{
	if (size < LOG_STEP)
		return false;
	return size >= f->copied_at + LOG_STEP || (idle && f->incomplete);
}

static void
tend_log(struct flusher *f, bool idle)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0)
		return;
	/* It started over: what was known of the old one is void. */
	if (st.st_size < f->copied_at) {
		f->copied_at = 0;
		f->incomplete = false;
	}
	pthread_mutex_lock(&f->lock);
	f->stats.log_bytes = st.st_size;
	pthread_mutex_unlock(&f->lock);
	if (copy_due(f, st.st_size, idle))
		copy_log(f, st.st_size);
}

/*
 * The new size goes along, since it is needed to read what was written
 * (fdatasync(2)).
 */
static int
sync_log(struct flusher *f, int64_t *us)
{
	int64_t start = clock_mono_us();
	int err = fdatasync(f->fd) < 0 ? -errno : 0;

	*us = clock_mono_us() - start;
	return err;
}

/*
 * Called with the lock held, which is given up for the sync. A copy that is due
 * comes before the answer: those who wait for the answer write nothing
 * meanwhile, so the copy is complete and the log can start over.
 */
static void
serve(struct flusher *f)
{
	uint64_t target = f->requested;
	int err = f->err;
	int64_t us = 0;

	pthread_mutex_unlock(&f->lock);
	if (err == 0)
		err = sync_log(f, &us);
	if (err == 0)
		tend_log(f, false);
	pthread_mutex_lock(&f->lock);
	f->stats.sync_us += (uint64_t)us;
	if (err == 0) {
		f->stats.syncs++;
		f->synced = target;
	} else if (f->err == 0) {
		f->err = err;
	}
	pthread_cond_broadcast(&f->served);
	loop_wake(f->wake);
}

/*
 * Waits for a request or the end, which the caller tells apart; false when idle
 * for long enough to tidy up.
 */
static bool
await(struct flusher *f)
{
	struct timespec until;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += IDLE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (!f->stop && f->requested == f->synced && rc == 0) {
		if (f->incomplete)
			rc =
			    pthread_cond_timedwait(&f->asked, &f->lock, &until);
		else
			rc = pthread_cond_wait(&f->asked, &f->lock);
	}
	return rc == 0;
}

static void *
flusher_main(void *arg)
{
	struct flusher *f = arg;

	pthread_mutex_lock(&f->lock);
	while (!f->stop && f->err == 0) {
		if (await(f)) {
			serve(f);
			continue;
		}
		pthread_mutex_unlock(&f->lock);
		tend_log(f, true);
		pthread_mutex_lock(&f->lock);
	}
	pthread_cond_broadcast(&f->served);
	pthread_mutex_unlock(&f->lock);
	/* A copy that failed has waiting changes to report, too. */
	loop_wake(f->wake);
	return NULL;
}

static void
init_sync(struct flusher *f)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	/* The wall clock may jump, and a jump must not make it spin. */
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->asked, &attr);
	pthread_cond_init(&f->served, &attr);
	pthread_condattr_destroy(&attr);
}

/*
 * A file's name is durable only when its directory is: the log was created by
 * this process and all that is acknowledged will stand in it.
 */
static int
open_log(struct flusher *f, const char *path)
{
	char *name = xasprintf("%s-wal", path), *slash;
	int dir, err = 0;

	f->fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0)
		err = -errno;
	slash = strrchr(name, '/');
	if (slash != NULL)
		slash[slash == name ? 1 : 0] = '\0';
	dir = open(slash != NULL ? name : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (err == 0 && (dir < 0 || fsync(dir) < 0 || fdatasync(f->fd) < 0))
		err = -errno;
	if (dir >= 0)
		(void)close(dir);
	free(name);
	return err;
}

int
flusher_new(struct flusher **out, const char *path, struct loop_wake *wake)
{
	struct flusher *f = xcalloc(1, sizeof *f);
	int err, rc;

	f->wake = wake;
	f->fd = -1;
	init_sync(f);
	err = open_log(f, path);
	if (err == 0) {
		rc = sqlite3_open_v2(path, &f->conn,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_NOFOLLOW,
		    NULL);
		if (rc == SQLITE_OK)
			rc = sqlite3_exec(f->conn,
			    "PRAGMA synchronous=FULL; PRAGMA cache_size=-64;"
			    "PRAGMA wal_autocheckpoint=0;"
			    "SELECT 1 FROM schema_migration;",
			    NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			err = stmt_errno(f->conn, rc);
	}
	if (err != 0) {
		flusher_free(f);
		return err;
	}
	*out = f;
	return 0;
}

int
flusher_start(struct flusher *f)
{
	sigset_t all, old;
	int err;

	if (f->threaded)
		return 0;
	/* Signals belong to the loop. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&f->thread, NULL, flusher_main, f);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	f->threaded = err == 0;
	return -err;
}

void
flusher_request(struct flusher *f, uint64_t epoch)
{
	pthread_mutex_lock(&f->lock);
	f->requested = epoch;
	/*
	 * Without the thread, or after its end, the caller waits for the disk.
	 */
	if (f->threaded && f->err == 0)
		pthread_cond_signal(&f->asked);
	else
		serve(f);
	pthread_mutex_unlock(&f->lock);
}

int
flusher_state(struct flusher *f, uint64_t *synced)
{
	int err;

	pthread_mutex_lock(&f->lock);
	*synced = f->synced;
	err = f->err;
	pthread_mutex_unlock(&f->lock);
	return err;
}

void
flusher_wait(struct flusher *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->err == 0 && f->synced != f->requested)
		pthread_cond_wait(&f->served, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

void
flusher_stats(struct flusher *f, struct flusher_stats *out)
{
	pthread_mutex_lock(&f->lock);
	*out = f->stats;
	pthread_mutex_unlock(&f->lock);
}

void
flusher_free(struct flusher *f)
{
	if (f == NULL)
		return;
	if (f->threaded) {
		flusher_wait(f);
		pthread_mutex_lock(&f->lock);
		f->stop = true;
		pthread_cond_signal(&f->asked);
		pthread_mutex_unlock(&f->lock);
		(void)pthread_join(f->thread, NULL);
	}
	/*
	 * The last connection to close: it copies the log, with syncs, and
	 * removes it. After a failed sync the log stays as it is, for whoever
	 * looks into it next.
	 */
	if (f->conn != NULL && f->err != 0)
		(void)sqlite3_db_config(f->conn,
		    SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_close(f->conn);
	if (f->fd >= 0)
		(void)close(f->fd);
	pthread_cond_destroy(&f->asked);
	pthread_cond_destroy(&f->served);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
