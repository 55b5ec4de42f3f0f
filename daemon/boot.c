/* SPDX-License-Identifier: MIT */
/*
 * The modules of rdvd, put together. The order is the point: the database
 * before anybody is believed, credentials before the cage, the cage before the
 * first byte of a client, the flusher's thread after the cage, the pid file
 * when all of it stands.
 */
#include "daemon/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/api/api.h"
#include "daemon/api/match.h"
#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/conf.h"
#include "daemon/core/approval.h"
#include "daemon/core/boot.h"
#include "daemon/core/clitoken.h"
#include "daemon/core/chain.h"
#include "daemon/core/devport.h"
#include "daemon/core/devserver.h"
#include "daemon/core/grant.h"
#include "daemon/core/hostboot.h"
#include "daemon/core/integrity.h"
#include "daemon/core/people.h"
#include "daemon/core/probe.h"
#include "daemon/core/reset.h"
#include "daemon/core/push.h"
#include "daemon/core/run.h"
#include "daemon/core/session.h"
#include "daemon/core/tmux.h"
#include "daemon/core/workspace.h"
#include "daemon/core/worktree.h"
#include "daemon/event/event.h"
#include "daemon/helper.h"
#include "daemon/house.h"
#include "daemon/http/http.h"
#include "daemon/loop.h"
#include "daemon/ready.h"
#include "daemon/rss.h"
#include "daemon/store/db.h"
#include "daemon/term/term.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/xalloc.h"
#include "security/confine.h"

#define DAY_MS (24 * 3600 * 1000LL)

/*
 * A client that is served before it is known what runs is told to come again,
 * and all who come again at once take the time that would be needed for it.
 */
#define SETTLE_MS 500

/* What is asked just then has this long, when another rdvd is to follow. */
#define LEAVE_MS 250

/* How long a daemon without its parent still answers what it was asked. */
#define ORPHAN_MS 2000

/* Looked for once: after confinement there is no looking. */
static bool
tmux_there(void)
{
	static const char *const places[] = { "/usr/bin/tmux", "/bin/tmux",
		"/usr/local/bin/tmux" };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (access(places[i], X_OK) == 0)
			return true;
	}
	return false;
}

/*
 * [main] made the sockets before this process could read its settings, so a
 * setting that says otherwise cannot be followed and must not be ignored.
 */
static int
check_socket(const struct conf *conf, int fd, const char *path, const char *key,
    char *why, size_t whysize)
{
	struct sockaddr_un sun = { .sun_family = 0 };
	socklen_t len = sizeof(sun);

	if (getsockname(fd, (struct sockaddr *)&sun, &len) != 0 ||
	    sun.sun_family != AF_UNIX) {
		(void)snprintf(why, whysize, "%s: no Unix socket was passed",
		    key);
		return 2;
	}
	if (strncmp(sun.sun_path, path, sizeof(sun.sun_path)) == 0)
		return 0;
	(void)snprintf(why, whysize,
	    "%s: %s: rdv-helper listens on %.107s and nowhere else; remove the "
	    "setting",
	    conf_source(conf, key), key, sun.sun_path);
	return EX_SETTINGS;
}

static int
check_both(struct app *app, const struct boot_fds *fds, char *why,
    size_t whysize)
{
	int status = check_socket(app->conf, fds->api, app->conf->api_socket,
	    "server.api_socket", why, whysize);

	if (status == 0)
		status = check_socket(app->conf, fds->terminal,
		    app->conf->terminal_socket, "server.terminal_socket", why,
		    whysize);
	return status;
}

/* In system mode [main] has the say about these, or each account. */
static int
check_none(const struct conf *conf, char *why, size_t whysize)
{
	static const char helper[] = "rdv-helper decides this";
	static const struct {
		const char *key, *text;
	} keys[] = {
		{ "server.api_socket", helper },
		{ "server.terminal_socket", helper },
		{ "auth.service_token_file", helper },
		{ "worktrees.dir", "each account has its ~/.rdv/worktrees" },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!conf_is_set(conf, keys[i].key))
			continue;
		(void)snprintf(why, whysize,
		    "%s: %s: %s in system mode; remove the setting",
		    conf_source(conf, keys[i].key), keys[i].key, keys[i].text);
		return EX_SETTINGS;
	}
	return 0;
}

/* [main] made them; whoever starts rdvd otherwise has to as well. */
static int
check_dirs(const struct conf *conf, char *why, size_t whysize)
{
	static const char *const steps[] = { "server", "runs" };
	const char *below = "";
	int fd = path_private_dir(AT_FDCWD, conf->base), next;

	for (size_t i = 0; i < 2 && fd >= 0; i++) {
		below = i == 0 ? "/server" : "/server/runs";
		next = path_private_dir(fd, steps[i]);
		(void)close(fd);
		fd = next;
	}
	if (fd < 0) {
		(void)snprintf(why, whysize,
		    "%s%s: %s; it must be a directory of mode 0700 that "
		    "belongs to you",
		    conf->base, below, strerror(-fd));
		return EX_FOR_GOOD;
	}
	(void)close(fd);
	return 0;
}

/*
 * What a later attempt may find better is not final: a full disk must not end
 * the terminals of a daemon that was only restarted.
 */
static int
final(const struct app *app, int err)
{
	return err > 0 || app->first_start ? EX_FOR_GOOD : 1;
}

static int
open_database(struct app *app, char *why, size_t whysize)
{
	int err = db_open(&app->db, app->loop, app->conf->database_path, why,
	    whysize);

	/* A full disk may have room later. */
	if (err == RDV_E_FULL)
		err = -ENOSPC;
	return err != 0 ? final(app, err) : 0;
}

static int
open_state(struct app *app, char *why, size_t whysize)
{
	int status, err;

	status = check_dirs(app->conf, why, whysize);
	if (status == 0)
		status = open_database(app, why, whysize);
	if (status != 0)
		return status;
	app->bus = event_bus_new(app->loop, app->db);
	event_retain(app->bus, app->conf->event_retention_days * DAY_MS);
	err = auth_new(&app->auth, app, why, whysize);
	/* In system mode a token is its owner's to make. */
	if (err == 0 && !app->conf->system)
		err = clitoken_ensure(app, why, whysize);
	if (err != 0)
		return final(app, err);
	/* The token in the file counts from the moment it can be read. */
	db_settle(app->db);
	return 0;
}

/* None of these can fail, and none of them does anything yet. */
static void
build_core(struct app *app)
{
	const struct conf *conf = app->conf;
	struct http_limits limits = {
		.conns = (unsigned)conf->max_connections,
		.conns_per_peer = (unsigned)conf->max_connections_per_peer,
		/* Fixed: nobody has a use for more (docs/http-api.md). */
		.line = 8192,
		.header = 32768,
		.body = (size_t)conf->max_body_bytes,
		.nheaders = 64,
		.header_ms = conf->header_timeout_ms,
		.body_ms = conf->body_timeout_ms,
		.idle_ms = conf->idle_timeout_ms,
	};

	app->api = api_new(app, api_tables);
	app->server =
	    http_server_new(app->loop, &limits, api_dispatch, app->api);
	http_server_early(app->server, api_early);
	app->grants = grants_new(app);
	app->runs = runs_new(app);
	app->tmuxes = tmux_new(app);
	app->sessions = sessions_new(app);
	app->approvals = approvals_new(app);
	app->pushes = pushes_new(app);
	app->worktrees = worktrees_new(app);
	app->workspaces = workspaces_new(app);
	app->chains = chains_new(app);
	app->integrity = integrity_new(app);
	app->resets = resets_new(app);
	app->devservers = devservers_new(app);
	app->devports = devports_new(app);
	app->probe = probe_new(app);
	app->house = house_new(app);
	if (conf->system)
		app->people = people_new(app);
}

/* The directory of a configured path, to be allowed as a whole. */
static char *
dir_of(const char *path)
{
	char *copy = xstrdup(path), *dir = xstrdup(dirname(copy));

	free(copy);
	return dir;
}

/*
 * Settings from before there was a directory server/ put files into the base
 * directory itself. They still work, at a price that is to be known.
 */
static void
warn_audit(const char *base, const char *const *rw)
{
	char *audit = xasprintf("%s/audit", base);

	for (; *rw != NULL; rw++)
		if (path_is_under(*rw, audit))
			log_warnx("main",
			    "rdvd may write to %s, since a file of its own is "
			    "configured to lie in %s: move it to server/",
			    audit, *rw);
	free(audit);
}

/*
 * Worktrees and repositories are not in the list: git looks at those, in a
 * process of its own, and rdvd never does.
 */
static int
confine(struct app *app, char *why, size_t whysize)
{
	const struct conf *conf = app->conf;
	char *server = xasprintf("%s/server", conf->base);
	char *database = dir_of(conf->database_path);
	char *log = dir_of(conf->log_file), *pid = dir_of(conf->pid_file);
	const char *const rw[] = { server, database, log, pid, NULL };
	char *file = dir_of(conf->file);
	/* Read again on SIGHUP; where it is missing it stays so. */
	const char *const ro[] = { access(file, R_OK) == 0 ? file : NULL,
		NULL };
	int err;

	rss_open();
	warn_audit(conf->base, rw);
	err = confine_daemon(rw, ro, why, whysize);
	free(file);
	free(server);
	free(database);
	free(log);
	free(pid);
	if (err != 0)
		return EX_FOR_GOOD;
	if (*why != '\0')
		log_warnx("main", "confined, but %s", why);
	return 0;
}

static int
start_flusher(struct app *app, char *why, size_t whysize)
{
	int err = db_start(app->db);

	if (err != 0) {
		(void)snprintf(why, whysize, "the flusher: %s", strerror(-err));
		return 1;
	}
	return 0;
}

static void
boot_ended_cb(void *arg)
{
	struct app *app = arg;

	if (--app->to_end == 0)
		loop_stop(app->loop);
}

/* Asked for twice is asked for once; the first deadline stands. */
static void
drain(struct app *app, int64_t ms)
{
	if (app->draining)
		return;
	app->draining = true;
	app->to_end++;
	terms_leave(app->terms);
	log_info("main", "ending; requests under way have %lld ms",
	    (long long)ms);
	http_server_drain(app->server, ms, boot_ended_cb, app);
}

static void
boot_term_cb(void *arg)
{
	struct app *app = arg;

	helper_hear(app->helper);
	/* What runs goes on without rdvd, but not without [main]. */
	if (app->stopping && !runs_stopping(app->runs)) {
		app->to_end++;
		runs_stop_all(app->runs, boot_ended_cb, app);
	}
	/* A client waits for the next rdvd, and every moment of it. */
	drain(app, app->leaving ? LEAVE_MS : app->conf->drain_ms);
}

/* [main] is gone or [ops] speaks nonsense: there is nothing to serve with. */
static void
boot_gone_cb(void *arg)
{
	struct app *app = arg;
	/* Shorter than when asked to end: nobody waits for [main] any more. */
	int64_t ms = app->conf->drain_ms;

	drain(app, ms < ORPHAN_MS ? ms : ORPHAN_MS);
}

static int
listen_on(struct app *app, int fd, const char *what, char *why, size_t whysize)
{
	/* To this account alone, whatever the modes of the socket say. */
	int err = http_server_listen(app->server, fd, geteuid());

	if (err == 0)
		return 0;
	(void)snprintf(why, whysize, "%s socket: %s", what, strerror(-err));
	return 1;
}

static int
listen_both(struct app *app, const struct boot_fds *fds, char *why,
    size_t whysize)
{
	int status = listen_on(app, fds->api, "api", why, whysize);

	if (status == 0)
		status =
		    listen_on(app, fds->terminal, "terminal", why, whysize);
	return status;
}

static void
write_pid(struct app *app)
{
	const struct conf *conf = app->conf;
	char *dir = dir_of(conf->pid_file), text[24];
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int err = fd < 0 ? -errno : 0;

	if (err == 0)
		err = path_write_private(fd, strrchr(conf->pid_file, '/') + 1,
		    text, (size_t)n);
	app->pid_written = err == 0;
	/* Nothing rests on it, so nothing fails with it. */
	if (err != 0)
		log_warnx("main", "%s: %s", conf->pid_file, strerror(-err));
	if (fd >= 0)
		(void)close(fd);
	free(dir);
}

/*
 * The helper is sought before the first request can need it, and what runs is
 * settled before one is heard (core/boot.c), if that is to be had. [main] keeps
 * what connects meanwhile in the queues of its sockets: a pause, no refusal.
 */
static int
serve(struct app *app, const struct boot_fds *fds, char *why, size_t whysize)
{
	int status;

	app->helper = helper_new(app->loop, fds->control, &boot_helper_ops,
	    boot_gone_cb, app);
	http_server_hold(app->server, SETTLE_MS);
	status = app->conf->system ? 0 : listen_both(app, fds, why, whysize);
	if (status != 0)
		return status;
	loop_signal(app->loop, SIGTERM, boot_term_cb, app);
	loop_signal(app->loop, SIGHUP, house_reload_cb, app->house);
	write_pid(app);
	app->ready = ready_new(app->loop, fds->ready, app->conf->base);
	return 0;
}

int
boot_up(struct app *app, const struct boot_fds *fds, char *why, size_t whysize)
{
	int status;

	app->tmux = tmux_there();
	app->loop = loop_new();
	status = app->conf->system ? check_none(app->conf, why, whysize)
				   : check_both(app, fds, why, whysize);
	if (status == 0)
		status = open_state(app, why, whysize);
	if (status != 0)
		return status;
	build_core(app);
	hostboot_look(app);
	status = confine(app, why, whysize);
	if (status == 0)
		status = start_flusher(app, why, whysize);
	return status != 0 ? status : serve(app, fds, why, whysize);
}

int
boot_try(struct app *app, char *why, size_t whysize)
{
	int status = check_dirs(app->conf, why, whysize);

	if (status == 0 && db_try(app->conf->database_path, why, whysize) != 0)
		status = EX_FOR_GOOD;
	return status != 0 ? status : confine(app, why, whysize);
}

/*
 * Backwards. The helper goes first, which fails what waits for it, then what
 * waits for the disk is settled, so that no request is left when the server
 * that owns them goes.
 */
void
boot_down(struct app *app)
{
	if (app->pid_written)
		(void)unlink(app->conf->pid_file);
	helper_free(app->helper);
	if (app->db != NULL)
		db_settle(app->db);
	http_server_free(app->server);
	app->server = NULL;
	ready_free(app->ready);
	people_free(app->people);
	house_free(app->house);
	probe_free(app->probe);
	integrity_free(app->integrity);
	worktrees_free(app->worktrees);
	pushes_free(app->pushes);
	workspaces_free(app->workspaces);
	resets_free(app->resets);
	devports_free(app->devports);
	devservers_free(app->devservers);
	chains_free(app->chains);
	tmux_free(app->tmuxes);
	sessions_free(app->sessions);
	runs_free(app->runs);
	approvals_free(app->approvals);
	grants_free(app->grants);
	api_free(app->api);
	auth_free(app->auth);
	event_bus_free(app->bus);
	if (app->db != NULL)
		db_close(app->db);
	loop_free(app->loop);
}
