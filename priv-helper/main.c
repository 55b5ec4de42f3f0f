/* SPDX-License-Identifier: MIT */
/*
 * rdv-helper [main]: the parent of rdvd and of [ops], and the owner of what has
 * to outlive both, the lock and the listening sockets. It parses its command
 * line and, with -t, a policy, and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "priv-helper/carry.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/explain.h"
#include "priv-helper/hygiene.h"
#include "priv-helper/launch.h"
#include "priv-helper/lock.h"
#include "priv-helper/notify.h"
#include "priv-helper/parked.h"
#include "priv-helper/policyfile.h"
#include "priv-helper/policyprint.h"
#include "priv-helper/rotate.h"
#include "priv-helper/sockets.h"
#include "priv-helper/store.h"
#include "priv-helper/supervise.h"
#include "priv-helper/system.h"
#include "priv-helper/upgrade.h"
#include "priv-helper/user.h"
#include "security/mutant.h"

#define EXIT_USAGE 2
#define WEB_MAX	   16

struct options {
	const char *base;  /* user mode */
	const char *audit; /* NULL: beside the rest of the state */
	bool system;
	struct system_options sys;
	const char *web[WEB_MAX + 1];
	unsigned nweb;
	int ready;
	int carry, answer;     /* of a program that becomes this one */
	int64_t store, nofile; /* 0: none */
	const char *runs;      /* the unit whose cgroup they are in, or NULL */
	bool child, test, rotate, hold;
	const char *file; /* of -t */
};

/* What [main] owns for as long as it lives. */
struct held {
	int base, server, lock;
	struct sock api, terminal;
};

static _Noreturn void
usage(void)
{
	fprintf(stderr,
	    "usage: rdv-helper --base DIR [--web HOST:PORT]... [--ready-fd N]\n"
	    "                  [--audit DIR] [--foreground-child]\n"
	    "       rdv-helper --system [--root DIR] [--web-user USER]\n"
	    "                  [--web HOST:PORT]... [--ready-fd N]\n"
	    "                  [--foreground-child]\n"
	    "                  [--store N] [--runs UNIT] [--nofile N]\n"
	    "       rdv-helper --hold      keep a cgroup for runs\n"
	    "       rdv-helper -t [FILE]   explain a policy, " POLICYFILE "\n"
	    "       rdv-helper --rotate-service [--root DIR]\n"
	    "       " EXPLAIN_USAGE "\n"
	    "Starts rdvd and stays its parent: for one account, started by\n"
	    "\"rdv up\", or for all whom the policy admits, by root.\n");
	exit(EXIT_USAGE);
}

static _Noreturn void
refuse_with(int status, const char *what, const char *why)
{
	fprintf(stderr, "rdv-helper: %s: %s\n", what, why);
	exit(status);
}

static _Noreturn void
refuse(const char *what, const char *why)
{
	refuse_with(LAUNCH_REFUSED, what, why);
}

static int
descriptor(const char *text)
{
	int64_t n;

	/* A number that is open; 0..2 are spoken for. */
	if (!str_to_i64(text, 3, INT_MAX, &n) || fcntl((int)n, F_GETFD) < 0)
		usage();
	return (int)n;
}

/* False: it is none of system mode's. */
static bool
system_option(struct options *o, int c)
{
	struct system_options *s = &o->sys;

	if (c == 's')
		o->system = true;
	else if (c == 'T')
		o->rotate = true;
	else if (c == 'H')
		o->hold = true;
	else if (c == 'U')
		o->runs = optarg;
	else if (c == 'S' && str_to_i64(optarg, 1, STORE_MAX, &o->store))
		return true;
	else if (c == 'N' && str_to_i64(optarg, 64, INT_MAX, &o->nofile))
		return true;
	else if (c == 'R')
		s->root = optarg;
	else if (c == 'u')
		s->web_user = optarg;
	else
		return false;
	return true;
}

/* Each mode has its own options, and a mixture says nothing. */
static bool
fits(const struct options *o)
{
	const struct system_options *s = &o->sys;
	const bool sys = s->root != NULL || s->web_user != NULL ||
			 o->store != 0 || o->runs != NULL || o->nofile != 0;

	if (o->hold)
		return !o->system && !sys && o->base == NULL;
	if (o->test)
		return !o->system && !sys && o->base == NULL;
	if (o->rotate)
		return !o->system && s->web_user == NULL && o->base == NULL &&
		       (s->root == NULL || path_absolute_ok(s->root));
	if (o->system)
		return o->base == NULL && o->audit == NULL &&
		       (s->root == NULL || path_absolute_ok(s->root)) &&
		       (o->runs == NULL || strchr(o->runs, '/') == NULL);
	return !sys && o->base != NULL && path_absolute_ok(o->base) &&
	       (o->audit == NULL || path_absolute_ok(o->audit));
}

static void
parse(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "base", required_argument, NULL, 'b' },
		{ "audit", required_argument, NULL, 'a' },
		{ "web", required_argument, NULL, 'w' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "foreground-child", no_argument, NULL, 'f' },
		{ "version", no_argument, NULL, 'v' },
		{ "system", no_argument, NULL, 's' },
		{ "root", required_argument, NULL, 'R' },
		{ "web-user", required_argument, NULL, 'u' },
		{ "rotate-service", no_argument, NULL, 'T' },
		{ "carry", required_argument, NULL, 'c' },
		{ "try", required_argument, NULL, 't' + 256 },
		{ "store", required_argument, NULL, 'S' },
		{ "runs", required_argument, NULL, 'U' },
		{ "nofile", required_argument, NULL, 'N' },
		{ "hold", no_argument, NULL, 'H' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "t", table, NULL)) != -1) {
		if (c == 'b')
			o->base = optarg;
		else if (c == 'a')
			o->audit = optarg;
		else if (system_option(o, c))
			continue;
		else if (c == 'w' && o->nweb < WEB_MAX)
			o->web[o->nweb++] = optarg;
		else if (c == 'r')
			o->ready = descriptor(optarg);
		else if (c == 'c')
			o->carry = descriptor(optarg);
		else if (c == 't' + 256)
			o->answer = descriptor(optarg);
		else if (c == 'f')
			o->child = true;
		else if (c == 't')
			o->test = true;
		else if (c == 'v' && puts("rdv-helper " RDV_BUILD) >= 0)
			exit(0);
		else
			usage();
	}
	if (o->test)
		o->file = optind < argc ? argv[optind++] : POLICYFILE;
	if (optind != argc || !fits(o))
		usage();
}

static void
take(struct held *h, const char *base)
{
	char why[256];

	h->base = path_private_dir(AT_FDCWD, base);
	if (h->base < 0)
		refuse(base,
		    h->base == -EPERM
			? "not ours, or open to others; needs mode 0700"
			: strerror(-h->base));
	h->server = path_private_dir(h->base, "server");
	if (h->server < 0)
		refuse("server directory", strerror(-h->server));
	if (lock_take(h->server, &h->lock, why, sizeof(why)) != 0)
		refuse(base, why);
	/* Under the lock: what is found at these names is nobody's now. */
	if (sockets_open(&h->api, h->base, base, why, sizeof(why)) != 0 ||
	    sockets_open(&h->terminal, h->base, base, why, sizeof(why)) != 0) {
		sockets_close(&h->api, h->base);
		refuse(base, why);
	}
}

static void
take_sock(struct sock *s, const struct carry_sock *from)
{
	s->fd = from->fd;
	s->dev = from->dev;
	s->ino = from->ino;
}

/* All of it is open and locked, and nobody noticed. */
static void
take_carried(struct held *h, const struct carry *c)
{
	h->base = c->base;
	h->server = c->server;
	h->lock = c->lock;
	take_sock(&h->api, &c->api);
	take_sock(&h->terminal, &c->terminal);
}

static void
warn_root(const struct user *u)
{
	if (u->uid == 0)
		log_warnx("main",
		    "running as root in user mode: everybody with access to "
		    "this rdv is root here");
}

static int
run_user(const struct options *o, const struct launch *common)
{
	struct held h = {
		.api = { .name = "api.sock", .owner = geteuid(), .fd = -1 },
		.terminal = { .name = "terminal.sock",
		    .owner = geteuid(),
		    .fd = -1 },
	};
	struct launch l = *common;
	char audit[PATH_MAX];
	int status;

	warn_root(l.user);
	if (l.from != NULL)
		take_carried(&h, l.from);
	else
		take(&h, o->base);
	l.dir = h.base;
	l.server = h.server;
	l.socks[0] = &h.api;
	l.socks[1] = &h.terminal;
	snprintf(audit, sizeof(audit), "%s/audit", o->base);
	l.base = o->base;
	l.audit = o->audit != NULL ? o->audit : audit;
	l.api = h.api.fd;
	l.terminal = h.terminal.fd;
	l.lock = h.lock;
	if (o->answer >= 0)
		return upgrade_try(&l, o->answer);
	status = supervise(&l);
	sockets_close(&h.api, h.base);
	sockets_close(&h.terminal, h.base);
	return status;
}

static int
run_system(const struct options *o, struct launch *l, struct store_given *given)
{
	struct system s;
	char why[256];
	int status, err;

	if (l->from != NULL) {
		err = system_take(&s, &o->sys, l->from, why, sizeof(why));
	} else {
		cgroup_enter();
		err = system_open(&s, &o->sys, why, sizeof(why));
	}
	if (err == 0 && l->from == NULL)
		(void)store_load(l->store, given, l->parked);
	if (err != 0)
		refuse_with(err == RDV_E_INVALID ? LAUNCH_BAD_CONFIG
						 : LAUNCH_REFUSED,
		    "system mode", why);
	l->base = s.places.state;
	l->audit = s.places.audit;
	l->api = l->terminal = -1;
	l->lock = s.lock;
	l->system = &s;
	l->server = s.places.keep_fd;
	status = o->answer >= 0 ? upgrade_try(l, o->answer) : supervise(l);
	l->system = NULL;
	if (o->answer >= 0)
		system_forget(&s);
	else
		system_close(&s);
	return status;
}

/* What a first start cleans is clean; but exec(2) has made us dumpable. */
static void
take_over(const struct options *o, struct launch *l, struct carry *c)
{
	/*
	 * A program executed by descriptor has that one's number for a name
	 * before Linux 6.14, and "rdv" tells [main] by its name.
	 */
	(void)prctl(PR_SET_NAME, "rdv-helper");
	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    !carry_read(o->carry, c, l->parked, l->store))
		refuse("--carry", "not understood");
	/* Executed by root it has more rights than before, which ends that. */
	if (o->answer >= 0 && !launch_bound(c->main))
		refuse("--try", "[main] is gone");
	carry_inherit(c, l->parked, false);
	(void)close(o->carry);
	l->nofile = c->nofile;
	l->from = c;
	/* By now nothing may fail: no name is looked up, nobody is asked. */
	l->user = &c->user;
	l->bin = c->bin;
	l->programs = c->why[0] == '\0' ? c->next : c->before;
}

/*
 * Where runs are in no cgroup of their own, the service manager would kill them
 * with us, and there would be nothing to keep them for. What it may have of
 * runs even so is taken back.
 */
static void
open_store(const struct options *o, struct launch *l)
{
	int err = o->runs != NULL ? cgroup_join(o->runs, false) : 0;

	if (!o->system)
		return;
	l->store = store_new(err == 0 ? (unsigned)o->store : 0);
	if (err != 0 && o->store != 0)
		log_warnx("main",
		    "no cgroup of %s: %s; a restart of [main] ends what runs",
		    o->runs, strerror(-err));
}

/* In the part of its unit's cgroup beside which those of runs will be. */
static int
hold(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	cgroup_enter();
	if (notify_now() != 0)
		refuse("--hold", "the service manager cannot be told");
	(void)sigwait(&set, &sig);
	return 0;
}

/* Who we are and what we are to start. */
static void
look_up(struct launch *l)
{
	static struct user user;
	static char bin[PATH_MAX];
	char why[256];
	int err;

	if (user_load(&user, why, sizeof(why)) != 0)
		refuse("account", why);
	err = programs_place(bin);
	if (err != 0)
		refuse("/proc/self/exe", strerror(-err));
	if (programs_own(&l->programs, bin, why, sizeof(why)) != 0)
		refuse("cannot start", why);
	l->user = &user;
	l->bin = bin;
}

int
main(int argc, char **argv)
{
	struct options o = { .ready = -1, .carry = -1, .answer = -1 };
	static struct carry carry;
	struct hygiene hygiene = { .nofile = 0 };
	struct store_given given = { .n = 0 };
	struct launch l;
	char why[256];
	int status;

	mutant_init();
	hygiene_stdio();
	/* A caller may give no argument at all, not even a name. */
	if (argc < 1)
		usage();
	if (argc > 1 && strcmp(argv[1], "--explain") == 0)
		return explain_main(argc - 2, argv + 2);
	parse(&o, argc, argv);
	if (o.test)
		return policyprint_main(o.file);
	if (o.rotate)
		return rotate_main(o.sys.root != NULL ? o.sys.root : "");
	notify_take();
	if (o.system && o.carry < 0)
		store_given_take(&given);
	/* What is told to whoever waits must not go to a run. */
	if (o.ready >= 0 && o.ready < 3 + (int)given.n)
		refuse("--ready-fd", "that one is inherited as a run's");
	if (o.carry < 0 && hygiene_clean(&hygiene, 3 + (int)given.n, o.ready,
			       why, sizeof(why)) != 0)
		refuse("cannot start", why);
	if (o.hold)
		return hold();
	log_init("rdv-helper", STDERR_FILENO, LOG_INFO);
	/*
	 * One that is tried ends with [main], who has seen to that. Of an
	 * upgrade there is nothing to look after: where no right is gained by
	 * it exec(2) leaves this as it was, and a signal stays pending.
	 */
	if (o.child && o.answer < 0 && prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
		refuse("prctl", strerror(errno));
	l = (struct launch){ .web = o.web,
		.nofile = o.nofile != 0 ? (rlim_t)o.nofile : hygiene.nofile,
		.ready = o.ready,
		.told = -1,
		.parked = parked_new(),
		.argv = argv,
		.dir = -1,
		.server = -1,
		.runs = o.runs };
	open_store(&o, &l);
	if (o.carry >= 0)
		take_over(&o, &l, &carry);
	else
		look_up(&l);
	if (o.carry < 0 && o.ready < 0)
		l.told = notify_open(&l.ready);
	status = o.system ? run_system(&o, &l, &given) : run_user(&o, &l);
	store_free(l.store);
	parked_free(l.parked);
	return status;
}
