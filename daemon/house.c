/* SPDX-License-Identifier: MIT */
/*
 * Housekeeping: rows whose time is over are deleted, and SIGHUP is served. A
 * settings file that is wrong changes nothing, since a running daemon with its
 * old settings is worth more than none.
 */
#include "daemon/house.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/conf.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/idem.h"
#include "daemon/store/tokens.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define HOUR_MS	 (3600 * 1000LL)
#define FIRST_MS (60 * 1000LL)	    /* a start has better things to do */
#define SPENT_MS (7 * 24 * HOUR_MS) /* cookies and codes stay for audits */

struct house {
	struct app *app;
	struct loop_timer *timer;
	bool own_log; /* stderr is the log file of the settings */
};

/* They will be found again next time. */
static void
house_cleaned_cb(int err, void *arg)
{
	(void)arg;
	if (err != 0)
		log_warnx("house", "old rows stay: %s", strerror(-err));
}

static void
house_clean_cb(void *arg)
{
	struct house *h = arg;
	const struct conf *conf = h->app->conf;
	int64_t now = clock_wall_ms();
	struct tx *tx = tx_begin(h->app->db);

	/* Errors stay in the transaction and are told by its end. */
	(void)store_idem_expire(tx, now - conf->idempotency_hours * HOUR_MS);
	(void)store_tokens_prune(tx, now - SPENT_MS);
	tx_commit(tx, house_cleaned_cb, h);
	loop_timer_set(h->timer, conf->cleanup_interval_hours * HOUR_MS);
}

/* A terminal, a pipe or another file belongs to whoever started rdv. */
static bool
logs_to(const char *path)
{
	struct stat err, log;

	return fstat(STDERR_FILENO, &err) == 0 && S_ISREG(err.st_mode) &&
	       stat(path, &log) == 0 && log.st_dev == err.st_dev &&
	       log.st_ino == err.st_ino;
}

struct house *
house_new(struct app *app)
{
	struct house *h = xcalloc(1, sizeof(*h));

	h->app = app;
	h->own_log = logs_to(app->conf->log_file);
	h->timer = loop_timer_new(app->loop, house_clean_cb, h);
	loop_timer_set(h->timer, FIRST_MS);
	return h;
}

void
house_free(struct house *h)
{
	if (h == NULL)
		return;
	loop_timer_free(h->timer);
	free(h);
}

/* What was written so far is in the file that was moved away. */
static void
reopen_log(const struct conf *conf)
{
	int fd;

	fd = open(conf->log_file,
	    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_warn("house", "%s", conf->log_file);
		return;
	}
	(void)dup3(fd, STDERR_FILENO, 0);
	(void)close(fd);
}

void
house_reload_cb(void *arg)
{
	struct house *h = arg;
	struct conf *conf = h->app->conf, fresh;
	enum log_level level;
	char why[512];

	if (h->own_log)
		reopen_log(conf);
	/*
	 * A whole new one, so that what is no longer in the file is the default
	 * again.
	 */
	conf_init(&fresh, conf->base, conf->home);
	if (conf_load(&fresh, conf->file, why, sizeof(why)) == 0) {
		conf_reload(conf, &fresh);
		if (log_level_parse(conf->log_level, &level))
			log_set_level(level);
		auth_reload(h->app->auth);
		log_info("house", "settings read again");
	} else {
		log_warnx("house", "settings stay as they were: %s", why);
	}
	conf_done(&fresh);
}
