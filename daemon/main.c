/* SPDX-License-Identifier: MIT */
/*
 * rdvd, the unprivileged daemon. This file is its command line; boot.c is how
 * the parts come up and go down.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "daemon/api/match.h"
#include "daemon/api/apidoc.h"
#include "daemon/app.h"
#include "daemon/boot.h"
#include "daemon/conf.h"
#include "daemon/loop.h"
#include "lib/buildid.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define WEB_MAX 16

enum {
	OPT_BASE = 256,
	OPT_CONTROL,
	OPT_API,
	OPT_TERMINAL,
	OPT_READY,
	OPT_WEB,
	OPT_SYSTEM,
	OPT_ROUTES,
	OPT_JSON,
	OPT_TRY
};

enum mode {
	MODE_SERVE,
	MODE_TRY,
	MODE_SHOW,
	MODE_CHECK,
	MODE_VERSION,
	MODE_ROUTES
};

struct options {
	enum mode mode;
	bool json; /* of -T */
	const char *base;
	const char *file;   /* of -t */
	const char *system; /* system mode's settings */
	const char *build;  /* of --try: that of the helper */
	struct boot_fds fds;
	char *web[WEB_MAX + 1];
	unsigned nweb;
};

static const char usage_text[] =
    "usage: rdvd --base DIR --control-fd N --api-fd N --terminal-fd N\n"
    "            [--ready-fd N] [--web HOST:PORT]...   (from rdv-helper)\n"
    "       rdvd --base DIR --control-fd N --system SETTINGS\n"
    "            [--ready-fd N] [--web HOST:PORT]...   (likewise)\n"
    "       rdvd ... --try BUILD    could it serve? and nothing else\n"
    "       rdvd -T [--json] [--base DIR]\n"
    "                               print every setting with its source\n"
    "       rdvd -t [FILE]          check a settings file\n"
    "       rdvd --routes           print docs/http-api.md\n"
    "       rdvd -V                 print the version\n";

static int
usage(void)
{
	(void)fputs(usage_text, stderr);
	return 2;
}

/* 0 to 2 are not for this, and what is not open was not passed. */
static bool
fd_option(const char *text, int *out)
{
	uint64_t n;

	if (!str_to_u64(text, 3, 1023, &n) || fcntl((int)n, F_GETFD) < 0)
		return false;
	/* Nothing is ever executed here, but nothing is lost by this either. */
	(void)fcntl((int)n, F_SETFD, FD_CLOEXEC);
	*out = (int)n;
	return true;
}

/* nginx binds to addresses and names of this host; only the form is checked. */
static bool
web_option(struct options *o, char *text)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;

	if (o->nweb == WEB_MAX || colon == NULL || colon == text ||
	    !str_to_u64(colon + 1, 1, 65535, &port))
		return false;
	o->web[o->nweb++] = text;
	return true;
}

static bool
one_option(struct options *o, int opt)
{
	switch (opt) {
	case OPT_BASE:
		o->base = optarg;
		return true;
	case OPT_CONTROL:
		return fd_option(optarg, &o->fds.control);
	case OPT_API:
		return fd_option(optarg, &o->fds.api);
	case OPT_TERMINAL:
		return fd_option(optarg, &o->fds.terminal);
	case OPT_READY:
		return fd_option(optarg, &o->fds.ready);
	case OPT_WEB:
		return web_option(o, optarg);
	case OPT_SYSTEM:
		o->system = optarg;
		return path_absolute_ok(optarg);
	case OPT_ROUTES:
		o->mode = MODE_ROUTES;
		return true;
	case OPT_TRY:
		o->mode = MODE_TRY;
		o->build = optarg;
		return true;
	case OPT_JSON:
		o->json = true;
		return true;
	case 't':
		o->mode = MODE_CHECK;
		return true;
	case 'T':
		o->mode = MODE_SHOW;
		return true;
	case 'V':
		o->mode = MODE_VERSION;
		return true;
	}
	return false;
}

static bool
options_parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "base", required_argument, NULL, OPT_BASE },
		{ "control-fd", required_argument, NULL, OPT_CONTROL },
		{ "api-fd", required_argument, NULL, OPT_API },
		{ "terminal-fd", required_argument, NULL, OPT_TERMINAL },
		{ "ready-fd", required_argument, NULL, OPT_READY },
		{ "web", required_argument, NULL, OPT_WEB },
		{ "system", required_argument, NULL, OPT_SYSTEM },
		{ "routes", no_argument, NULL, OPT_ROUTES },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "try", required_argument, NULL, OPT_TRY },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "tTV", longs, NULL)) != -1) {
		if (!one_option(o, opt))
			return false;
	}
	if (o->mode == MODE_CHECK && optind + 1 == argc)
		o->file = argv[optind++];
	return optind == argc && (!o->json || o->mode == MODE_SHOW);
}

/* [main] passes HOME as passwd has it, in an environment of its own making. */
static const char *
home_dir(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (home != NULL && path_absolute_ok(home))
		return home;
	pw = getpwuid(geteuid());
	return pw != NULL ? pw->pw_dir : "/";
}

/* --base, else RDV_HOME, else ~/.rdv. */
static char *
base_dir(const struct options *o, const char *home)
{
	const char *env = getenv("RDV_HOME");

	if (o->base != NULL)
		return xstrdup(o->base);
	if (env != NULL && *env != '\0')
		return xstrdup(env);
	return xasprintf("%s/.rdv", strcmp(home, "/") != 0 ? home : "");
}

/* -t only: what is served says it in its log. */
static void
say_fine(const struct conf *conf, const char *path)
{
	char text[512];
	size_t at = 0;

	while (conf_warning(conf, &at, text, sizeof(text)))
		(void)fprintf(stderr, "rdvd: warning: %s\n", text);
	(void)printf("%s: fine\n", path);
}

static int
settings(struct conf *conf, const struct options *o)
{
	const char *home = home_dir();
	char *base = base_dir(o, home), *path;
	char why[512];
	int err = 0;

	if (!path_absolute_ok(base)) {
		(void)fprintf(stderr, "rdvd: base: must be absolute\n");
		free(base);
		return EX_SETTINGS;
	}
	conf_init(conf, base, home);
	if (o->system != NULL) {
		conf->system = true;
		free(conf->file);
		conf->file = xstrdup(o->system);
	}
	path = xstrdup(o->file != NULL ? o->file : conf->file);
	if (o->file != NULL && access(path, R_OK) != 0)
		err = -errno;
	if (err != 0)
		(void)snprintf(why, sizeof(why), "%s: %s", path,
		    strerror(-err));
	else
		err = conf_load(conf, path, why, sizeof(why));
	if (err != 0)
		(void)fprintf(stderr, "rdvd: %s\n", why);
	else if (o->mode == MODE_CHECK)
		say_fine(conf, path);
	free(path);
	free(base);
	if (err == 0)
		return 0;
	conf_done(conf);
	return EX_SETTINGS;
}

/*
 * Tokens pass through this process: no core file and no look into its memory
 * by other processes of the same account.
 */
static void
harden(void)
{
	struct rlimit none = { 0, 0 }, files;

	/* [main] executes a descriptor; ps would show that one's number. */
	(void)prctl(PR_SET_NAME, "rdvd");
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	/* A limit on file sizes is a full disk, not a reason to die. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Ctrl-C reaches the whole group; [main] ends us in its own order. */
	(void)signal(SIGINT, SIG_IGN);
	/* Until it can be served. */
	(void)signal(SIGHUP, SIG_IGN);
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0)
		fatal("main", "cannot protect memory");
	/* Each viewer and terminal has some; no program of ours inherits it. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int
serve(struct options *o, struct conf *conf)
{
	struct app app = {
		.conf = conf,
		.web = o->web,
		.started_ms = clock_wall_ms(),
		.started_mono_ms = clock_mono_ms(),
		.first_start = o->fds.ready >= 0,
	};
	char why[512] = "";
	size_t at = 0;
	int status;

	log_info("main", "starting version=%s pid=%ld", RDV_BUILD,
	    (long)getpid());
	while (conf_warning(conf, &at, why, sizeof(why)))
		log_warnx("main", "%s", why);
	why[0] = '\0';
	status = boot_up(&app, &o->fds, why, sizeof(why));
	if (status == 0)
		loop_run(app.loop);
	else
		log_errorx("main", "%s", why);
	boot_down(&app);
	if (status == 0)
		log_info("main", "ended");
	return status;
}

/* For rdv-helper, before it has another rdvd end for this one. */
static int
try_out(struct conf *conf, const char *build)
{
	struct app app = { .conf = conf };
	char why[512] = "";
	int status = EX_FOR_GOOD;

	if (strcmp(build, build_id) == 0)
		status = boot_try(&app, why, sizeof(why));
	else
		(void)snprintf(why, sizeof(why),
		    "rdv-helper is build %s and this is %s", build, build_id);
	if (status != 0)
		log_errorx("main", "cannot take over: %s", why);
	return status;
}

/* In system mode the listening sockets come over the control socket. */
static bool
fds_fit(const struct options *o)
{
	const bool own = o->system == NULL;

	return o->fds.control >= 0 && (o->fds.api >= 0) == own &&
	       (o->fds.terminal >= 0) == own;
}

int
main(int argc, char **argv)
{
	struct options o = { .fds = { -1, -1, -1, -1 } };
	enum log_level level = LOG_INFO;
	struct conf conf;
	int status;

	log_init("rdvd", STDERR_FILENO, level);
	if (!options_parse(&o, argc, argv))
		return usage();
	if (o.mode == MODE_VERSION) {
		(void)printf("rdvd %s\n", RDV_BUILD);
		return 0;
	}
	if (o.mode == MODE_ROUTES) {
		apidoc_print(api_tables, stdout);
		return 0;
	}
	status = settings(&conf, &o);
	if (status != 0)
		return status;
	if (o.mode == MODE_SHOW && !o.json)
		conf_print(&conf, stdout);
	else if (o.mode == MODE_SHOW && !conf_print_json(&conf, stdout))
		status = 1;
	if (o.mode == MODE_SERVE || o.mode == MODE_TRY) {
		if (!fds_fit(&o))
			return usage();
		if (log_level_parse(conf.log_level, &level))
			log_set_level(level);
		harden();
		status = o.mode == MODE_TRY ? try_out(&conf, o.build)
					    : serve(&o, &conf);
	}
	conf_done(&conf);
	return status;
}
